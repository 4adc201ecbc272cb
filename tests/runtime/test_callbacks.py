from __future__ import annotations

import asyncio
import functools
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, TaskReport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.runtime.conftest import VirtualTime


async def fail() -> None:
    raise ValueError("broken")


def test_success_calls_on_complete_and_failure_calls_on_error() -> None:
    seen: list[object] = []
    tasks = BackgroundTasks()
    view = tasks.with_options(on_complete=lambda: seen.append("complete"), on_error=seen.append)
    view.add_task(asyncio.sleep, 0)
    view.add_task(len, "")
    view.add_task(fail)
    asyncio.run(tasks())
    assert seen[:2] == ["complete", "complete"]
    assert repr(seen[2:]) == "[ValueError('broken')]"


def test_callbacks_may_be_async_or_return_what_is_to_be_awaited() -> None:
    seen: list[str] = []

    async def completed() -> None:
        await asyncio.sleep(0)
        seen.append("complete")

    async def failed(error: Exception) -> None:
        await asyncio.sleep(0)
        seen.append(str(error))

    tasks = BackgroundTasks()
    tasks.with_options(on_complete=completed).add_task(len, "")
    tasks.with_options(on_complete=functools.partial(completed)).add_task(len, "")
    tasks.with_options(on_error=failed).add_task(fail)
    asyncio.run(tasks())
    assert seen == ["complete", "complete", "broken"]


def test_sync_callbacks_run_on_the_event_loop() -> None:
    async def main() -> None:
        ended = asyncio.Event()
        tasks = BackgroundTasks()
        tasks.with_options(on_complete=ended.set).add_task(len, "")
        tasks.start()
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_a_callback_that_fails_is_logged_and_changes_nothing(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_error: Any) -> Any:
        if is_async:
            return fail()
        raise ValueError("broken callback")

    seen: list[str] = []
    reports: list[TaskReport] = []
    tasks = BackgroundTasks(on_report=reports.append)
    tasks.with_options(name="mail", on_complete=broken).add_task(len, "")
    tasks.with_options(name="post", on_error=broken).add_task(fail)
    tasks.add_task(seen.append, "next")
    asyncio.run(tasks())
    assert seen == ["next"]
    assert [report.outcome for report in reports] == [Outcome.FINISHED, Outcome.FAILED, Outcome.FINISHED]
    assert tasks.tasks_executed == 3
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        "on_complete of background task 'mail' failed",
        "Background task 'post' failed",
        "on_error of background task 'post' failed",
    ]


def test_callbacks_of_every_kind_of_callable_are_called_and_those_that_did_nothing_are_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called: list[Any] = []

    class Callback:
        async def __call__(self, *args: Any) -> None:
            called.append(args)

    def generator() -> Iterator[int]:
        yield 1

    tasks = BackgroundTasks()
    tasks.with_options(on_complete=Callback()).add_task(len, "")
    tasks.with_options(on_error=functools.partial(Callback(), "partial")).add_task(fail)
    tasks.with_options(on_complete=lambda: called.append("lambda")).add_task(len, "")
    tasks.with_options(on_complete=sys.exit).add_task(len, "")
    tasks.with_options(on_complete=generator).add_task(len, "")
    asyncio.run(tasks())
    assert [str(args) for args in called] == ["()", "('partial', ValueError('broken'))", "lambda"]
    assert "SystemExit" in caplog.text
    assert "It is a generator, so nothing of it ran" in caplog.text


def test_a_callback_has_no_more_time_than_its_task(virtual: VirtualTime, caplog: pytest.LogCaptureFixture) -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    async def main() -> list[str]:
        seen: list[str] = []
        tasks = BackgroundTasks(timeout=None, clock=virtual.clock)
        tasks.with_options(name="mail", timeout=5, on_complete=hang).add_task(asyncio.sleep, 0)
        tasks.add_task(asyncio.sleep, 0)
        await tasks()
        return seen

    virtual.run(main())
    assert "on_complete of background task 'mail' failed" in caplog.text


def test_the_time_of_a_callback_is_not_the_tasks(virtual: VirtualTime) -> None:
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append, clock=virtual.clock)
        tasks.with_options(on_complete=lambda: virtual.block(500)).add_task(asyncio.sleep, 0)
        await tasks()

    virtual.run(main())
    assert reports[0].duration_ms == 0


def test_a_report_comes_before_the_callback(virtual: VirtualTime) -> None:
    order: list[str] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=lambda _report: order.append("report"), clock=virtual.clock)
        tasks.with_options(on_complete=lambda: order.append("complete")).add_task(asyncio.sleep, 0)
        await tasks()

    virtual.run(main())
    assert order == ["report", "complete"]
