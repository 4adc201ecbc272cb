"""The decision tree, applied to tasks of real code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint import engine
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bglint.diagnostics import Decision

    Decide = Callable[..., Decision]

HEAD = """
import asyncio, time
import requests
from concurrent.futures import ProcessPoolExecutor
from PIL import Image, ImageFilter
from fastapi import BackgroundTasks, FastAPI
import partner

app = FastAPI()
pool = ProcessPoolExecutor()

"""
TAIL = """

@app.post("/")
async def endpoint(tasks: BackgroundTasks, path: str):
    tasks.add_task(work, path)
"""


@pytest.fixture
def decide(tmp_path: Path) -> Decide:
    """Decide about a task whose target has that text, in a project with those requirements."""

    def decided(target: str, requirements: str = "fastapi\n") -> Decision:
        (tmp_path / "requirements.txt").write_text(requirements, encoding="utf-8")
        (tmp_path / "app.py").write_text(HEAD + target + TAIL, encoding="utf-8")
        report = engine.run([str(tmp_path)], SettingsResolver(isolated=True), decisions=True)
        (task,) = report.tasks
        assert task.decision is not None
        return task.decision

    return decided


def answers(decision: Decision) -> list[str]:
    return [answer.answer for answer in decision.answers]


IMAGES = """
async def work(path):
    Image.open(path).filter(ImageFilter.GaussianBlur(20)).save(path)
"""


def test_cpu_work_belongs_in_the_job_queue_that_the_project_has(decide: Decide) -> None:
    decision = decide(IMAGES, "fastapi\ncelery\n")
    assert decision.place == "job queue"
    assert "`work.delay(path)`" in decision.advice
    assert answers(decision) == ["yes", "yes", "no"]
    assert "image work in `PIL.Image.Image.filter`, on the event loop" in decision.answers[0].reason


def test_cpu_work_without_a_queue_belongs_in_a_pool_of_processes(decide: Decide) -> None:
    decision = decide(IMAGES)
    assert decision.place == "process pool"
    assert "ProcessPool" in decision.advice
    assert "job queue" in decision.advice


def test_a_short_wait_in_an_async_task_belongs_in_a_thread(decide: Decide) -> None:
    decision = decide("async def work(path):\n    requests.get(path, timeout=3)\n")
    assert decision.place == "thread"
    assert answers(decision) == ["no", "yes", "no"]


def test_seconds_of_waiting_belong_in_a_job_queue(decide: Decide) -> None:
    decision = decide("def work(path):\n    time.sleep(30)\n")
    assert decision.place == "job queue"
    assert decision.answers[1].reason == "About 30 s, most of it in `time.sleep`."


def test_a_light_task_may_stay_one(decide: Decide) -> None:
    decision = decide("def work(path):\n    print(path)\n")
    assert (decision.place, answers(decision)) == ("background task", ["no", "no", "no"])


def test_a_short_wait_in_a_thread_holds_up_nobody(decide: Decide) -> None:
    decision = decide("def work(path):\n    requests.get(path, timeout=3)\n")
    assert (decision.place, answers(decision)) == ("background task", ["no", "only waits", "no"])


def test_retries_ask_for_a_job_queue_whatever_is_selected(decide: Decide) -> None:
    decision = decide(
        "def work(path):\n"
        "    for attempt in range(3):\n"
        "        try:\n"
        "            requests.get(path, timeout=3)\n"
        "            return\n"
        "        except OSError:\n"
        "            time.sleep(0.01)\n"
    )
    assert (decision.place, answers(decision)[2]) == ("job queue", "yes")
    assert "retries" in decision.answers[2].reason


def test_what_is_handed_over_stays_where_it_is(decide: Decide) -> None:
    decision = decide("def work(path):\n    pool.submit(heavy, path)\n\ndef heavy(path): ...\n")
    assert decision.place == "process pool"
    assert "already" in decision.advice
    decision = decide(
        "from celery import shared_task\n\n@shared_task\ndef heavy(path): ...\n\n"
        "def work(path):\n    heavy.delay(path)\n"
    )
    assert (decision.place, answers(decision)) == ("job queue", ["no", "no", "no"])


def test_what_cannot_be_read_is_not_decided(decide: Decide) -> None:
    decision = decide("def work(path):\n    partner.do(path)\n")
    assert (decision.place, answers(decision)) == ("unclear", ["unknown", "unknown", "no"])
    assert "`partner.do`" in decision.answers[0].reason


def test_a_task_that_never_ends_is_no_job(decide: Decide) -> None:
    decision = decide("async def work(path):\n    while True:\n        await asyncio.sleep(1)\n")
    assert decision.place == "unclear"
    assert decision.answers[1].reason == "It never ends."


def test_decisions_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(f"{HEAD}{IMAGES}{TAIL}", encoding="utf-8")
    (task,) = engine.run([str(tmp_path)], SettingsResolver(isolated=True)).tasks
    assert task.decision is None
