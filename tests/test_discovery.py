"""Which files are looked at."""

from __future__ import annotations

import logging
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from bglint.discovery import Discovery, TextReader, discover
from bglint.registrations.scan import scan
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(root: Path, *files: str, text: str = "") -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(*paths: str | Path, **overrides: object) -> list[str]:
    resolver = SettingsResolver({key.replace("_", "-"): value for key, value in overrides.items()})
    return [os.path.relpath(path).replace(os.sep, "/") for path in discover(paths or (".",), resolver)]


def ignored(project: Path, name: str, start: str | Sequence[str] = ".") -> bool:
    starts = [start] if isinstance(start, str) else start
    discovery = Discovery(starts, SettingsResolver())
    list(discovery.files())
    return discovery.is_ignored_file(str(project / name))


def test_python_files_and_stubs_are_found_in_the_same_order_everywhere(project: Path) -> None:
    make(project, "b/x.py", "b.py", "a/z.pyi", "a/b/c.py", "a/y.py", "a/readme.md", "a/script")
    assert found() == ["b.py", "a/y.py", "a/z.pyi", "a/b/c.py", "b/x.py"]


def test_paths_are_absolute_and_without_dots(project: Path) -> None:
    make(project, "src/a.py")
    assert list(discover(["src/../src"], SettingsResolver())) == [str(project / "src" / "a.py")]


def test_a_file_is_found_once_however_often_it_is_named(project: Path) -> None:
    make(project, "a/x.py")
    assert found("a", "a/x.py", ".", "a") == ["a/x.py"]


def test_a_named_file_needs_no_suffix(project: Path) -> None:
    make(project, "script")
    assert found("script") == ["script"]


def test_a_path_that_is_not_there_is_an_error(project: Path) -> None:
    with pytest.raises(FileNotFoundError):
        found("nope")


@pytest.mark.parametrize(
    "folder", [".git", ".venv", "node_modules", "site-packages", "build", "dist", "__pypackages__", ".tox", ".nox"]
)
def test_folders_of_tools_are_left_out(project: Path, folder: str) -> None:
    make(project, f"{folder}/a.py", f"deep/{folder}/a.py", "app.py")
    assert found() == ["app.py"]


def test_env_and_venv_are_left_out_only_where_they_are_virtual_environments(project: Path) -> None:
    make(project, "env/settings.py", "venv/lib/python3.11/site-packages/x.py", "venv/lib/python3.11/os.py")
    make(project, "deep/mine/pyvenv.cfg", "deep/mine/lib/a.py", "conda/conda-meta/history", "conda/lib/a.py")
    assert found() == ["env/settings.py"]


def test_a_virtual_environment_that_is_named_is_looked_at(project: Path) -> None:
    make(project, "mine/pyvenv.cfg", "mine/lib/a.py")
    assert found("mine") == ["mine/lib/a.py"]


def test_exclude_replaces_the_defaults_and_extend_exclude_adds_to_them(project: Path) -> None:
    make(project, "build/a.py", "gen/b.py", "app/x_pb2.py", "app/c.py")
    assert found(exclude=["gen"]) == ["app/c.py", "app/x_pb2.py", "build/a.py"]
    assert found(extend_exclude=["gen", "*_pb2.py"]) == ["app/c.py"]
    assert found(extend_exclude=["app/*.py"]) == ["gen/b.py"]


def test_what_is_named_is_linted_even_if_excluded_unless_forced(project: Path) -> None:
    make(project, "gen/a.py", "gen/deep/b.py")
    assert found("gen/a.py", extend_exclude=["gen"]) == ["gen/a.py"]
    assert found("gen/deep", extend_exclude=["gen"]) == ["gen/deep/b.py"]
    assert found("gen/a.py", "gen/deep", extend_exclude=["gen"], force_exclude=True) == []


def test_excludes_of_a_nested_configuration_hold_below_it(project: Path) -> None:
    make(project, "a/gen/x.py", "b/gen/y.py")
    make(project, "b/bglint.toml", text='extend-exclude = ["gen"]\n')
    assert found() == ["a/gen/x.py"]


def test_linked_folders_are_not_followed_and_links_in_circles_do_no_harm(project: Path) -> None:
    make(project, "real/a.py")
    (project / "real" / "loop").symlink_to(project)
    (project / "linked").symlink_to(project / "real")
    (project / "self.py").symlink_to("self.py")
    (project / "link.py").symlink_to("real/a.py")
    assert found() == ["link.py", "real/a.py"]
    assert found("linked") == ["linked/a.py"]


