from __future__ import annotations

import asyncio
import logging
import pickle
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, SlowTaskWarning, TaskReport, TaskTimeout

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.conftest import Eventually, VirtualTime

pytestmark = pytest.mark.filterwarnings("ignore::bglint.runtime.SlowTaskWarning")


def run(virtual: VirtualTime, function: Callable[..., Any], **options: Any) -> tuple[TaskReport, list[Exception]]:
    """Run one task in virtual time; returns its report, and what `on_error` got."""
    reports: list[TaskReport] = []
    errors: list[Exception] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append, clock=virtual.clock)
        tasks.with_options(name="task", on_error=errors.append, **options).add_task(function)
        await tasks()

    virtual.run(main())
    (report,) = reports
    return report, errors


def test_an_async_task_is_cancelled_after_30_seconds_by_default(
    virtual: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    cleaned_up: list[bool] = []

    async def hang() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned_up.append(True)

    report, (error,) = run(virtual, hang)
    assert cleaned_up == [True]
    assert report.outcome is Outcome.TIMED_OUT
    assert report.duration_ms == pytest.approx(30_000, abs=1)
    assert isinstance(error, TaskTimeout)
    assert isinstance(error, TimeoutError)
    assert str(error) == "Background task 'task' timed out after 30s and was cancelled"
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == str(error)
    assert "await asyncio.sleep(3600)" in caplog.text


def test_no_timeout_waits_as_long_as_it_takes(virtual: VirtualTime) -> None:
    report, errors = run(virtual, lambda: None)
    report, errors = run(virtual, _hour, timeout=None)
    assert (report.outcome, errors) == (Outcome.FINISHED, [])


async def _hour() -> None:
    await asyncio.sleep(3600)


def test_the_tasks_behind_one_that_timed_out_still_run(virtual: VirtualTime) -> None:
    seen: list[str] = []

    async def main() -> None:
        tasks = BackgroundTasks(timeout=1, clock=virtual.clock)
        tasks.add_task(_hour)

        async def following() -> None:
            await asyncio.sleep(0.9)
            seen.append("next")

        tasks.add_task(following)
        await tasks()

    virtual.run(main())
    assert seen == ["next"]


def test_a_timeout_error_of_the_task_itself_is_its_failure_and_no_timeout(virtual: VirtualTime) -> None:
    async def task() -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(3600)

    report, (error,) = run(virtual, task)
    assert report.outcome is Outcome.FAILED
    assert type(error) is TimeoutError


def test_a_task_that_swallows_its_cancellation_has_timed_out_all_the_same(virtual: VirtualTime) -> None:
    async def task() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(1)

    report, (error,) = run(virtual, task)
    assert report.outcome is Outcome.TIMED_OUT
    assert "ignored its cancellation: it ran to its end" in str(error)


def test_a_task_whose_clean_up_fails_has_timed_out_all_the_same(virtual: VirtualTime) -> None:
    async def task() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise ValueError("clean-up")

    report, (error,) = run(virtual, task)
    assert report.outcome is Outcome.TIMED_OUT
    assert isinstance(error.__cause__, ValueError)


def test_a_task_that_does_not_end_when_cancelled_is_said_to_go_on(
    virtual: VirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    async def task() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(10)

    run(virtual, task)
    assert "Background task 'task' was cancelled 5s ago and has not ended" in caplog.text


def test_a_task_that_held_the_loop_past_its_time_is_not_silent(virtual: VirtualTime) -> None:
    async def task() -> None:
        await asyncio.sleep(0)
        virtual.block(40_000)

    report, (error,) = run(virtual, task)
    assert report.outcome is Outcome.TIMED_OUT
    assert "held the event loop and could not be cancelled: it ran to its end" in str(error)


def test_a_task_that_ended_late_because_of_others_has_not_timed_out(virtual: VirtualTime) -> None:
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(timeout=1, on_report=reports.append, clock=virtual.clock)
        tasks.with_options(name="innocent").add_task(asyncio.sleep, 0.5)
        tasks.start()
        await asyncio.sleep(0.1)
        virtual.block(5000)
        await tasks.join()

    virtual.run(main())
    assert [report.outcome for report in reports] == [Outcome.FINISHED]


def test_a_cancellation_from_outside_is_passed_on_even_at_the_time_limit(virtual: VirtualTime) -> None:
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(timeout=1, on_report=reports.append, clock=virtual.clock)
        tasks.add_task(_hour)
        response = asyncio.create_task(tasks())
        asyncio.get_running_loop().call_later(1, response.cancel)
        with pytest.raises(asyncio.CancelledError):
            await response
        assert response.cancelled()

    virtual.run(main())
    assert [report.outcome for report in reports] == [Outcome.CANCELLED]


def test_the_tasks_of_a_loop_share_a_timer_which_keeps_none_of_them_and_ends(virtual: VirtualTime) -> None:
    class Argument: ...

    def timers() -> int:
        loop: Any = asyncio.get_running_loop()
        return sum(not handle.cancelled() for handle in loop._scheduled)

    async def task(argument: Argument) -> None:
        await asyncio.sleep(0.01)

    async def main() -> None:
        tasks = BackgroundTasks(clock=virtual.clock, timeout=5)
        argument = Argument()
        gone = weakref.ref(argument)
        for _ in range(10):
            tasks.add_task(task, argument)
        tasks.start()
        del argument
        await tasks.join()
        assert gone() is None
        assert timers() <= 1
        await asyncio.sleep(6)
        assert timers() == 0

    virtual.run(main())


def test_tasks_with_different_limits_pass_them_each_at_its_time(virtual: VirtualTime) -> None:
    passed: list[tuple[str, float]] = []
    began = virtual.now_ns

    async def patient() -> None:
        await asyncio.sleep(100)

    async def late() -> None:
        virtual.compute(500)
        await asyncio.sleep(100)

    def add(tasks: BackgroundTasks, name: str, timeout: float, function: Callable[[], Any] = patient) -> None:
        def on_error(error: Exception) -> None:
            assert isinstance(error, TaskTimeout)
            passed.append((name, round((virtual.now_ns - began) / 1e9, 2)))

        tasks.with_options(name=name, timeout=timeout, on_error=on_error).add_task(function)

    async def main() -> None:
        tasks = BackgroundTasks(clock=virtual.clock)
        for name, timeout in (("first", 3), ("second", 2), ("third", 3)):
            add(tasks, name, timeout)
        tasks.start()
        await asyncio.sleep(1)
        add(tasks, "fourth", 2, late)
        add(tasks, "fifth", 3)
        tasks.start()
        await tasks.join()

    virtual.run(main())
    assert passed == [("second", 2), ("first", 3), ("third", 3), ("fourth", 3), ("fifth", 4.5)]


def test_a_plain_function_is_abandoned_and_its_end_is_said(
    caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    caplog.set_level(logging.INFO)
    release, ended = threading.Event(), threading.Event()
    errors: list[Exception] = []
    reports: list[TaskReport] = []

    def hang() -> None:
        release.wait(20)
        ended.set()

    async def main() -> None:
        seen: list[str] = []
        tasks = BackgroundTasks(timeout=0.05, on_report=reports.append)
        tasks.with_options(name="hang", on_error=errors.append).add_task(hang)
        tasks.add_task(seen.append, "next")
        await tasks()
        assert seen == ["next"]
        assert not ended.is_set()
        release.set()
        while "has ended after" not in caplog.text:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert [report.outcome for report in reports] == [Outcome.TIMED_OUT, Outcome.FINISHED]
    assert [str(error) for error in errors] == [
        "Background task 'hang' timed out after 0.05s and was abandoned: a thread cannot be stopped, and it runs on"
    ]
    assert "Background task 'hang', which was abandoned, has ended after" in caplog.text


@pytest.mark.parametrize("cause", [None, ValueError("broken")], ids=["it succeeds", "it fails"])
def test_a_plain_function_past_its_time_is_not_silent_though_the_loop_was_held_until_its_end(
    cause: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    begun, ended = threading.Event(), threading.Event()
    errors: list[Exception] = []
    completed: list[bool] = []

    def late() -> None:
        begun.set()
        time.sleep(0.1)
        ended.set()
        if cause is not None:
            raise cause

    async def main() -> None:
        tasks = BackgroundTasks(slow_task_ms=None)
        callbacks: Any = {"on_error": errors.append, "on_complete": lambda: completed.append(True)}
        tasks.with_options(name="late", timeout=0.05, **callbacks).add_task(late)
        tasks.start()
        while not begun.is_set():
            await asyncio.sleep(0)
        ended.wait(20)
        time.sleep(0.05)
        await tasks.join()

    asyncio.run(main())
    (error,) = errors
    assert isinstance(error, TaskTimeout)
    assert str(error) == (
        "Background task 'late' timed out after 0.05s but ran to its end: the event loop was held meanwhile, "
        "and could not give it up"
    )
    assert error.__cause__ is cause
    assert ("ValueError: broken" in caplog.text) == (cause is not None)
    assert not completed


def test_an_abandoned_thread_keeps_nobody_from_exiting() -> None:
    import subprocess
    import sys

    program = (
        "import asyncio, time; from bglint.runtime import BackgroundTasks\n"
        "tasks = BackgroundTasks(timeout=0.05); tasks.add_task(time.sleep, 600); asyncio.run(tasks())"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert "and was abandoned" in result.stderr


def test_an_abandoned_task_gives_its_place_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bglint.runtime.threads.MAX_THREADS", 1)
    release = threading.Event()

    async def main() -> list[str]:
        seen: list[str] = []
        tasks = BackgroundTasks()
        tasks.with_options(timeout=0.05).add_task(release.wait, 20)
        tasks.add_task(seen.append, "next")
        tasks.start()
        await tasks.join()
        release.set()
        return seen

    assert asyncio.run(main()) == ["next"]


def test_waiting_for_a_free_thread_takes_nothing_from_a_tasks_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bglint.runtime.threads.MAX_THREADS", 1)
    reports: list[TaskReport] = []
    release = threading.Event()

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append)
        tasks.with_options(timeout=None).add_task(release.wait, 20)
        tasks.with_options(timeout=0.2).add_task(print)
        tasks.start()
        await asyncio.sleep(0.3)
        release.set()
        await tasks.join()

    asyncio.run(main())
    assert [report.outcome for report in reports] == [Outcome.FINISHED, Outcome.FINISHED]
    assert reports[1].queued_ms >= 290


def test_the_error_can_be_pickled() -> None:
    from bglint.runtime.limits import Stopped

    error = pickle.loads(pickle.dumps(TaskTimeout("task", 2, Stopped.CANCELLED)))
    assert (error.task_name, error.timeout, error.stopped) == ("task", 2, Stopped.CANCELLED)
    assert issubclass(SlowTaskWarning, Warning)
