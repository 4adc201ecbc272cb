"""Changes since a Git revision, asked of the real Git; and the findings that they touch."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from bglint.changes import Changes, RevisionError, changes_since
from bglint.cli.main import run as bglint
from bglint.diagnostics import Confidence, Diagnostic, Position, Span, Step

if TYPE_CHECKING:
    from pathlib import Path

TEN = "".join(f"line {number}\n" for number in range(1, 11))


def git(folder: Path, *arguments: str) -> None:
    options = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").write_text(TEN, encoding="utf-8")
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


def since(folder: Path, revision: str = "HEAD") -> dict[str, tuple[tuple[int, int], ...]]:
    changes = changes_since(revision, [str(folder)])
    rows = {path.removeprefix(f"{folder}/"): rows for path, rows in changes.rows.items()}
    return rows | {path.removeprefix(f"{folder}/"): () for path in changes.untracked}


def test_nothing_changed_is_nothing(repository: Path) -> None:
    assert since(repository) == {}


def test_commits_the_index_the_working_tree_and_new_files_count(repository: Path) -> None:
    (repository / "a.py").write_text(TEN.replace("line 2\n", "two\n"), encoding="utf-8")
    (repository / "b.py").write_text("1\n2\n", encoding="utf-8")
    commit(repository)
    (repository / "a.py").write_text(
        TEN.replace("line 2\n", "two\n").replace("line 9\n", "nine\nnine\n"), encoding="utf-8"
    )
    git(repository, "add", "a.py")
    (repository / "b.py").write_text("1\n2\n3\n", encoding="utf-8")
    (repository / "c.py").touch()
    (repository / ".gitignore").write_text("d.py\n", encoding="utf-8")
    (repository / "d.py").touch()
    assert since(repository) == {"a.py": ((9, 10),), "b.py": ((3, 3),), "c.py": (), ".gitignore": ()}
    assert since(repository, "HEAD~1") == {"a.py": ((2, 2), (9, 10)), "b.py": ((1, 3),), "c.py": (), ".gitignore": ()}


def test_where_lines_are_gone_their_neighbours_changed(repository: Path) -> None:
    (repository / "a.py").write_text(TEN.replace("line 4\nline 5\n", ""), encoding="utf-8")
    assert since(repository) == {"a.py": ((3, 4),)}


def test_a_renamed_file_did_not_change_but_where_it_did(repository: Path) -> None:
    (repository / "a.py").unlink()
    (repository / "z.py").write_text(TEN.replace("line 4\n", "four\n"), encoding="utf-8")
    git(repository, "add", "-A")
    assert since(repository) == {"z.py": ((4, 4),)}


@pytest.mark.parametrize("name", ["with space.py", "ümlaut.py", 'quo"te\t.py', "b/c.py", "+++ b/x.py"])
def test_names_of_all_kinds_are_understood(repository: Path, name: str) -> None:
    path = repository / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("1\n", encoding="utf-8")
    commit(repository)
    path.write_text("2\n", encoding="utf-8")
    assert since(repository) == {name: ((1, 1),)}


def test_lines_that_look_like_a_diff_are_text(repository: Path) -> None:
    (repository / "a.py").write_text("++ b/x.py\n@@ -1 +7 @@\n" + TEN, encoding="utf-8")
    commit(repository)
    (repository / "a.py").write_text("-- a\n++ b/y.py\n@@ -1 +9 @@" + TEN.rstrip(), encoding="utf-8")
    assert list(since(repository)) == ["a.py"]


def test_a_repository_is_found_from_a_folder_below(repository: Path) -> None:
    (repository / "sub").mkdir()
    (repository / "a.py").write_text("x\n" + TEN, encoding="utf-8")
    (repository / "new.py").touch()
    changes = changes_since("HEAD", [str(repository / "sub")])
    assert changes.rows == {str(repository / "a.py"): ((1, 1),)}
    assert changes.untracked == {str(repository / "new.py")}


def test_what_is_no_revision_or_no_repository_is_said_to_be_none(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for revision in ("nowhere", "--help", "HEAD..HEAD", ""):
        with pytest.raises(RevisionError, match="is no revision of"):
            changes_since(revision, [str(repository)])
    with pytest.raises(RevisionError, match="not in a Git repository"):
        changes_since("HEAD", [str(tmp_path_factory.mktemp("plain"))])


def test_without_git_it_is_said_so(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RevisionError, match="git cannot be run"):
        changes_since("HEAD", [str(repository)])


# what is touched


def finding(first: int, last: int, *steps: tuple[str, int]) -> Diagnostic:
    trace = tuple(Step("f", path, Position(row, 1)) for path, row in steps)
    span = Span("/p/a.py", Position(first, 1), Position(last, 9))
    return Diagnostic("BG101", "x", "x", span, "error", Confidence.HIGH, trace=trace)


@pytest.mark.parametrize(
    ("diagnostic", "touched"),
    [
        (finding(1, 4), False),
        (finding(1, 5), True),
        (finding(6, 9), True),
        (finding(7, 9), False),
        (finding(1, 1, ("/p/a.py", 6)), True),
        (finding(1, 1, ("/p/b.py", 2), ("/p/c.py", 3)), True),
        (finding(1, 1, ("/p/b.py", 3)), False),
        (finding(1, 1, ("/p/new.py", 3)), True),
    ],
)
def test_a_finding_is_touched_by_its_place_or_by_any_step(diagnostic: Diagnostic, touched: bool) -> None:
    rows = {"/p/a.py": ((5, 6),), "/p/b.py": ((1, 1),), "/p/c.py": ((3, 3), (9, 9))}
    assert Changes(rows, frozenset({"/p/new.py"})).touch(diagnostic) is touched


def test_changes_are_carried_over_to_what_fixes_make_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("a\nb\nc\nd\n", encoding="utf-8")
    changes = Changes({str(path): ((3, 3),)})
    assert changes.carried_over({str(path): b"a\nnew\nb\nc\nd\n"}).rows == {str(path): ((2, 2), (4, 4))}
    assert changes.carried_over({}).rows == changes.rows


# the command line

HELPER = "import time\n\n\nasync def pause():\n    {}\n"
APP = """\
from fastapi import BackgroundTasks
from steps import step


