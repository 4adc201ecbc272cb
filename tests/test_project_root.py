"""How far a project reaches where several paths are given."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bglint.engine import run
from bglint.project_root import project_roots
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

_APP = """\
from fastapi import BackgroundTasks, FastAPI
from {module} import work

app = FastAPI()


@app.post("/")
def start(tasks: BackgroundTasks) -> None:
    tasks.add_task(work)
"""
_WORK = "from time import sleep\n\n\nasync def work():\n    sleep(5)\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _noting(list_folder: Callable[[str], Any], listed: set[str]) -> Callable[[str], Any]:
    def noting(path: str) -> Any:
        listed.add(str(path))
        return list_folder(path)

    return noting


def _roots(*paths: Path) -> set[str]:
    return set(project_roots([str(path) for path in paths], SettingsResolver()))


def test_folders_far_from_each_other_are_looked_at_by_themselves(tmp_path: Path) -> None:
    one, other = tmp_path / "a/b/one", tmp_path / "c/other"
    for folder in (one, other):
        _write(folder / "pyproject.toml", "")
    assert _roots(one, other) == {str(one), str(other)}


def test_folders_beside_each_other_are_one_project(tmp_path: Path) -> None:
    for folder in ("app", "tests"):
        _write(tmp_path / folder / "main.py", "")
    assert _roots(tmp_path / "app", tmp_path / "tests") == {str(tmp_path)}


def test_a_folder_within_another_belongs_to_it(tmp_path: Path) -> None:
    _write(tmp_path / "pyproject.toml", "")
    _write(tmp_path / "inner/deep/pyproject.toml", "")
    assert _roots(tmp_path, tmp_path / "inner/deep") == {str(tmp_path)}


def test_the_root_of_the_file_system_is_nobodys_project(tmp_path: Path) -> None:
    _write(tmp_path / "pyproject.toml", "")
    assert "/" not in _roots(tmp_path, type(tmp_path)("/usr"))


def test_nothing_between_two_projects_is_listed_or_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path / "a/one/pyproject.toml", "")
    _write(tmp_path / "a/one/main.py", _APP.format(module="helpers"))
    _write(tmp_path / "b/c/two/pyproject.toml", "")
    _write(tmp_path / "b/c/two/main.py", _APP.format(module="elsewhere.helpers"))
    _write(tmp_path / "a/helpers.py", _WORK)
    _write(tmp_path / "elsewhere/helpers.py", _WORK)
    listed: set[str] = set()
    for name in ("scandir", "listdir"):
        monkeypatch.setattr(os, name, _noting(getattr(os, name), listed))
    report = run([str(tmp_path / "a/one"), str(tmp_path / "b/c/two")], SettingsResolver())
    assert [task.verdict for task in report.tasks] == ["unknown", "unknown"]
    outside = {path for path in listed if not path.startswith((f"{tmp_path}/a/one", f"{tmp_path}/b/c/two"))}
    assert not outside & {str(tmp_path), str(tmp_path / "a"), str(tmp_path / "elsewhere")}


def test_modules_of_one_project_may_be_imported_by_the_other(tmp_path: Path) -> None:
    _write(tmp_path / "a/one/pyproject.toml", "")
    _write(tmp_path / "a/one/main.py", _APP.format(module="shared_work"))
    _write(tmp_path / "b/c/two/pyproject.toml", "")
    _write(tmp_path / "b/c/two/shared_work.py", _WORK)
    report = run([str(tmp_path / "a/one"), str(tmp_path / "b/c/two")], SettingsResolver())
    assert [task.verdict for task in report.tasks] == ["blocking-async"]
