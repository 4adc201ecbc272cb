from __future__ import annotations

import asyncio
import functools
import logging
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from bglint import contract
from bglint.runtime import BackgroundTasks, Outcome, Place, SlowTaskWarning, TaskReport, subscribe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.conftest import VirtualTime


def reports_of(virtual: VirtualTime, *functions: Callable[[], Any], together: bool = False) -> list[TaskReport]:
    """Run the functions as tasks, in virtual time, and return their reports in the order in which they ended."""
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(timeout=None, on_report=reports.append, clock=virtual.clock)
        for function in functions:
            tasks.add_task(function)
        if together:
            tasks.start()
            await tasks.join()
        else:
            await tasks()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SlowTaskWarning)
        virtual.run(main())
    return reports


def test_a_loop_in_an_async_task_held_the_event_loop(virtual: VirtualTime) -> None:
    async def task() -> None:
        virtual.compute(148)
        await asyncio.sleep(0.002)

    (report,) = reports_of(virtual, task)
    assert report.place is Place.EVENT_LOOP
    assert report.longest_block_ms == 148
    assert report.cpu_ms == 148
    assert report.duration_ms == pytest.approx(150, abs=0.1)
    assert report.finding == "It held the event loop for 148ms."


def test_time_sleep_in_an_async_task_held_the_event_loop_and_used_no_cpu(virtual: VirtualTime) -> None:
    async def task() -> None:
        virtual.block(150)

    (report,) = reports_of(virtual, task)
    assert (report.longest_block_ms, report.cpu_ms) == (150, 0)
    assert report.finding == "It held the event loop for 150ms."


def test_an_async_sleep_only_waited(virtual: VirtualTime) -> None:
    async def task() -> None:
        await asyncio.sleep(0.15)

    (report,) = reports_of(virtual, task)
    assert report.duration_ms == pytest.approx(150, abs=0.1)
    assert report.longest_block_ms == 0
    assert report.finding == "It only waited."


def test_nested_awaits_count_for_the_task(virtual: VirtualTime) -> None:
    async def inner() -> None:
        await asyncio.sleep(0)
        virtual.compute(80)
        await asyncio.sleep(0)

    async def task() -> None:
        virtual.compute(20)
        await inner()

    (report,) = reports_of(virtual, task)
    assert (report.longest_block_ms, report.busy_ms, report.cpu_ms) == (80, 100, 100)


def test_work_in_small_pieces_keeps_the_loop_busy_without_holding_it(virtual: VirtualTime) -> None:
    async def task() -> None:
        for _ in range(10):
            virtual.compute(20)
            await asyncio.sleep(0)

    (report,) = reports_of(virtual, task)
    assert (report.longest_block_ms, report.busy_ms) == (20, 200)
    assert report.finding == "It kept the event loop busy for 200ms, at most 20ms at a stretch."


def test_a_task_that_waited_beside_a_blocker_is_not_blamed_for_blocking(virtual: VirtualTime) -> None:
    async def innocent() -> None:
        await asyncio.sleep(0.01)

    async def blocker() -> None:
        virtual.compute(150)

    blamed, spared = reports_of(virtual, innocent, blocker, together=True)
    assert blamed.name.endswith("blocker")
    assert blamed.finding == "It held the event loop for 150ms."
    assert spared.duration_ms == 150
    assert (spared.longest_block_ms, spared.cpu_ms) == (0, 0)
    assert spared.finding == "It only waited."


def test_a_plain_function_is_measured_in_its_thread(virtual: VirtualTime) -> None:
    computing, waiting = reports_of(
        virtual, functools.partial(virtual.compute, 140), functools.partial(virtual.block, 150)
    )
    assert computing.place is Place.WORKER_THREAD
    assert (computing.duration_ms, computing.cpu_ms, computing.longest_block_ms) == (140, 140, 0)
    assert computing.finding == "It used 140ms of CPU in a worker thread."
    assert (waiting.duration_ms, waiting.cpu_ms) == (150, 0)
    assert waiting.finding == "It only waited."


def test_the_time_before_a_task_began_is_told_apart(virtual: VirtualTime) -> None:
    async def first() -> None:
        virtual.compute(70)

    async def second() -> None:
        virtual.compute(30)

    reports = reports_of(virtual, first, second)
    assert [(report.queued_ms, report.duration_ms) for report in reports] == [(0, 70), (70, 30)]


def test_tasks_that_fail_are_measured_as_well(virtual: VirtualTime) -> None:
    async def task() -> None:
        virtual.compute(120)
        raise ValueError("broken")

    (report,) = reports_of(virtual, task)
    assert report.outcome is Outcome.FAILED
    assert (report.duration_ms, report.is_slow) == (120, True)
    assert isinstance(report.error, ValueError)


