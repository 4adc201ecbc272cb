from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, TaskReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.runtime.conftest import Eventually


def test_tasks_run_in_the_order_they_were_added_with_all_their_arguments() -> None:
    seen: list[object] = []

    async def remember(*args: object, **kwargs: object) -> None:
        await asyncio.sleep(0)
        seen.append((args, kwargs))

    def remember_in_a_thread(*args: object, **kwargs: object) -> None:
        seen.append((args, kwargs))

    tasks = BackgroundTasks()
    tasks.add_task(remember, 1, name="x", timeout=3)
    tasks.add_task(remember_in_a_thread, 2, on_error=None, slow_task_ms=1)
    tasks.add_task(functools.partial(remember, 3), 4)
    asyncio.run(tasks())
    assert seen == [((1,), {"name": "x", "timeout": 3}), ((2,), {"on_error": None, "slow_task_ms": 1}), ((3, 4), {})]


def test_waiting_tasks_can_be_looked_at_as_starlettes_can() -> None:
    tasks = BackgroundTasks()
    tasks.add_task(print, "a", end="")
    (task,) = tasks.tasks
    assert (task.func, task.args, task.kwargs) == (print, ("a",), {"end": ""})


def test_plain_functions_run_in_another_thread_and_see_the_context() -> None:
    tenant = contextvars.ContextVar("tenant", default="")
    seen: list[object] = []

    def task() -> None:
        seen.extend([threading.current_thread() is threading.main_thread(), tenant.get()])

    async def main() -> None:
        tenant.set("a")
        tasks = BackgroundTasks()
        tasks.add_task(task)
        await tasks()

    asyncio.run(main())
    assert seen == [False, "a"]


def test_a_task_may_add_tasks() -> None:
    seen: list[str] = []

    async def main() -> None:
        tasks = BackgroundTasks()

        async def first() -> None:
            tasks.add_task(seen.append, "second")
            seen.append("first")

        tasks.add_task(first)
        await tasks()

    asyncio.run(main())
    assert seen == ["first", "second"]


def test_each_task_runs_once_however_often_they_are_asked_to_run() -> None:
    seen: list[int] = []

    async def main() -> BackgroundTasks:
        tasks = BackgroundTasks()
        tasks.add_task(seen.append, 1)
        await tasks()
        tasks.add_task(seen.append, 2)
        tasks.start()
        await tasks()
        await tasks.join()
        return tasks

    tasks = asyncio.run(main())
    assert seen == [1, 2]
    assert tasks.tasks == []


class _Failures:
    @staticmethod
    async def async_error() -> None:
        raise ValueError("broken")

    @staticmethod
    def sync_error() -> None:
        raise ValueError("broken")

    @staticmethod
    def exit_() -> None:
        sys.exit(3)

    @staticmethod
    async def async_exit() -> None:
        sys.exit(3)

    @staticmethod
    def interrupted() -> None:  # in a thread, where nobody pressed Ctrl-C
        raise KeyboardInterrupt

    @staticmethod
    def stop_iteration() -> None:
        raise StopIteration

    @staticmethod
    async def cancelled_error() -> None:
        raise asyncio.CancelledError

    @staticmethod
    async def timeout_error() -> None:
        raise TimeoutError

    @staticmethod
    async def group() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_Failures.async_error())

    @staticmethod
    async def wrong_arguments(_required: int) -> None: ...


FAILURES = [value for name, value in vars(_Failures).items() if not name.startswith("_")]