def test_what_only_looks_like_a_file_is_skipped(project: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(project / "pipe.py")
    (project / "broken.py").symlink_to("nowhere")
    make(project, "folder.py/a.py", "b.py")
    assert found() == ["b.py", "folder.py/a.py"]
    assert found("pipe.py", "broken.py", "b.py") == ["b.py"]
    assert "not a regular file" in caplog.text
    assert "a link to nothing" in caplog.text


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_without_permission_is_reported_and_the_rest_is_linted(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(project, "locked/a.py", "open/b.py")
    (project / "locked").chmod(0)
    try:
        assert found() == ["open/b.py"]
    finally:
        (project / "locked").chmod(0o755)
    assert "cannot be read" in caplog.text


def test_a_folder_that_cannot_be_read_is_reported_and_the_rest_is_linted(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(project, "locked/a.py", "open/b.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert found() == ["open/b.py"]
    assert "locked (Permission denied)" in caplog.text


class TestGitignore:
    @pytest.fixture(autouse=True)
    def repository(self, project: Path) -> None:
        subprocess.run(["git", "init", "-q", "."], cwd=project, check=True)

    def test_folders_are_not_walked_and_files_are_asked_for_one_by_one(self, project: Path) -> None:
        make(project, ".gitignore", text="out/\n*_local.py\n")
        make(project, "out/a.py", "app/b.py", "app/c_local.py")
        assert found() == ["app/b.py", "app/c_local.py"]
        assert ignored(project, "app/c_local.py")
        assert not ignored(project, "app/b.py")

    def test_nested_files_and_negations_hold_as_in_git(self, project: Path) -> None:
        make(project, ".gitignore", text="*_local.py\n/data/*\n!/data/keep\n")
        make(project, "app/.gitignore", text="!b_local.py\n/deep\n")
        names = ["a_local.py", "app/b_local.py", "app/deep/x.py", "app/c/deep/y.py", "data/x/z.py", "data/keep/w.py"]
        make(project, *names)
        listed = subprocess.run(
            ["git", "ls-files", "--others", "--exclude-standard", "*.py"], cwd=project, capture_output=True, check=True
        )
        kept = [name for name in found() if not ignored(project, name)]
        assert sorted(kept) == sorted(listed.stdout.decode().split())
        assert "app/b_local.py" in kept

    def test_rules_above_the_given_folder_hold_up_to_the_repository(self, project: Path) -> None:
        make(project, ".gitignore", text="gen/\n")
        make(project, ".git/info/exclude", text="private/\n")
        make(project, "app/gen/a.py", "app/private/b.py", "app/c.py")
        assert found("app") == ["app/c.py"]

    def test_rules_of_an_outer_repository_do_not_hold_in_an_inner_one(self, project: Path) -> None:
        make(project, ".gitignore", text="gen/\n")
        make(project, "inner/gen/a.py", "inner/.git")
        assert found() == ["inner/gen/a.py"]

    def test_an_ignored_folder_that_is_named_is_looked_at(self, project: Path) -> None:
        make(project, ".gitignore", text="out/\n")
        make(project, "out/deep/a.py")
        assert found("out") == ["out/deep/a.py"]
        assert not ignored(project, "out/deep/a.py", "out")

    def test_an_ignored_file_that_is_named_is_not_ignored(self, project: Path) -> None:
        make(project, ".gitignore", text="*.py\n")
        make(project, "a.py")
        assert ignored(project, "a.py")
        assert not ignored(project, "a.py", [".", "a.py"])

    def test_it_can_be_switched_off(self, project: Path) -> None:
        make(project, ".gitignore", text="out/\n")
        make(project, "out/a.py")
        assert found(respect_gitignore=False) == ["out/a.py"]

    def test_a_line_that_is_no_pattern_is_passed_over(self, project: Path) -> None:
        (project / ".gitignore").write_bytes(b"\xff\xfe\n!\n/\n\\\nout/\n")
        make(project, "out/a.py", "b.py")
        assert found() == ["b.py"]


def test_a_gitignore_outside_of_any_repository_holds_below_it(project: Path) -> None:
    make(project, "app/.gitignore", text="out/\n")
    make(project, "app/out/a.py", "app/b.py")
    assert found() == ["app/b.py"]


def test_files_are_read_one_after_the_other_and_none_leaves_bytes_to_the_next(project: Path) -> None:
    make(project, "a.py", text="tasks.add_task(f)\n")
    make(project, "b.py", text="x = 1\n")
    reader = TextReader()
    for name, text in (("a.py", b"tasks.add_task(f)\n"), ("b.py", b"x = 1\n")):
        size = reader.read(str(project / name))
        assert reader.buffer[:size] == text


def test_a_large_file_is_read_whole_and_a_huge_one_skipped(
    project: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"#" * 3_000_000 + b"add_task"
    (project / "big.py").write_bytes(data)
    make(project, "small.py", text="x = 1\n")
    reader = TextReader()
    for name, text in (("big.py", data), ("small.py", b"x = 1\n")):
        size = reader.read(str(project / name))
        assert reader.buffer[:size] == text
    monkeypatch.setattr("bglint.discovery.MAX_FILE_BYTES", 2_000_000)
    assert reader.read(str(project / "big.py")) is None
    monkeypatch.setattr(logging.getLogger("bglint"), "propagate", True)
    with caplog.at_level(logging.WARNING, "bglint"):
        assert scan([str(project)], SettingsResolver())[1] == []
    assert "skipped, larger than" in caplog.text
