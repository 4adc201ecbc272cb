"""What became of a task: the report, the slow-task warning, and who hears of it."""

from __future__ import annotations

import enum
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bglint.contract import (
    DEFAULT_SLOW_TASK_MS,
    ONLY_WAITED_SENTENCE,
    default_queue,
    held_loop_sentence,
    shared_loop_sentence,
    slow_task_message,
    used_cpu_sentence,
)
from bglint.runtime.options import underlying

logger: Final = logging.getLogger("bglint.runtime")


class SlowTaskWarning(RuntimeWarning):
    """A background task took longer than its threshold."""


class Outcome(enum.StrEnum):
    """How a task ended; `OFFLOADED` ones go on elsewhere."""

    FINISHED = "finished"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    OFFLOADED = "offloaded"


class Place(enum.StrEnum):
    """Where a task ran."""

    EVENT_LOOP = "event loop"
    WORKER_THREAD = "worker thread"
    PROCESS = "process"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What one task did, all times in milliseconds.

    `queued_ms` passed before it began, `duration_ms` is its wall time from there, `cpu_ms` the CPU time of the thread
    or process it ran in (its own threads, such as those of BLAS, not counted). `busy_ms` is how long it held the event
    loop in all, `longest_block_ms` the longest stretch of that; both are 0 off the loop. `threshold_ms` is what it
    was measured against, None where nothing was. `error` is what ended it when it did not finish.
    """

    name: str
    outcome: Outcome
    place: Place
    duration_ms: float
    queued_ms: float = 0.0
    cpu_ms: float = 0.0
    busy_ms: float = 0.0
    longest_block_ms: float = 0.0
    threshold_ms: float | None = None
    error: BaseException | None = None

    @property
    def is_slow(self) -> bool:
        """Whether it took longer than its threshold."""
        return self.threshold_ms is not None and self.duration_ms > self.threshold_ms

    @property
    def finding(self) -> str:
        """The sentence that says what the time was spent on."""
        threshold_ms = DEFAULT_SLOW_TASK_MS if self.threshold_ms is None else self.threshold_ms
        notable_ms = max(min(threshold_ms, DEFAULT_SLOW_TASK_MS) / 2, 1)
        if self.longest_block_ms >= notable_ms:
            return held_loop_sentence(self.longest_block_ms)
        if self.busy_ms >= notable_ms:
            return shared_loop_sentence(self.busy_ms, self.longest_block_ms)
        if self.place is Place.WORKER_THREAD and self.cpu_ms >= notable_ms:
            return used_cpu_sentence(self.cpu_ms)
        return ONLY_WAITED_SENTENCE


Listener = Callable[[TaskReport], object]

_listeners: list[Listener] = []


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call `listener` with the report of every task of this process, until the returned function is called.

    It is called in the thread of the event loop, must be quick, and what it raises is logged and changes nothing.
    """
    _listeners.append(listener)

    def unsubscribe() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return unsubscribe


def publish(report: TaskReport, listener: Listener | None = None) -> None:
    """Hand the report to the listeners, `listener` before those of the process."""
    for hear in (*((listener,) if listener else ()), *_listeners):
        try:
            hear(report)
        except Exception:
            logger.exception("A listener failed on the report of background task '%s'", report.name)


def has_listeners() -> bool:
    """Tell whether anybody in this process hears of every task."""
    return bool(_listeners)


def conclude(
    report: TaskReport, function: Callable[..., object], listener: Listener | None, *, runs_on: bool
) -> SlowTaskWarning | None:
    """Warn of the task if it was slow, and publish its report; returns what `warn_if_slow` does.

    One that was given up and `runs_on` is warned of only when it has ended: before, nobody knows what it used.
    """
    warning = None if runs_on else warn_if_slow(report, function)
    publish(report, listener)
    return warning


def warn_if_slow(report: TaskReport, function: Callable[..., object]) -> SlowTaskWarning | None:
    """Log a slow task and warn of it; return the warning where a filter has made an error of it."""
    if not report.is_slow or report.threshold_ms is None:
        return None
    message = slow_task_message(
        report.name,
        report.duration_ms,
        threshold_ms=report.threshold_ms,
        queue=default_queue().name,
        finding=report.finding,
    )
    logger.warning(
        message,
        extra={
            "task_name": report.name,
            "duration_ms": report.duration_ms,
            "cpu_ms": report.cpu_ms,
            "longest_block_ms": report.longest_block_ms,
            "threshold_ms": report.threshold_ms,
        },
    )
    function = underlying(function)
    code = getattr(function, "__code__", None)
    try:
        # Without a registry: every message differs by its figures, and one that remembers them all would only grow.
        warnings.warn_explicit(
            SlowTaskWarning(message),
            None,
            getattr(code, "co_filename", f"<{report.name}>"),
            getattr(code, "co_firstlineno", 1),
            module=getattr(function, "__module__", None) or __name__,
        )
    except SlowTaskWarning as raised:
        return raised
    return None
