"""Every fixture task that can run here does what the linter says of it: one test for each registration."""

from __future__ import annotations

import fcntl
import json
import os
import re
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.parity.applications import APPLICATIONS, NOT_INSTALLED, NOT_RUN, Application
from tests.parity.comparing import ROOT, VERDICTS, Comparison, Systems, compared, other_systems, rows_in
from tests.parity.measuring import Measured
from tests.want import expectations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (ROOT / "docs" / "parity.md").read_text()
BY_FOLDER = {application.folder: application for application in APPLICATIONS}


def registrations(application: Application) -> list[str]:
    """The places of the tasks that are to run, by the fixture's own comments."""
    root = ROOT / "fixtures" / application.folder
    found = []
    for task in expectations(root).tasks:
        line = (root / task.path).read_text().splitlines()[task.row - 1]
        if not any(re.search(pattern, line) for pattern in application.left_out):
            found.append(f"{task.path}:{task.row}")
    return found


CASES = [pytest.param(a.folder, place, id=f"{a.folder}-{place}") for a in APPLICATIONS for place in registrations(a)]


@cache
def comparisons(folder: str, shared: Path, systems: Systems) -> dict[str, Comparison]:
    """Run an application once for all tests, and for those in other processes as well, which wait meanwhile."""
    shared.mkdir(exist_ok=True)
    kept = shared / f"{folder}.json"
    with (shared / f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps([asdict(each) for each in compared(BY_FOLDER[folder], systems)]))
    found = [{**each, "measured": Measured(**each["measured"])} for each in json.loads(kept.read_text())]
    return {each["place"]: Comparison(**each) for each in found}


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "parity"


@pytest.fixture(scope="module")
def systems(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Systems]:
    with other_systems(tmp_path_factory.mktemp("systems")) as started:
        yield started


@pytest.mark.parametrize(("folder", "place"), CASES)
def test_the_task_does_what_the_linter_says(folder: str, place: str, shared: Path, systems: Systems) -> None:
    found = comparisons(folder, shared, systems).get(place)
    assert found is not None, f"no endpoint of {folder} registered the task of {place}"
    if found.missing is not None:
        pytest.skip(f"needs {found.missing}, which the tests do not install")

    disagreement = found.disagreement()
    assert disagreement is None, f"{folder}/{place} {found.measured.name}: {disagreement}"


@pytest.mark.parametrize("folder", BY_FOLDER)
def test_the_page_has_the_tasks_that_were_run(folder: str, shared: Path, systems: Systems) -> None:
    rows = [row.split(" | ") for row in rows_in(PAGE)[folder]]
    run = [each for each in comparisons(folder, shared, systems).values() if each.missing is None]
    assert sorted((row[2], row[3]) for row in rows) == sorted((each.verdict, each.category) for each in run), (
        f"docs/parity.md is out of date: python -m tests.parity.comparing {folder}"
    )


def test_at_least_sixty_tasks_of_every_verdict_are_compared() -> None:
    rows = rows_in(PAGE)
    verdicts = [row.split(" | ")[2] for each in rows.values() for row in each]

    assert len(verdicts) >= 60
    assert set(verdicts) == set(VERDICTS)
    assert set(rows) == set(BY_FOLDER)
    assert f"\n{len(verdicts)} tasks: " in PAGE


def test_every_fixture_is_run_or_said_not_to_be() -> None:
    folders = {folder.name for folder in (ROOT / "fixtures").iterdir() if any(folder.rglob("*.py"))}
    assert folders == {*BY_FOLDER, *NOT_RUN}
    assert all(f"| {folder} | all | {why} |" in PAGE for folder, why in NOT_RUN.items())


def test_what_is_not_installed_is_said() -> None:
    assert all(f"`{name}` ({why})" in PAGE for name, why in NOT_INSTALLED.items())