@pytest.mark.parametrize("failure", [failure.__func__ for failure in FAILURES], ids=lambda failure: failure.__name__)
def test_a_task_that_fails_is_logged_with_its_traceback_and_the_others_still_run(
    failure: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []
    reports: list[TaskReport] = []
    tasks = BackgroundTasks(on_report=reports.append)
    tasks.add_task(failure)
    tasks.add_task(seen.append, "next")
    asyncio.run(tasks())
    assert seen == ["next"]
    assert [report.outcome for report in reports] == [Outcome.FAILED, Outcome.FINISHED]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"Background task '{reports[0].name}' failed"
    assert record.exc_info is not None
    assert record.exc_info[1] is reports[0].error


def test_ctrl_c_on_the_event_loop_is_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    tasks = BackgroundTasks()
    tasks.add_task(interrupted)
    tasks.add_task(print)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(tasks())
    assert "Cancelled before they began: background tasks 'print'" in caplog.text


def test_start_runs_concurrently_and_without_being_awaited() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        both = asyncio.Barrier(2)

        async def meet(name: str) -> None:
            await both.wait()
            seen.append(name)

        tasks = BackgroundTasks()
        tasks.add_task(meet, "a")
        tasks.add_task(meet, "b")
        tasks.start()
        assert seen == []
        await tasks.join()
        return seen

    assert sorted(asyncio.run(main())) == ["a", "b"]


def test_started_tasks_are_not_lost_to_the_garbage_collector() -> None:
    async def main() -> None:
        import gc

        ended = asyncio.Event()

        async def task() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
                gc.collect()
            ended.set()

        tasks = BackgroundTasks(slow_task_ms=None)
        tasks.add_task(task)
        tasks.start()
        del tasks
        await asyncio.wait_for(ended.wait(), 5)

    asyncio.run(main())


def test_start_needs_an_event_loop() -> None:
    tasks = BackgroundTasks()
    tasks.add_task(print)
    with pytest.raises(RuntimeError, match="no running event loop"):
        tasks.start()
    assert len(tasks.tasks) == 1


def test_the_counter_counts_every_task_that_ended() -> None:
    tasks = BackgroundTasks()
    tasks.add_task(_Failures.async_error)
    tasks.with_options(name="named").add_task(len, "")
    tasks.add_task(len, "")
    asyncio.run(tasks())
    assert tasks.tasks_executed == 3
    tasks.reset()
    assert tasks.tasks_executed == 0


@pytest.mark.parametrize("nothing", [None, 3, "print", object()], ids=["None", "number", "text", "object"])
def test_what_cannot_be_called_is_refused_at_once(nothing: Any) -> None:
    with pytest.raises(TypeError, match=r"^Task must be callable, not "):
        BackgroundTasks().add_task(nothing)


def test_a_call_instead_of_a_function_gets_a_hint_and_no_never_awaited_warning(
    recwarn: pytest.WarningsRecorder,
) -> None:
    async def send_mail() -> None: ...

    call: Any = send_mail()
    with pytest.raises(TypeError, match=r"^Task must be callable, not coroutine: write add_task") as refused:
        BackgroundTasks().add_task(call)
    del call
    assert "send_mail" in str(refused.value)
    assert not recwarn.list


def test_a_future_instead_of_a_function_gets_a_hint() -> None:
    async def main() -> None:
        future: Any = asyncio.get_running_loop().create_future()
        with pytest.raises(TypeError, match="hand over the function"):
            BackgroundTasks().add_task(future)

    asyncio.run(main())


def test_a_lambda_around_an_async_call_fails_instead_of_doing_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def send_mail() -> None: ...

    tasks = BackgroundTasks()
    tasks.add_task(lambda: send_mail())  # noqa: PLW0108  the mistake
    asyncio.run(tasks())
    assert "returned a coroutine that nobody awaits" in caplog.text


def test_a_generator_fails_instead_of_doing_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def export() -> Any:
        yield 1

    tasks = BackgroundTasks()
    tasks.add_task(export)
    asyncio.run(tasks())
    assert "is a generator, so nothing of it ran" in caplog.text


def threads_of_the_runtime() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "bglint background tasks"]


def test_threads_are_used_again_and_end_when_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    monkeypatch.setattr("bglint.runtime.threads.IDLE_S", 0.2)
    eventually(lambda: not threads_of_the_runtime(), "end of the threads of earlier tests")
    used: set[int] = set()

    async def main() -> None:
        tasks = BackgroundTasks()
        for _ in range(50):
            tasks.add_task(lambda: used.add(threading.get_ident()))
        await tasks()
        for _ in range(200):
            tasks.add_task(len, "")
        tasks.start()
        await tasks.join()
        assert len(threads_of_the_runtime()) <= 40

    asyncio.run(main())
    assert len(used) == 1
    eventually(lambda: not threads_of_the_runtime(), "end of the idle threads")


def test_cancelling_the_response_says_which_tasks_never_began(caplog: pytest.LogCaptureFixture) -> None:
    reports: list[TaskReport] = []

    async def main() -> None:
        begun = asyncio.Event()

        async def long() -> None:
            begun.set()
            await asyncio.sleep(60)

        tasks = BackgroundTasks(on_report=reports.append)
        tasks.add_task(long)
        tasks.add_task(print)
        response = asyncio.create_task(tasks())
        await begun.wait()
        response.cancel()
        with pytest.raises(asyncio.CancelledError):
            await response

    asyncio.run(main())
    assert [report.outcome for report in reports] == [Outcome.CANCELLED, Outcome.CANCELLED]
    assert "long' was cancelled before it ended" in caplog.text
    assert "Cancelled before they began: background tasks 'print'" in caplog.text


def test_a_report_hook_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[int] = []

    def broken(_report: TaskReport) -> None:
        raise ValueError("the hook")

    tasks = BackgroundTasks(on_report=broken)
    tasks.add_task(seen.append, 1)
    tasks.add_task(seen.append, 2)
    asyncio.run(tasks())
    assert seen == [1, 2]
    assert "A listener failed on the report of background task" in caplog.text
