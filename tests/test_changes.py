"""Changes since a Git revision, asked of the real Git; and the findings that they touch."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from bglint.changes import Changes, RevisionError, changes_since
from bglint.cli.main import run as bglint

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


@pytest.mark.parametrize(
    ("place", "touched"),
    [
        (("/p/a.py", 1, 4), False),
        (("/p/a.py", 1, 5), True),
        (("/p/a.py", 6, 9), True),
        (("/p/a.py", 7, 9), False),
        (("/p/b.py", 1, 1), True),
        (("/p/b.py", 3, 3), False),
        (("/p/c.py", 5, 9), True),
        (("/p/new.py", 3, 3), True),
    ],
)
def test_rows_are_touched_where_one_of_them_changed(place: tuple[str, int, int], touched: bool) -> None:
    rows = {"/p/a.py": ((5, 6),), "/p/b.py": ((1, 1),), "/p/c.py": ((3, 3), (9, 9))}
    assert Changes(rows, frozenset({"/p/new.py"})).touch(*place) is touched


def test_changes_are_carried_over_to_what_fixes_make_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("a\nb\nc\nd\n", encoding="utf-8")
    changes = Changes({str(path): ((3, 3),)})
    assert changes.carried_over({str(path): b"a\nnew\nb\nc\nd\n"}).rows == {str(path): ((2, 2), (4, 4))}
    assert changes.carried_over({}).rows == changes.rows


# the command line

APPLICATION = {
    "app/__init__.py": "",
    "app/api.py": """\
from fastapi import APIRouter, BackgroundTasks

from app import mail, media

router = APIRouter()


@router.post("/uploads")
def upload(path: str, tasks: BackgroundTasks):
    tasks.add_task(media.make_previews, path)
    tasks.add_task(mail.send_receipt, path)
    return {"path": path}
""",
    "app/mail.py": "import time\n\n\nasync def send_receipt(path):\n    time.sleep(5)\n",
    "app/media.py": """\
from app import previews


async def make_previews(path):
    previews.store(path)
""",
    "app/previews.py": """\
from app import pictures


def store(path):
    keep(path)


def store_at_once(path):
    for width in (2560, 1280, 640):
        keep(pictures.resized(path, width))


def keep(picture):
    print(picture)
""",
    "app/pictures.py": """\
from PIL import Image


def resized(path, width):
    return Image.open(path).resize((width, width))
""",
}


@pytest.fixture
def application(repository: Path) -> Path:
    for name, text in APPLICATION.items():
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(text, encoding="utf-8")
    commit(repository)
    return repository


def edit(application: Path, name: str, before: str, after: str) -> None:
    path = application / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def found(capfd: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What a run finds: file, row, code."""
    capfd.readouterr()
    bglint(["--output-format", "concise", *arguments])
    lines = capfd.readouterr().out.splitlines()
    return [f"{line.split(':')[0]}:{line.split(':')[1]} {line.split()[1]}" for line in lines]


PREVIEWS, RECEIPT = "app/api.py:10 BG101", "app/api.py:11 BG201"