def test_measuring_changes_nothing_for_the_coroutine(virtual: VirtualTime) -> None:
    seen: list[object] = []

    async def task() -> None:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(1)
        except TimeoutError:
            seen.append("timed out inside")
        try:
            await asyncio.get_running_loop().run_in_executor(None, int, "x")
        except ValueError:
            seen.append("error from outside")
        async with asyncio.TaskGroup() as group:
            child = group.create_task(asyncio.sleep(0, "child"))
        seen.append(child.result())

    (report,) = reports_of(virtual, task)
    assert report.outcome is Outcome.FINISHED, report.error
    assert seen == ["timed out inside", "error from outside", "child"]


def test_the_process_hears_of_every_task_until_it_unsubscribes(virtual: VirtualTime) -> None:
    heard: list[TaskReport] = []
    unsubscribe = subscribe(heard.append)
    reports_of(virtual, print)
    unsubscribe()
    unsubscribe()
    reports_of(virtual, print)
    assert [report.name for report in heard] == ["print"]


def slow(virtual: VirtualTime, ms: float, **options: Any) -> None:
    async def slow_task() -> None:
        virtual.compute(ms)

    async def main() -> None:
        tasks = BackgroundTasks(clock=virtual.clock)
        tasks.with_options(name="slow-task", **options).add_task(slow_task)
        await tasks()

    virtual.run(main())


def test_a_slow_task_is_warned_of_in_the_words_of_the_contract(
    virtual: VirtualTime, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bglint.runtime.report.default_queue", lambda: contract.BULLMQ)
    words = (
        "Background task 'slow-task' took 150ms (>100ms threshold). "
        "Consider using a job queue (BullMQ) for heavy operations. It held the event loop for 150ms."
    )
    with pytest.warns(SlowTaskWarning) as warned:
        slow(virtual, 150)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("bglint.runtime", logging.WARNING, words)
    assert [str(warning.message) for warning in warned] == [words]
    assert warned[0].filename == __file__
    fields = ("task_name", "duration_ms", "cpu_ms", "longest_block_ms", "threshold_ms")
    assert [getattr(record, field) for field in fields] == ["slow-task", 150, 150, 150, 100]


def test_the_queue_that_is_named_is_the_one_installed(virtual: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "is_installed", {"arq"}.__contains__)
    contract.default_queue.cache_clear()
    try:
        with pytest.warns(SlowTaskWarning, match=r"Consider using a job queue \(ARQ\)"):
            slow(virtual, 150)
    finally:
        contract.default_queue.cache_clear()


def test_the_threshold_is_passed_not_met(virtual: VirtualTime, recwarn: pytest.WarningsRecorder) -> None:
    slow(virtual, 100)
    slow(virtual, 300, slow_task_ms=300)
    slow(virtual, 10_000, slow_task_ms=None)
    assert not recwarn.list


def test_every_slow_run_is_warned_of_and_none_remembered(virtual: VirtualTime) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        slow(virtual, 150)
        slow(virtual, 150)
    assert len(caught) == 2
    assert not [key for key in globals().get("__warningregistry__", {}) if key[1:2] == (SlowTaskWarning,)]


@pytest.mark.filterwarnings("error::bglint.runtime.SlowTaskWarning")
def test_a_filter_that_makes_it_an_error_raises_it_after_all_tasks_have_run(virtual: VirtualTime) -> None:
    seen: list[str] = []

    async def slow_task() -> None:
        virtual.compute(150)

    async def in_a_response(tasks: BackgroundTasks) -> None:
        await tasks()

    async def started(tasks: BackgroundTasks) -> None:
        tasks.start()
        await tasks.join()

    for run in (in_a_response, started):
        tasks = BackgroundTasks(clock=virtual.clock)
        tasks.add_task(slow_task)
        tasks.add_task(seen.append, "next")
        with pytest.raises(SlowTaskWarning, match="slow_task' took 150ms"):
            virtual.run(run(tasks))
    assert seen == ["next", "next"]


def test_real_clocks_tell_computing_from_waiting() -> None:
    """The one test here with the clocks of the machine."""
    reports: list[TaskReport] = []

    async def compute() -> None:
        sum(range(300_000))

    tasks = BackgroundTasks(on_report=reports.append, slow_task_ms=None)
    tasks.add_task(compute)
    tasks.add_task(sum, range(300_000))
    tasks.add_task(asyncio.sleep, 0.02)
    asyncio.run(tasks())
    held, threaded, waited = reports
    assert held.longest_block_ms == pytest.approx(held.duration_ms, rel=0.5)
    assert 0 < held.cpu_ms <= held.duration_ms + 1
    assert threaded.cpu_ms > 0 == threaded.longest_block_ms
    assert waited.duration_ms >= 19
    assert waited.busy_ms < 5
