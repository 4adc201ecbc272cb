"""Knows which tasks are under way, and waits for them on shutdown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bglint.runtime.per_loop import PerLoop
from bglint.runtime.report import logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CANCEL_GRACE_S: Final = 1.0
"""Seconds that `drain` gives the tasks it cancels to clean up."""


class UnderWay(Protocol):
    """Something that has tasks to finish."""

    def unfinished(self) -> Sequence[str]:
        """Return the names of the tasks that have not ended yet."""

    def cancel(self) -> Sequence[asyncio.Task[None]]:
        """Cancel the tasks that run in the background of the loop, and return them."""


class Activity:
    """What is under way on one event loop."""

    def __init__(self) -> None:
        self._runs: dict[int, UnderWay] = {}
        self._changed = asyncio.Event()

    def begin(self, run: UnderWay) -> None:
        """Note that `run` has tasks to finish from now on."""
        self._runs[id(run)] = run

    def end(self, run: UnderWay) -> None:
        """Note that it has none any more."""
        self._runs.pop(id(run), None)
        self._changed.set()

    def __iter__(self) -> Iterator[UnderWay]:
        return iter(list(self._runs.values()))

    async def settled(self) -> None:
        """Return as soon as nothing is under way."""
        while self._runs:
            self._changed.clear()
            await self._changed.wait()


activity: Final = PerLoop(Activity)
"""What is under way on the running event loop."""


@dataclass(frozen=True, slots=True)
class Drained:
    """How a drain ended: the names of the tasks that were `lost`, in the order they were begun."""

    lost: tuple[str, ...]


async def drain(timeout: float | None = 10.0) -> Drained:
    """Wait up to `timeout` seconds (None: without limit) for the background tasks of this event loop.

    For the shutdown of an application. What is not finished then is lost: it is named in the result and in a warning;
    tasks that were started with `.start()` are cancelled, those in a response are left to the server.
    """
    current = activity.get()
    try:
        async with asyncio.timeout(timeout):
            await current.settled()
    except TimeoutError:
        pass
    runs = list(current)
    lost = tuple(name for run in runs for name in run.unfinished())
    if lost:
        count = "1 background task was" if len(lost) == 1 else f"{len(lost)} background tasks were"
        logger.warning("%s lost on shutdown after %gs: %s", count, timeout, ", ".join(lost))
    cancelled = [task for run in runs for task in run.cancel()]
    if cancelled:
        await asyncio.wait(cancelled, timeout=CANCEL_GRACE_S)
    return Drained(lost)