def f(tasks: BackgroundTasks):
    tasks.add_task(step)
"""
STEPS = "from helper import pause\n\n\nasync def step():\n    await pause()\n"


def test_a_change_in_a_helper_shows_the_task_that_it_makes_slow(
    repository: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (repository / "a.py").write_text(APP, encoding="utf-8")
    (repository / "steps.py").write_text(STEPS, encoding="utf-8")
    (repository / "helper.py").write_text(HELPER.format("pass"), encoding="utf-8")
    (repository / "old.py").write_text(APP.replace("from steps", "from slow"), encoding="utf-8")
    (repository / "slow.py").write_text("import time\n\nasync def step():\n    time.sleep(5)\n", encoding="utf-8")
    commit(repository)
    (repository / "helper.py").write_text(HELPER.format("time.sleep(5)"), encoding="utf-8")
    assert bglint(["--select", "BG2", "--output-format", "concise"]) == 1
    assert len(capfd.readouterr().out.splitlines()) == 2
    assert bglint(["--select", "BG2", "--output-format", "concise", "--since", "HEAD"]) == 1
    assert [line.partition(":")[0] for line in capfd.readouterr().out.splitlines()] == ["a.py"]
    commit(repository)
    assert bglint(["--select", "BG2", "--since", "HEAD"]) == 0


def test_only_what_changed_is_fixed(repository: Path) -> None:
    line = "    tasks.add_task(print)  # bglint: ignore[BG101]\n"
    head = "from fastapi import BackgroundTasks\ndef f(tasks: BackgroundTasks):\n    # bglint: ignore[BG102]\n"
    (repository / "a.py").write_text(head + line, encoding="utf-8")
    commit(repository)
    (repository / "a.py").write_text(head + line + line, encoding="utf-8")
    assert bglint(["--fix", "--since", "HEAD"]) == 0
    assert (repository / "a.py").read_text(encoding="utf-8") == head + line + "    tasks.add_task(print)\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "nowhere"], "'nowhere' is no revision of "),
        (["--since", "HEAD", "-"], "--since compares files, and `-` is none"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    repository: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr("bglint.cli.session._read_stdin", lambda paths, name: ("x.py", b"") if "-" in paths else None)
    assert bglint(arguments) == 2
    assert message in capfd.readouterr().err
