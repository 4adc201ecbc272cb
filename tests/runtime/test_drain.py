from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from bglint.runtime import BackgroundTasks, Outcome, TaskReport, drain

if TYPE_CHECKING:
    from tests.runtime.conftest import VirtualTime

pytestmark = pytest.mark.filterwarnings("ignore::bglint.runtime.SlowTaskWarning")


def test_drain_waits_for_what_was_started(virtual: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[tuple[str, ...], int]:
        tasks = BackgroundTasks(clock=virtual.clock)
        for delay in (1, 2, 3):
            tasks.add_task(asyncio.sleep, delay)
        tasks.start()
        drained = await drain(10)
        return drained.lost, tasks.tasks_executed

    assert virtual.run(main()) == ((), 3)
    assert "lost" not in caplog.text


def test_drain_says_what_was_lost_and_cancels_it(virtual: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    reports: list[TaskReport] = []

    async def main() -> tuple[str, ...]:
        tasks = BackgroundTasks(timeout=None, on_report=reports.append, clock=virtual.clock)
        tasks.with_options(name="short").add_task(asyncio.sleep, 1)
        tasks.with_options(name="long").add_task(asyncio.sleep, 3600)
        tasks.with_options(name="longer").add_task(asyncio.sleep, 7200)
        tasks.start()
        return (await drain(10)).lost

    assert virtual.run(main()) == ("long", "longer")
    assert "2 background tasks were lost on shutdown after 10s: long, longer" in caplog.text
    assert sorted(report.outcome for report in reports) == [Outcome.CANCELLED, Outcome.CANCELLED, Outcome.FINISHED]


def test_drain_waits_for_the_tasks_of_a_response_and_names_those_that_wait_behind(virtual: VirtualTime) -> None:
    async def main() -> list[tuple[str, ...]]:
        tasks = BackgroundTasks(timeout=None, clock=virtual.clock)
        tasks.with_options(name="first").add_task(asyncio.sleep, 8)
        tasks.with_options(name="second").add_task(asyncio.sleep, 8)
        response = asyncio.create_task(tasks())
        await asyncio.sleep(0)
        lost = [(await drain(1)).lost, (await drain(8)).lost, (await drain(8)).lost]
        await response
        return lost

    assert virtual.run(main()) == [("first", "second"), ("second",), ()]


def test_drain_without_anything_under_way_returns_at_once(virtual: VirtualTime) -> None:
    begun = virtual.now_ns
    assert virtual.run(drain(10)).lost == ()
    assert virtual.now_ns == begun


def test_drain_can_wait_without_limit(virtual: VirtualTime) -> None:
    async def main() -> tuple[str, ...]:
        tasks = BackgroundTasks(timeout=None, clock=virtual.clock)
        tasks.add_task(asyncio.sleep, 3600)
        tasks.start()
        return (await drain(None)).lost

    assert virtual.run(main()) == ()


def test_a_thread_that_does_not_end_is_lost_and_holds_nothing_up() -> None:
    release = threading.Event()

    async def main() -> tuple[str, ...]:
        tasks = BackgroundTasks(slow_task_ms=None)
        tasks.with_options(name="thread").add_task(release.wait, 20)
        tasks.start()
        return (await drain(0.05)).lost

    begun = time.monotonic()
    assert asyncio.run(main()) == ("thread",)
    release.set()
    assert time.monotonic() - begun < 3


def test_tasks_of_another_event_loop_are_none_of_its_business() -> None:
    async def begin() -> BackgroundTasks:
        tasks = BackgroundTasks()
        tasks.add_task(asyncio.sleep, 3600)
        tasks.start()
        await asyncio.sleep(0)
        return tasks

    kept = asyncio.run(begin())
    assert asyncio.run(drain(0.1)).lost == ()
    assert kept.tasks_executed == 1
