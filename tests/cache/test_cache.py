"""The cache: what comes out of it is what a run without it says, whatever happened to the files or to the cache."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bglint import advice, versions
from bglint.cache import record, reports
from bglint.cache.codec import ShapeError, decoded, encoded
from bglint.cache.store import Store
from bglint.diagnostics import Report
from bglint.engine import run
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PROJECTS = ("settled_branches", "guide", "forms_runtime")
TICK_S = 0.02
"""Longer than the clock of a file system takes to go on."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    name = getattr(request, "param", PROJECTS[0])
    folder = Path(shutil.copytree(ROOT / "fixtures" / name, tmp_path / "project"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(record, "SETTLED_S", TICK_S / 2)
    time.sleep(TICK_S)
    return folder


def cold() -> Report:
    """What a process of its own finds."""
    for module in (advice, versions):
        for each in vars(module).values():
            if hasattr(each, "cache_clear"):
                each.cache_clear()
    return run(["."], SettingsResolver({"select": ["ALL"], "min-confidence": "low"}))


class Runs:
    """Runs with a cache, which count how often the analysis was needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.analysed = 0

    def warm(self) -> Report:
        def make() -> Report:
            self.analysed += 1
            return cold()

        looked_for = [str(self.folder / name) for name in ("pyproject.toml", "bglint.toml")]
        return reports.cached_report(str(self.folder / record.FOLDER), "test", looked_for, make)


def _append(path: Path, chance: random.Random) -> None:
    path.write_text(path.read_text(encoding="utf-8") + f"\n# {chance.random()}\n", encoding="utf-8")


def _swap_a_character(path: Path, chance: random.Random) -> None:
    text = path.read_text(encoding="utf-8")
    at = chance.randrange(len(text) or 1)
    path.write_text(text[:at] + chance.choice("#x \n") + text[at + 1 :], encoding="utf-8")


def _remove(path: Path, _chance: random.Random) -> None:
    path.unlink()


def _rename(path: Path, chance: random.Random) -> None:
    path.rename(path.with_name(f"renamed{chance.randrange(100)}.py"))


def _shadow(path: Path, chance: random.Random) -> None:
    name = chance.choice(["fastapi", "PIL", "helpers", "requests"])
    path.with_name(f"{name}.py").write_text("def open(*args): ...\nBackgroundTasks = int\n", encoding="utf-8")


def _configure(path: Path, chance: random.Random) -> None:
    text = chance.choice(["slow-task-ms = 1\n", "max-depth = 1\n", 'ignore = ["BG1"]\n', ""])
    path.with_name("bglint.toml").write_text(text, encoding="utf-8")


def _require(path: Path, chance: random.Random) -> None:
    text = chance.choice(["celery\n", "fastapi==0.100\n", ""])
    path.with_name("requirements.txt").write_text(text, encoding="utf-8")


def _ignore(path: Path, chance: random.Random) -> None:
    path.with_name(".gitignore").write_text(chance.choice([path.name, ""]), encoding="utf-8")


def _touch(path: Path, _chance: random.Random) -> None:
    path.touch()


EDITS: tuple[Callable[[Path, random.Random], None], ...] = (
    _append, _swap_a_character, _swap_a_character, _remove, _rename, _shadow, _configure, _require, _ignore, _touch,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("project", PROJECTS, indirect=True)
def test_after_any_edits_a_warm_run_says_what_a_cold_one_does(project: Path, seed: int) -> None:
    chance = random.Random(seed)
    runs = Runs(project)
    originals = {path: path.read_bytes() for path in project.rglob("*.py")}
    steps = int(os.environ.get("BGLINT_CACHE_STEPS", "12"))
    for _ in range(steps):
        files = sorted(project.rglob("*.py"))
        if len(files) < 3:
            for path, data in originals.items():
                path.write_bytes(data)
        elif chance.random() < 0.8:
            chance.choice(EDITS)(chance.choice(files), chance)
        time.sleep(TICK_S)
        expected = cold()
        assert runs.warm() == expected
        before = runs.analysed
        assert runs.warm() == expected
        assert runs.analysed == before, "nothing has changed"
    assert runs.analysed > 1


def test_a_helper_module_that_comes_into_being_counts(project: Path) -> None:
    (project / "app.py").write_text(
        "from fastapi import BackgroundTasks\nfrom helper import work\n\n\n"
        "def handler(tasks: BackgroundTasks):\n    tasks.add_task(work)\n",
        encoding="utf-8",
    )
    time.sleep(TICK_S)
    runs = Runs(project)
    assert verdict(runs.warm()) == "unknown"
    (project / "helper.py").write_text("def work():\n    print()\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == "light"


def verdict(report: Report) -> str:
    (task,) = (task for task in report.tasks if task.span.filename.endswith("/app.py"))
    return task.verdict


def test_what_changed_just_before_a_run_is_not_trusted_to_its_time(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "SETTLED_S", 3600.0)
    runs = Runs(project)
    runs.warm()
    runs.warm()
    assert runs.analysed == 2


@pytest.mark.parametrize("damage", ["text", "half", "empty", "folder"])
def test_a_spoilt_cache_is_made_anew(project: Path, damage: str) -> None:
    runs = Runs(project)
    first = runs.warm()
    path = project / record.FOLDER / "reports.sqlite"
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"text": b"no database" * 1000, "half": data[: len(data) // 2], "empty": b""}[damage])
    assert runs.warm() == first
    if damage != "folder":
        runs.warm()
        analysed = runs.analysed
        assert runs.warm() == first
        assert runs.analysed == analysed


def test_an_entry_of_another_shape_or_with_other_bytes_is_passed_over(project: Path) -> None:
    runs = Runs(project)
    first = runs.warm()
    path = project / record.FOLDER / "reports.sqlite"
    with sqlite3.connect(path) as database:
        (key,) = database.execute("SELECT key FROM entries").fetchone()
        database.execute("UPDATE entries SET data = ?", (b"x",))
    assert runs.warm() == first
    foreign: object
    for foreign in ({}, [], [[], 3], [[["/", "x", "y"]], []], "text"):
        Store(str(path.parent)).put(key, foreign)
        assert runs.warm() == first
    assert runs.analysed == 7


def test_a_folder_that_cannot_be_made_is_done_without(project: Path) -> None:
    runs = Runs(project)
    (project / record.FOLDER).write_text("a file", encoding="utf-8")
    assert runs.warm() == runs.warm() == cold()


def test_the_folder_is_tagged_as_a_cache_and_ignored_by_git(project: Path) -> None:
    Runs(project).warm()
    folder = project / record.FOLDER
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (folder / ".gitignore").read_text() == "*\n"


def test_the_store_stays_within_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bglint.cache.store.MAX_BYTES", 5000)
    store = Store(str(tmp_path))
    noise = random.Random(0)
    for number in range(20):
        store.put(str(number), [noise.random() for _ in range(50)])
    kept = [number for number in range(20) if store.get(str(number)) is not None]
    assert kept
    assert kept == list(range(kept[0], 20))
    assert kept[0] > 0


@pytest.mark.parametrize("name", PROJECTS)
def test_a_report_comes_back_from_json_as_it_was(name: str) -> None:
    report = run([str(ROOT / "fixtures" / name)], SettingsResolver({"select": ["ALL"]}), decisions=True)
    assert report.tasks
    assert decoded(Report, json.loads(json.dumps(encoded(report)))) == report


@pytest.mark.parametrize("value", [None, {}, [1, 2], [[], [], "3", []], [[], [], True, []], [[[]], [], 3, []]])
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(ShapeError):
        decoded(Report, value)


def test_the_command_line_keeps_a_report_where_it_is_told_to(project: Path) -> None:
    time.sleep(2.1)
    command = [sys.executable, "-P", "-m", "bglint", "check", "-v", "--select", "ALL"]
    options = (["--cache-dir", ".bglint_cache"], ["--cache-dir", ".bglint_cache"], ["--no-cache"])
    outcomes = [subprocess.run([*command, *each, "."], capture_output=True, text=True, check=False) for each in options]
    assert [("nothing has changed" in outcome.stderr) for outcome in outcomes] == [False, True, False]
    assert len({(outcome.returncode, outcome.stdout) for outcome in outcomes}) == 1
    assert (project / ".bglint_cache" / "CACHEDIR.TAG").exists()
