"""What the task API this one follows does wrong, each with the better behaviour."""

from __future__ import annotations

import asyncio
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

from bglint.runtime import BackgroundTasks, Outcome, SlowTaskWarning, TaskReport, TaskTimeout

if TYPE_CHECKING:
    from tests.runtime.conftest import VirtualTime

pytestmark = pytest.mark.filterwarnings("ignore::bglint.runtime.SlowTaskWarning")


def test_a_computing_task_of_a_response_does_not_run_before_the_reply_is_out() -> None:
    """There a task starts in a microtask, before the reply."""
    order: list[str] = []

    async def main() -> None:
        tasks = BackgroundTasks()
        tasks.add_task(order.append, "task")
        await asyncio.sleep(0)
        order.append("reply")
        await tasks()

    asyncio.run(main())
    assert order == ["reply", "task"]


def test_named_tasks_are_counted_as_well() -> None:
    """There the counter makes the automatic names, and does not see a task that has one."""
    tasks = BackgroundTasks()
    tasks.with_options(name="named").add_task(len, "")
    tasks.add_task(len, "")
    asyncio.run(tasks())
    assert tasks.tasks_executed == 2


def test_the_duration_is_the_tasks_own_and_of_a_clock_that_does_not_go_back(virtual: VirtualTime) -> None:
    """There it counts from `addTask`, by the wall clock, so that waiting in line makes a task slow."""
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append, clock=virtual.clock)
        tasks.add_task(asyncio.sleep, 0.06)
        tasks.add_task(asyncio.sleep, 0.06)
        await tasks()

    with warnings.catch_warnings():
        warnings.simplefilter("error", SlowTaskWarning)
        virtual.run(main())
    assert [report.is_slow for report in reports] == [False, False]


def test_a_pure_wait_is_told_from_a_blocker(virtual: VirtualTime) -> None:
    """There both get the same words."""

    async def wait() -> None:
        await asyncio.sleep(0.15)

    async def block() -> None:
        virtual.block(150)

    async def main() -> None:
        tasks = BackgroundTasks(clock=virtual.clock)
        tasks.add_task(wait)
        tasks.add_task(block)
        await tasks()

    with pytest.warns(SlowTaskWarning) as warned:
        virtual.run(main())
    assert [str(warning.message).rpartition("operations. ")[2] for warning in warned] == [
        "It only waited.",
        "It held the event loop for 150ms.",
    ]


def test_slow_tasks_that_fail_or_time_out_are_warned_of(virtual: VirtualTime) -> None:
    """There only success is."""

    async def fail() -> None:
        virtual.block(150)
        raise ValueError

    async def main() -> None:
        tasks = BackgroundTasks(timeout=1, clock=virtual.clock)
        tasks.with_options(name="fails").add_task(fail)
        tasks.with_options(name="hangs").add_task(asyncio.sleep, 3600)
        await tasks()

    with pytest.warns(SlowTaskWarning) as warned:
        virtual.run(main())
    assert [str(warning.message).split("'")[1] for warning in warned] == ["fails", "hangs"]


def test_an_on_complete_that_fails_makes_no_failure_of_the_task() -> None:
    """There it is logged as the task's failure, and `onError` is called for it."""
    errors: list[Exception] = []
    reports: list[TaskReport] = []

    def broken() -> None:
        raise ValueError

    tasks = BackgroundTasks(on_report=reports.append)
    tasks.with_options(on_complete=broken, on_error=errors.append).add_task(len, "")
    asyncio.run(tasks())
    assert errors == []
    assert reports[0].outcome is Outcome.FINISHED


def test_a_timeout_cancels_tells_on_error_and_is_the_last_word(virtual: VirtualTime) -> None:
    """There the task runs on, `onError` is not called, and `onComplete` may follow."""
    seen: list[object] = []

    async def hang() -> None:
        await asyncio.sleep(2)
        seen.append("ran on")

    async def main() -> None:
        tasks = BackgroundTasks(timeout=1, clock=virtual.clock)
        options = tasks.with_options(on_complete=lambda: seen.append("complete"), on_error=seen.append)
        options.add_task(hang)
        await tasks()
        await asyncio.sleep(5)

    virtual.run(main())
    assert [type(item) for item in seen] == [TaskTimeout]


def test_an_abandoned_thread_that_ends_after_all_completes_nothing() -> None:
    seen: list[object] = []
    release = threading.Event()

    async def main() -> None:
        tasks = BackgroundTasks(timeout=0.05)
        tasks.with_options(on_complete=lambda: seen.append("complete"), on_error=seen.append).add_task(release.wait, 20)
        await tasks()
        release.set()
        await asyncio.sleep(0.1)

    asyncio.run(main())
    assert [type(item) for item in seen] == [TaskTimeout]


def test_no_timer_keeps_the_process_alive() -> None:
    """There each task keeps it for up to 30 seconds."""

    async def main() -> float:
        loop = asyncio.get_running_loop()
        tasks = BackgroundTasks()
        tasks.add_task(asyncio.sleep, 0)
        begun = loop.time()
        await tasks()
        return loop.time() - begun

    assert asyncio.run(main()) < 5


def test_options_that_mean_nothing_are_refused() -> None:
    """There a timeout of 0 ends every task at once, and an empty name is shown as one."""
    with pytest.raises(ValueError, match="timeout"):
        BackgroundTasks().with_options(timeout=0)
    with pytest.raises(ValueError, match="name"):
        BackgroundTasks().with_options(name="")


def test_a_mistake_at_add_task_reaches_the_caller() -> None:
    """There an adapter swallows it, and runs the thing without its options."""
    tasks = BackgroundTasks()
    with pytest.raises(TypeError):
        tasks.add_task(None)  # type: ignore[arg-type]
    assert tasks.tasks == []


def test_a_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """There it is logged twice on one platform, and not at all on another."""

    async def fail() -> None:
        raise ValueError

    tasks = BackgroundTasks()
    tasks.add_task(fail)
    asyncio.run(tasks())
    assert len(caplog.records) == 1
