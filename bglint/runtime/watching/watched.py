"""One watched task: run as the framework would, measured, reported."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bglint.runtime.draining import activity
from bglint.runtime.limits import Deadline, Stopped, TaskTimeout, was_cancelled_from_outside
from bglint.runtime.measure import duration_ns, measured, timed
from bglint.runtime.options import name_of, options_of
from bglint.runtime.report import Outcome, Place, TaskReport, conclude, has_listeners, logger, warn_if_slow

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from bglint.runtime.measure import Usage
    from bglint.runtime.report import SlowTaskWarning
    from bglint.runtime.watching.settings import WatchSettings

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(slots=True, eq=False)
class WatchedTask:
    """A framework's own background task, for as long as it runs."""

    function: Callable[..., Any]
    place: Place
    settings: WatchSettings
    usage: Usage
    _given_up: bool = False

    @property
    def name(self) -> str:
        """The name that `task_options` fixed, else the function's."""
        return options_of(self.function).get("name") or name_of(self.function)

    def unfinished(self) -> Sequence[str]:
        """Return its name: it runs."""
        return [self.name]

    def cancel(self) -> Sequence[asyncio.Task[None]]:
        """Cancel nothing: it belongs to the server."""
        return []

    def timed(self, function: Callable[P, T]) -> Callable[P, T]:
        """Wrap what will run in a worker thread, so that its usage is written down."""
        timed_function = timed(function, self.usage, self.settings.clock)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return timed_function(*args, **kwargs)
            finally:
                if self._given_up:
                    warn_if_slow(self._report(Outcome.TIMED_OUT, None), self.function)

        return call

    async def run(self, call: Coroutine[Any, Any, None]) -> None:
        """Await the framework's own call; raises what that raises."""
        outcome = Outcome.FINISHED
        error: BaseException | None = None
        current = activity.get()
        current.begin(self)
        try:
            await self._run_within_its_time(call)
        except TaskTimeout as timeout:
            outcome, error = Outcome.TIMED_OUT, timeout
            self._raise_unless_isolated(timeout)
        except asyncio.CancelledError as cancelled:
            outcome, error = Outcome.CANCELLED, cancelled
            if was_cancelled_from_outside():
                raise
            self._raise_unless_isolated(cancelled)
        except BaseException as failure:  # raised again, unless isolation was asked for
            outcome, error = Outcome.FAILED, failure
            if isinstance(failure, KeyboardInterrupt | GeneratorExit):
                raise
            self._raise_unless_isolated(failure)
        finally:
            current.end(self)
            runs_on = self._given_up = self.place is Place.WORKER_THREAD and self.usage.ended_ns is None
            warning = self._conclude(outcome, error, runs_on=runs_on)
            del error  # it holds the traceback, which holds this frame
        if warning is not None:
            raise warning

    async def _run_within_its_time(self, call: Coroutine[Any, Any, None]) -> None:
        timeout, clock = self.settings.timeout, self.settings.clock
        on_loop = self.place is Place.EVENT_LOOP
        if timeout is None:
            await (measured(call, self.usage, clock) if on_loop else call)
            return
        with Deadline(timeout, self, Stopped.CANCELLED if on_loop else Stopped.ABANDONED) as deadline:
            if on_loop:
                await measured(call, self.usage, clock, deadline.start)
                deadline.check(self.usage)
            else:
                deadline.start()
                await call
                deadline.check_duration(duration_ns(self.usage))

    def _raise_unless_isolated(self, error: BaseException) -> None:
        if not self.settings.isolate:
            raise error
        text = str(error) if isinstance(error, TaskTimeout) else f"Background task '{self.name}' failed"
        logger.error("%s", text, exc_info=error, extra={"task_name": self.name})

    def _conclude(self, outcome: Outcome, error: BaseException | None, *, runs_on: bool) -> SlowTaskWarning | None:
        listener, slow_task_ms = self.settings.on_report, self._slow_task_ms
        is_slow = slow_task_ms is not None and self._duration_ms > slow_task_ms
        if not is_slow and listener is None and not has_listeners():
            return None
        return conclude(self._report(outcome, error), self.function, listener, runs_on=runs_on)

    @property
    def _slow_task_ms(self) -> float | None:
        return options_of(self.function).get("slow_task_ms", self.settings.slow_task_ms)

    @property
    def _duration_ms(self) -> float:
        return ((self.usage.ended_ns or self.settings.clock.wall_ns()) - self.usage.started_ns) / 1e6

    def _report(self, outcome: Outcome, error: BaseException | None) -> TaskReport:
        return TaskReport(
            self.name,
            outcome,
            self.place,
            self._duration_ms,
            0.0,
            self.usage.cpu_ns / 1e6,
            self.usage.busy_ns / 1e6,
            self.usage.longest_ns / 1e6,
            self._slow_task_ms,
            error,
        )