def test_a_call_that_a_helper_three_modules_away_gets_shows_the_task_that_it_makes_slow(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert found(capfd) == [RECEIPT]
    edit(application, "app/previews.py", "    keep(path)\n", "    keep(path)\n    store_at_once(path)\n")
    assert found(capfd) == [PREVIEWS, RECEIPT]
    assert found(capfd, "--since", "HEAD") == [PREVIEWS]
    commit(application)
    assert found(capfd, "--since", "HEAD") == []
    assert found(capfd, "--since", "HEAD~1") == [PREVIEWS]


def test_a_change_beside_the_functions_that_a_task_leads_through_shows_nothing(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/previews.py", "    keep(path)\n", "    store_at_once(path)\n")
    commit(application)
    (application / "app" / "pictures.py").write_text(
        APPLICATION["app/pictures.py"] + "\n\ndef name(path):\n    return path\n", encoding="utf-8"
    )
    edit(application, "app/previews.py", "    print(picture)\n", "    print(picture, flush=True)\n")
    assert found(capfd, "--since", "HEAD") == []
    edit(application, "app/pictures.py", "(width, width)", "(width, width // 2)")
    assert found(capfd, "--since", "HEAD") == [PREVIEWS]


def test_a_finding_without_a_trace_comes_with_a_change_of_its_target_or_of_what_registers_it(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = "app/api.py:10 BG402"
    edit(application, "app/media.py", "(path):", "(\n    path,\n    width,\n):")
    assert found(capfd, "--since", "HEAD") == [wrong]
    commit(application)
    assert found(capfd, "--since", "HEAD") == []
    edit(application, "app/api.py", '@router.post("/uploads")', '@router.post("/pictures")')
    assert found(capfd, "--since", "HEAD") == [wrong]


def test_what_is_moved_renamed_deleted_or_new_is_seen_as_git_sees_it(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/previews.py", "    keep(path)\n", "    store_at_once(path)\n")
    commit(application)
    git(application, "mv", "app/pictures.py", "app/images.py")
    edit(application, "app/previews.py", "import pictures", "import images as pictures")
    assert found(capfd) == [PREVIEWS, RECEIPT]
    assert found(capfd, "--since", "HEAD") == []
    (application / "app" / "images.py").unlink()
    (application / "app" / "drawing.py").write_text(APPLICATION["app/pictures.py"], encoding="utf-8")
    edit(application, "app/previews.py", "import images as pictures", "import drawing as pictures")
    assert found(capfd, "--since", "HEAD") == [PREVIEWS]
    (application / "app" / "drawing.py").unlink()
    assert found(capfd, "--since", "HEAD") == []


def test_a_shallow_clone_compares_with_what_it_has_and_says_what_it_lacks(
    application: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(application, "app/previews.py", "    keep(path)\n", "    store_at_once(path)\n")
    commit(application)
    git(application, "clone", "-q", "--depth", "1", f"file://{application}", "shallow")
    monkeypatch.chdir(application / "shallow")
    assert found(capfd, "--since", "HEAD") == []
    assert bglint(["--since", "HEAD~1"]) == 2
    error = capfd.readouterr().err
    assert error.startswith("error: 'HEAD~1' is no revision of ")
    assert "`git fetch` it first" in error
    assert error.count("\n") == 1
    git(application / "shallow", "fetch", "-q", "--depth", "2")
    assert found(capfd, "--since", "HEAD~1") == [PREVIEWS]


def test_a_file_that_a_change_breaks_is_reported_wherever_the_change_is(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/mail.py", "import time\n", "import (time\n")
    assert found(capfd, "--since", "HEAD") == ["app/mail.py:1 BG901"]
    commit(application)
    assert found(capfd, "--since", "HEAD") == []


# the callers of the files that are given


def test_given_a_helper_the_tasks_that_lead_to_it_are_reported_where_they_are_asked_for(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/previews.py", "    keep(path)\n", "    store_at_once(path)\n")
    assert found(capfd, "app/pictures.py") == []
    assert found(capfd, "--with-callers", "app/pictures.py") == [PREVIEWS]
    assert found(capfd, "--with-callers", "app/mail.py") == [RECEIPT]
    assert found(capfd, "--with-callers", "app/api.py") == [PREVIEWS, RECEIPT]
    assert found(capfd, "--with-callers", "app/__init__.py") == []
    assert found(capfd, "--with-callers", "app") == [PREVIEWS, RECEIPT]


def test_callers_are_looked_for_in_the_whole_repository_but_not_in_what_is_excluded(
    application: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(application / "app")
    assert found(capfd, "--with-callers", "mail.py") == ["api.py:11 BG201"]
    assert found(capfd, "--with-callers", "--exclude", "api.py", "mail.py") == []
    assert found(capfd, "--with-callers", "--exclude", "api.py", "mail.py", "api.py") == ["api.py:11 BG201"]
    assert found(capfd, "--with-callers", "--force-exclude", "--exclude", "api.py", "mail.py", "api.py") == []


def test_a_target_whose_parameters_change_reports_the_call_that_no_longer_fits(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/media.py", "(path):", "(path, width):")
    assert found(capfd, "--with-callers", "app/media.py") == ["app/api.py:10 BG402"]


def test_of_the_files_that_are_given_only_what_changed_counts_where_both_are_asked_for(
    application: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edit(application, "app/media.py", "    previews.store(path)\n", "    previews.store_at_once(path)\n")
    both = ["--with-callers", "--since", "HEAD"]
    assert found(capfd, *both, "app/api.py", "app/media.py") == [PREVIEWS]
    assert found(capfd, *both, "app/mail.py") == []


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
        (["--with-callers", "-"], "--with-callers follows files, and `-` is none"),
        (["--with-callers", "--write-baseline", "b.json"], "--write-baseline and --with-callers do not go together"),
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
