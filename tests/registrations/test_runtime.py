"""Registrations through `bglint.runtime` as an application has it: installed, and not a part of the project."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver
from tests.want import differences, expectations

if TYPE_CHECKING:
    from bglint.diagnostics import Task

ROOT = Path(__file__).parents[2]


def tasks(folder: Path) -> list[Task]:
    return list(run([str(folder)], SettingsResolver(cli_overrides={})).tasks)


def test_the_fixture_is_judged_alike_outside_of_this_repository(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(ROOT / "fixtures" / "forms_runtime", tmp_path / "forms_runtime"))
    report = run([str(folder)], SettingsResolver(cli_overrides={}))

    assert differences(expectations(folder), report, folder) == []
    assert {task.framework for task in report.tasks} == {"bglint", "fastapi"}


@pytest.mark.parametrize("place", ["repository", "elsewhere"])
def test_the_example_enqueues_after_and_computes_before(place: str, tmp_path: Path) -> None:
    folder = ROOT / "examples" / "bullmq"
    if place == "elsewhere":
        folder = Path(shutil.copytree(folder, tmp_path / "bullmq"))

    assert [(Path(t.span.filename).parent.name, t.framework, t.target, t.verdict) for t in tasks(folder)] == [
        ("after", "bglint", "enqueue", "enqueue"),
        ("before", "fastapi", "process_heavy_data", "cpu-async"),
    ]


def test_an_offloaded_task_shows_where_it_runs(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import time\n"
        "from bglint.runtime import BackgroundTasks\n"
        "from bglint.runtime.offload import ProcessPool\n"
        "async def hold(): time.sleep(9)\n"
        "tasks = BackgroundTasks()\n"
        "tasks.with_options(offload=ProcessPool()).add_task(hold)\n"
        "tasks.with_options(offload=chosen()).add_task(hold)\n"
        "tasks.add_task(hold)\n"
    )

    assert [(task.verdict, [step.symbol for step in task.trace]) for task in tasks(tmp_path)] == [
        ("offloaded", ["bglint.runtime.offload.ProcessPool"]),
        ("offloaded", ["chosen()"]),
        ("blocking-async", ["hold", "time.sleep"]),
    ]


def test_a_task_of_a_queue_may_be_handed_over_itself_to_that_queue(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import celery\n"
        "from bglint.runtime import BackgroundTasks, offload\n"
        "app = celery.Celery()\n"
        "@app.task\n"
        "def render(path): ...\n"
        "tasks = BackgroundTasks()\n"
        "tasks.with_options(offload=offload.Celery(app)).add_task(render, 'a')\n"
        "tasks.add_task(render, 'a')\n"
    )

    assert [(task.span.start.row, task.codes) for task in tasks(tmp_path)] == [(7, ()), (8, ("BG414",))]
