"""One task from its beginning to its end: run, judged, reported, called back."""

from __future__ import annotations

import asyncio
import inspect
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any

from bglint.contract import is_async_callable
from bglint.runtime.limits import TaskTimeout, was_cancelled_from_outside
from bglint.runtime.measure import Usage
from bglint.runtime.options import name_of
from bglint.runtime.report import Outcome, Place, TaskReport, conclude, has_listeners, logger, warn_if_slow
from bglint.runtime.running import run_in_worker, run_on_loop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bglint.runtime.clock import Clock
    from bglint.runtime.options import TaskOptions
    from bglint.runtime.report import Listener, SlowTaskWarning


class QueuedTask:
    """A callable with its arguments and options, to be run once.

    `func`, `args` and `kwargs` are what was handed to `add_task`, as Starlette's task has them.
    """

    __slots__ = ("_handover", "added_ns", "args", "func", "has_begun", "kwargs", "options")

    def __init__(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        options: TaskOptions,
        added_ns: int = 0,
    ) -> None:
        self.func = func
        self.args = args
        self.kwargs = kwargs
        self.options = options
        self.added_ns = added_ns
        self.has_begun = False
        self._handover = None if options.offload is None else options.offload.prepare(func, args, kwargs)

    @property
    def name(self) -> str:
        """The name it was given, else its function's."""
        offload = self.options.offload
        return self.options.name or (name_of if offload is None else offload.name_of)(self.func)

    @property
    def place(self) -> Place:
        """Where it will run."""
        if self._handover is not None:
            return self._handover.place
        return Place.EVENT_LOOP if is_async_callable(self.func) else Place.WORKER_THREAD

    @property
    def success(self) -> Outcome:
        """What it is to end as."""
        return Outcome.FINISHED if self._handover is None else self._handover.outcome

    def run(self, place: Place, usage: Usage, clock: Clock) -> Awaitable[None]:
        """Run it where it belongs, and raise what goes wrong."""
        timeout = self.options.timeout
        if self._handover is not None:
            return self._handover.run(usage, clock, timeout, self)
        if place is Place.EVENT_LOOP:
            return run_on_loop(self._call, usage, clock, timeout, self)
        return run_in_worker(
            self._call, usage, clock, timeout, self, on_late_end=lambda error: self._end_late(usage, clock, error)
        )

    def was_slow(self, duration_ns: int) -> bool:
        """Tell whether that is more than its threshold."""
        slow_task_ms = self.options.slow_task_ms
        return slow_task_ms is not None and duration_ns > slow_task_ms * 1e6

    def report(
        self, outcome: Outcome, place: Place, usage: Usage, ended_ns: int, error: BaseException | None
    ) -> TaskReport:
        """Write down what it did."""
        return TaskReport(
            self.name,
            outcome,
            place,
            (ended_ns - usage.started_ns) / 1e6,
            (usage.started_ns - self.added_ns) / 1e6,
            usage.cpu_ns / 1e6,
            usage.busy_ns / 1e6,
            usage.longest_ns / 1e6,
            self.options.slow_task_ms if self._handover is None else None,
            error,
        )

    def _call(self) -> Any:
        return self.func(*self.args, **self.kwargs)

    def _end_late(self, usage: Usage, clock: Clock, error: BaseException | None) -> None:
        ended_ns = usage.ended_ns or clock.wall_ns()
        report = self.report(Outcome.TIMED_OUT, Place.WORKER_THREAD, usage, ended_ns, error)
        how = "has ended" if error is None else f"has failed: {error!r}"
        logger.warning("Background task '%s', which was abandoned, %s after %.0fms", self.name, how, report.duration_ms)
        warn_if_slow(report, self.func)


async def execute(task: QueuedTask, clock: Clock, listener: Listener | None) -> SlowTaskWarning | None:
    """Run `task` to its end, whatever that is; nothing but a cancellation from outside leaves it.

    Returns the slow-task warning where a filter has made an error of it.
    """
    options = task.options
    place = task.place
    task.has_begun = True
    usage = Usage(clock.wall_ns())
    error: BaseException | None = None
    try:
        await task.run(place, usage, clock)
        outcome = task.success
    except TaskTimeout as timeout:
        outcome, error = Outcome.TIMED_OUT, timeout
    except BaseException as raised:  # no failure of a task, not even SystemExit, may end the server
        if _is_for_the_loop(raised, place, usage):
            raise
        cancelled = isinstance(raised, asyncio.CancelledError) and was_cancelled_from_outside()
        outcome, error = (Outcome.CANCELLED if cancelled else Outcome.FAILED), raised
    try:
        if error is not None:
            _log(task, place, outcome, error)
        warning = None
        ended_ns = usage.ended_ns or clock.wall_ns()
        if listener is not None or has_listeners() or task.was_slow(ended_ns - usage.started_ns):
            report = task.report(outcome, place, usage, ended_ns, error)
            runs_on = place is Place.WORKER_THREAD and usage.ended_ns is None
            warning = conclude(report, task.func, listener, runs_on=runs_on)
            del report  # it holds the error
        if error is None:
            if options.on_complete is not None:
                await _call_back(task, "on_complete", options.on_complete)
        elif outcome is Outcome.CANCELLED:
            raise error
        elif options.on_error is not None:
            await _call_back(task, "on_error", options.on_error, error)
        return warning
    finally:
        del error  # it holds the traceback, which holds this frame


def _is_for_the_loop(raised: BaseException, place: Place, usage: Usage) -> bool:
    """Whether it is no failure of the task: Ctrl-C, and the end of this coroutine. Elsewhere nobody presses Ctrl-C."""
    ended_elsewhere = place is not Place.EVENT_LOOP and usage.ended_ns is not None
    return isinstance(raised, KeyboardInterrupt | GeneratorExit) and not ended_elsewhere


def _log(task: QueuedTask, place: Place, outcome: Outcome, error: BaseException) -> None:
    extra = {"task_name": task.name}
    if outcome is Outcome.TIMED_OUT:
        cause = error.__cause__
        says_where = place is Place.EVENT_LOOP or not isinstance(cause, asyncio.CancelledError)
        logger.error("%s", error, exc_info=cause if says_where else None, extra=extra)
    elif outcome is Outcome.CANCELLED:
        logger.warning("Background task '%s' was cancelled before it ended", task.name, extra=extra)
    else:
        logger.error("Background task '%s' failed", task.name, exc_info=error, extra=extra)


async def _call_back(task: QueuedTask, kind: str, callback: Callable[..., object], *args: object) -> None:
    try:
        async with asyncio.timeout(task.options.timeout):
            result = callback(*args)
            if inspect.isawaitable(result):
                await result
            elif isinstance(result, GeneratorType | AsyncGeneratorType):
                raise TypeError("It is a generator, so nothing of it ran")
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and was_cancelled_from_outside():
            raise
        logger.exception("%s of background task '%s' failed", kind, task.name, extra={"task_name": task.name})
