"""The time limit of a task, and the error that says it was passed."""

from __future__ import annotations

import asyncio
import enum
import itertools
import time
from typing import TYPE_CHECKING, Final, Protocol, Self

from bglint.runtime.per_loop import PerLoop
from bglint.runtime.report import logger

if TYPE_CHECKING:
    from types import TracebackType

    from bglint.runtime.measure import Usage

STUBBORN_S: Final = 5.0
"""Seconds that a cancelled task may take to end before it is called stubborn."""


class Stopped(enum.StrEnum):
    """What became of a task that passed its time limit, as the end of a sentence."""

    CANCELLED = "and was cancelled"
    ABANDONED = "and was abandoned: a thread cannot be stopped, and it runs on"
    KILLED = "and its process was killed"
    OVERRAN = "but held the event loop and could not be cancelled: it ran to its end"
    UNNOTICED = "but ran to its end: the event loop was held meanwhile, and could not give it up"
    IGNORED = "but ignored its cancellation: it ran to its end"


class TaskTimeout(TimeoutError):  # noqa: N818  TimeoutError's own kind of name
    """A background task passed its time limit of `timeout` seconds; `stopped` says what became of it."""

    def __init__(self, task_name: str, timeout: float, stopped: Stopped) -> None:
        super().__init__(f"Background task '{task_name}' timed out after {timeout:g}s {stopped}")
        self.task_name = task_name
        self.timeout = timeout
        self.stopped = stopped

    def __reduce__(self) -> tuple[type[TaskTimeout], tuple[str, float, Stopped]]:
        return type(self), (self.task_name, self.timeout, self.stopped)


class Named(Protocol):
    """Something that can say its name when it is asked."""

    @property
    def name(self) -> str:
        """The name to show."""


class _Alarm:
    """Rings for the deadlines of one length on one event loop, all by one timer: most of them never pass.

    They pass in the order in which they were set: one that starts late counts from the beginning of a step, during
    which no other could start.
    """

    __slots__ = ("_length", "_loop", "_set", "_timer")

    def __init__(self, length: float, loop: asyncio.AbstractEventLoop) -> None:
        self._length = length
        self._loop = loop
        self._set: dict[Deadline, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def set(self, deadline: Deadline, when: float) -> None:
        self._set[deadline] = when
        if self._timer is None:
            self._timer = self._loop.call_at(when, self._ring)

    def unset(self, deadline: Deadline) -> None:
        self._set.pop(deadline, None)

    def _ring(self) -> None:
        now = self._loop.time() + time.get_clock_info("monotonic").resolution
        passed = list(itertools.takewhile(lambda deadline: self._set[deadline] <= now, self._set))
        for deadline in passed:
            del self._set[deadline]
            deadline.expire()
        following = next(iter(self._set.values()), None)
        if following is None:
            _alarms.get().pop(self._length, None)
        else:
            self._timer = self._loop.call_at(following, self._ring)


def _new_alarms() -> dict[float, _Alarm]:
    return {}


_alarms: Final = PerLoop(_new_alarms)


class Deadline:
    """Cancels the body of its `with` once its time has passed, and makes a `TaskTimeout` of that.

    As `asyncio.timeout`, but cheaper, and nothing that passed its time leaves without that error: neither a body that
    swallowed its cancellation, nor one that was not to be cancelled because it held the event loop (see `check`).
    The time runs from `start` on; a body that ends without having waited needs none.
    """

    __slots__ = ("_alarm", "_cancelling", "_handle", "_named", "_passed", "_stopped", "_task", "_timeout", "_when")

    def __init__(self, timeout: float, named: Named, stopped: Stopped = Stopped.CANCELLED) -> None:
        self._timeout = timeout
        self._named = named
        self._stopped = stopped
        self._passed = False
        self._alarm: _Alarm | None = None
        self._handle: asyncio.Handle | None = None

    def start(self, passed_ns: int = 0) -> None:
        """Let the time run, `passed_ns` of which has passed already."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("The time limit of a background task needs asyncio to run it")
        self._task = task
        self._cancelling = task.cancelling()
        loop = task.get_loop()
        alarms = _alarms.get()
        alarm = alarms.get(self._timeout)
        if alarm is None:
            alarm = alarms[self._timeout] = _Alarm(self._timeout, loop)
        self._alarm = alarm
        self._when = loop.time() + self._timeout - passed_ns / 1e9
        alarm.set(self, self._when)

    def expire(self) -> None:
        """Let the time be over."""
        # Where somebody held the event loop, what the body waits for may have come in time: let that go first.
        self._handle = self._task.get_loop().call_soon(self._cancel)

    def check(self, usage: Usage) -> None:
        """Raise `TaskTimeout` where the time ran out during the last step of the body, which `usage` tells of.

        A body that ended late because others held the event loop is not to blame for it.
        """
        if self._passed or usage.ended_ns is None or usage.ended_ns - usage.started_ns < self._timeout * 1e9:
            return
        last_s = usage.last_ns / 1e9
        late_s = last_s - self._timeout if self._alarm is None else self._task.get_loop().time() - self._when
        if 0 < late_s <= last_s:
            raise self._timed_out(Stopped.OVERRAN)

    def check_duration(self, duration_ns: int, error: BaseException | None = None) -> None:
        """Raise `TaskTimeout` where a body that ran elsewhere took longer than its time, however it ended."""
        if duration_ns > self._timeout * 1e9:
            raise self._timed_out(Stopped.UNNOTICED) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._alarm is None:
            return
        self._alarm.unset(self)
        if self._handle is not None:
            self._handle.cancel()
        if not self._passed:
            return
        cancelled_from_outside = self._task.uncancel() > self._cancelling
        if isinstance(error, asyncio.CancelledError):
            if cancelled_from_outside:
                return
            raise self._timed_out(self._stopped) from error
        raise self._timed_out(Stopped.IGNORED) from error

    def _timed_out(self, stopped: Stopped) -> TaskTimeout:
        return TaskTimeout(self._named.name, self._timeout, stopped)

    def _cancel(self) -> None:
        self._passed = True
        self._handle = self._task.get_loop().call_later(STUBBORN_S, self._complain)
        self._task.cancel()

    def _complain(self) -> None:
        logger.error("Background task '%s' was cancelled %gs ago and has not ended", self._named.name, STUBBORN_S)


def was_cancelled_from_outside() -> bool:
    """Whether somebody asked for the current asyncio task's end, as opposed to an error of that type inside it."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
