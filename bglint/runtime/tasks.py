"""`BackgroundTasks`: the tasks of a response, or of whoever starts them."""

from __future__ import annotations

import asyncio
import functools
import inspect
from typing import TYPE_CHECKING, Any, ParamSpec

from bglint.contract import DEFAULT_SLOW_TASK_MS, DEFAULT_TIMEOUT_S
from bglint.runtime.clock import SYSTEM_CLOCK
from bglint.runtime.draining import activity
from bglint.runtime.execution import QueuedTask, execute
from bglint.runtime.options import DEFAULT_OPTIONS, GivenOptions, TaskOptions, check_options, options_of
from bglint.runtime.report import Outcome, TaskReport, logger, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from starlette.background import BackgroundTask as ResponseBackground

    from bglint.runtime.clock import Clock
    from bglint.runtime.draining import Activity
    from bglint.runtime.report import Listener, SlowTaskWarning
else:
    # For type checkers only: a Starlette response takes it as its `background`, and needs no more than `__call__`.
    ResponseBackground = object

P = ParamSpec("P")


class BackgroundTasks(ResponseBackground):
    """Background tasks that are measured, limited in time, and independent of each other.

    A drop-in for Starlette's: hand it to a response as its `background`, or await it; its tasks then run in order,
    one after the other. `start` runs them at once and concurrently instead. Each task runs once. Needs asyncio, and
    no framework.

    `slow_task_ms` (milliseconds) is what a task may take before it is warned of, `timeout` (seconds) before it is
    given up; None switches either off. `on_report` is called with the `TaskReport` of every task.
    """

    def __init__(
        self,
        *,
        slow_task_ms: float | None = DEFAULT_SLOW_TASK_MS,
        timeout: float | None = DEFAULT_TIMEOUT_S,
        on_report: Listener | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if slow_task_ms == DEFAULT_SLOW_TASK_MS and timeout == DEFAULT_TIMEOUT_S:
            self._options = DEFAULT_OPTIONS
        else:
            check_options({"slow_task_ms": slow_task_ms, "timeout": timeout})
            self._options = TaskOptions(slow_task_ms=slow_task_ms, timeout=timeout)
        self._on_report = on_report
        self._clock = clock
        self._queue: list[QueuedTask] = []
        self._passes = 0
        self._under_way: dict[QueuedTask, asyncio.Task[None] | None] = {}
        self._warnings: list[SlowTaskWarning] = []
        self._tasks_executed = 0

    @property
    def tasks(self) -> list[QueuedTask]:
        """The tasks that have been added and have not begun, each with its `func`, `args` and `kwargs`."""
        return self._queue

    @property
    def tasks_executed(self) -> int:
        """How many tasks have ended, in whatever way, since the object was made or `reset`."""
        return self._tasks_executed

    def reset(self) -> None:
        """Set `tasks_executed` to 0."""
        self._tasks_executed = 0

    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add `func(*args, **kwargs)`; every argument is the function's.

        Raises TypeError where `func` is nothing to call, and `OffloadError` where it cannot be run where it is to.
        """
        self._add(None, func, args, kwargs)

    def with_options(self, **options: Unpack[GivenOptions]) -> TasksWithOptions:
        """Return a view of this object whose `add_task` gives these options to the task.

        Raises TypeError or ValueError for an option that cannot be.
        """
        check_options(options)
        return TasksWithOptions(self, options)

    async def __call__(self) -> None:
        """Run the tasks in order, those that they add meanwhile included; a task that fails is no obstacle to the next.

        Raises nothing that a task raises. Raises `SlowTaskWarning`, when all have run, where a filter made it an error.
        """
        if not self._queue:
            return
        current = activity.get()
        current.begin(self)
        self._passes += 1
        try:
            while self._queue:
                task = self._queue.pop(0)
                self._under_way[task] = None
                try:
                    warning = await execute(task, self._clock, self._on_report)
                    if warning is not None:
                        self._warnings.append(warning)
                finally:
                    del self._under_way[task]
                    self._tasks_executed += 1
        except BaseException:
            self._lose_the_rest()
            raise
        finally:
            self._passes -= 1
            self._end(current)
        self._raise_warning()

    def start(self) -> None:
        """Run the tasks that have been added, now and concurrently, without being awaited.

        Raises RuntimeError outside a running event loop.
        """
        loop = asyncio.get_running_loop()
        current = activity.get()
        current.begin(self)
        queue, self._queue = self._queue, []
        for task in queue:
            running = loop.create_task(self._execute(task), name=task.name)
            self._under_way[task] = running
            running.add_done_callback(functools.partial(self._forget, task, current))
        self._end(current)

    async def join(self) -> None:
        """Wait for all tasks that were started, those started meanwhile included.

        Raises `SlowTaskWarning`, when all have ended, where a filter made it an error.
        """
        while started := self._started():
            await asyncio.wait(started)
        self._raise_warning()

    def unfinished(self) -> Sequence[str]:
        """Return the names of the tasks that are to run or running, those in a response first."""
        return [task.name for task in (*self._under_way, *(self._queue if self._passes else ()))]

    def cancel(self) -> Sequence[asyncio.Task[None]]:
        """Cancel the tasks that were started, and return what runs them."""
        started = self._started()
        for running in started:
            running.cancel()
        return started

    def _add(
        self,
        given: GivenOptions | None,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        if not callable(func):
            raise TypeError(_not_callable(func))
        options = self._options
        fixed = options_of(func)
        if fixed or given:
            options = options.updated({**fixed, **(given or {})})
        self._queue.append(QueuedTask(func, args, kwargs, options, self._clock.wall_ns()))

    async def _execute(self, task: QueuedTask) -> None:
        try:
            warning = await execute(task, self._clock, self._on_report)
            if warning is not None:
                self._warnings.append(warning)
        finally:
            self._tasks_executed += 1

    def _started(self) -> list[asyncio.Task[None]]:
        return [running for running in self._under_way.values() if running is not None]

    def _forget(self, task: QueuedTask, current: Activity, _running: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.has_begun:
            self._lose([task])
        self._end(current)

    def _end(self, current: Activity) -> None:
        if not self._passes and not self._under_way:
            current.end(self)

    def _lose_the_rest(self) -> None:
        if not self._passes > 1:
            lost, self._queue = self._queue, []
            self._lose(lost)

    def _lose(self, lost: Sequence[QueuedTask]) -> None:
        if not lost:
            return
        logger.warning("Cancelled before they began: background tasks %s", ", ".join(f"'{task.name}'" for task in lost))
        for task in lost:
            publish(TaskReport(task.name, Outcome.CANCELLED, task.place, 0.0), self._on_report)

    def _raise_warning(self) -> None:
        warnings, self._warnings = self._warnings, []
        if warnings:
            raise warnings[0]


class TasksWithOptions:
    """A view of a `BackgroundTasks` that gives its options to the tasks added through it."""

    __slots__ = ("_options", "_tasks")

    def __init__(self, tasks: BackgroundTasks, options: GivenOptions) -> None:
        self._tasks = tasks
        self._options = options

    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Add `func(*args, **kwargs)` with these options; see `BackgroundTasks.add_task`."""
        self._tasks._add(self._options, func, args, kwargs)  # noqa: SLF001  the other half of one class

    def with_options(self, **options: Unpack[GivenOptions]) -> TasksWithOptions:
        """Return a view with these options on top."""
        check_options(options)
        return TasksWithOptions(self._tasks, {**self._options, **options})


def _not_callable(func: object) -> str:
    message = f"Task must be callable, not {type(func).__name__}"
    if inspect.iscoroutine(func):
        name = func.__qualname__
        func.close()
        return f"{message}: write add_task({name}, …) for add_task({name}(…)), and the task makes the call"
    if inspect.isawaitable(func):
        return f"{message}: hand over the function that makes it, with its arguments"
    return message
