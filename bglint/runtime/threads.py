"""Runs plain functions in threads of their own.

One daemon thread for each run: a task that was abandoned takes no worker away from the next, keeps no server from
exiting, and no idle thread is left behind. Starting one costs about what handing work to a pool does.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_THREADS: Final = 40
"""Sync tasks of one event loop that run at the same time; the others wait for their turn."""

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def thread_slots() -> asyncio.Semaphore:
    """Return the running loop's semaphore, one of which every sync task holds for as long as it is waited for."""
    loop = asyncio.get_running_loop()
    slots = _slots.get(loop)
    if slots is None:
        slots = _slots[loop] = asyncio.Semaphore(MAX_THREADS)
    return slots


async def run_in_thread(
    function: Callable[[], object], *, name: str, on_late_end: Callable[[BaseException | None], object]
) -> Any:
    """Call `function` in a new thread, with a copy of this context, and return or raise what it does.

    Cancelling this leaves the thread running; `on_late_end` is then called, on the event loop while there is one,
    once it has ended.
    """
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    ended: asyncio.Future[tuple[object, BaseException | None]] = loop.create_future()

    def deliver(result: object, error: BaseException | None) -> None:
        if ended.cancelled():
            on_late_end(error)
        else:
            ended.set_result((result, error))

    def run() -> None:
        result, error = None, None
        try:
            result = context.run(function)
        except BaseException as raised:  # SystemExit and StopIteration are the task's failure as well
            error = raised
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:  # the loop has been closed meanwhile
            on_late_end(error)

    threading.Thread(target=run, name=f"background task {name}", daemon=True).start()
    result, error = await ended
    if error is None:
        return result
    try:
        raise error
    finally:
        del error
