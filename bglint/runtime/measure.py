"""What a running task uses: time, CPU, and the event loop."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

    from bglint.runtime.clock import Clock

P = ParamSpec("P")
T = TypeVar("T")


class Usage:
    """What one run of a task has used so far, in nanoseconds.

    `busy_ns` sums the stretches for which a task held the event loop, `longest_ns` is the longest of them and
    `last_ns` the last.
    """

    __slots__ = ("busy_ns", "cpu_ns", "ended_ns", "last_ns", "longest_ns", "started_ns")

    def __init__(self, started_ns: int) -> None:
        self.started_ns = started_ns
        self.ended_ns: int | None = None
        self.cpu_ns = 0
        self.busy_ns = 0
        self.longest_ns = 0
        self.last_ns = 0


def duration_ns(usage: Usage) -> int:
    """Return how long a run took that has ended, 0 for one that has not."""
    return 0 if usage.ended_ns is None else usage.ended_ns - usage.started_ns


@types.coroutine
def measured(
    coroutine: Coroutine[Any, Any, T], usage: Usage, clock: Clock, on_first_wait: Callable[[int], object] | None = None
) -> Generator[Any, Any, T]:
    """Run `coroutine` as `await` would, time every step that it takes on the event loop, and add it up in `usage`.

    A step lasts from the moment the loop resumes the coroutine until it suspends: for that long nothing else runs.
    The first lasts from `usage.started_ns`, and the last sets `usage.ended_ns`.
    `on_first_wait` is called with the nanoseconds of the first step, if there is a second.
    """
    wall_ns, cpu_ns = clock.wall_ns, clock.cpu_ns
    cpu = busy = longest = held = 0
    started = usage.started_ns
    resume: Callable[[Any], Any] = coroutine.send
    sent: Any = None
    try:
        while True:
            computed = cpu_ns()
            try:
                awaited = resume(sent)
            except StopIteration as stop:
                result: T = stop.value
                return result
            finally:
                cpu += cpu_ns() - computed
                ended = wall_ns()
                held = ended - started
                busy += held
                if held > longest:  # noqa: PLR1730  max() costs more, at every step
                    longest = held
            if on_first_wait is not None:
                on_first_wait(held)
                on_first_wait = None
            try:
                sent = yield awaited
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as error:  # whatever is thrown in belongs to the coroutine
                resume, sent = coroutine.throw, error
            else:
                resume = coroutine.send
            started = wall_ns()
    finally:
        usage.ended_ns = ended
        usage.cpu_ns, usage.busy_ns, usage.longest_ns, usage.last_ns = cpu, busy, longest, held


def timed(function: Callable[P, T], usage: Usage, clock: Clock) -> Callable[P, T]:
    """Wrap a plain function so that its run in a worker thread is written down in `usage`."""

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        usage.started_ns, computed = clock.wall_ns(), clock.cpu_ns()
        try:
            return function(*args, **kwargs)
        finally:
            usage.cpu_ns = clock.cpu_ns() - computed
            usage.ended_ns = clock.wall_ns()

    return call
