"""Runs plain functions in worker threads of the runtime's own.

They are daemons and not a framework's: a task that was abandoned keeps no server from exiting, and heavy tasks take no
thread from the endpoints. A thread that has had nothing to do for some seconds ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
from typing import TYPE_CHECKING, Any, Final

from bglint.runtime.per_loop import PerLoop

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_THREADS: Final = 40
"""Sync tasks of one event loop that run at the same time; the others wait for their turn."""

IDLE_S: Final = 5.0
"""Seconds without work after which a thread ends."""

thread_slots: Final = PerLoop(lambda: asyncio.Semaphore(MAX_THREADS))
"""What a sync task holds for as long as it is waited for."""


async def run_in_thread(function: Callable[[], object], on_late_end: Callable[[BaseException | None], object]) -> Any:
    """Call `function` in a worker thread, with a copy of this context, and return or raise what it does.

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

    def run() -> Callable[[], None]:
        result, error = None, None
        try:
            result = context.run(function)
        except BaseException as raised:  # SystemExit and StopIteration are the task's failure as well
            error = raised
        return lambda: send(result, error)

    def send(result: object, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(deliver, result, error)
        except RuntimeError:  # the loop has been closed meanwhile
            on_late_end(error)

    _idle_thread().work.put(run)
    result, error = await ended
    if error is None:
        return result
    try:
        raise error
    finally:
        del error


class _WorkerThread(threading.Thread):
    """A thread that does one piece of work after the other, and waits for the next among the idle ones."""

    def __init__(self) -> None:
        super().__init__(name="bglint background tasks", daemon=True)
        self.work: queue.SimpleQueue[Callable[[], Callable[[], None]]] = queue.SimpleQueue()

    def run(self) -> None:
        while True:
            try:
                work = self.work.get(timeout=IDLE_S)
            except queue.Empty:
                if _retire(self):
                    return
                work = self.work.get()  # it has just been chosen
            tell = work()
            with _idle_lock:
                _idle.append(self)  # before it tells, so that whoever hears of it finds this thread for the next
            tell()
            del work, tell  # they would keep the task's arguments while the thread is idle


def _forget_threads() -> None:
    _idle.clear()  # no thread but the one that forked is in the child
    _idle_lock.release()


_idle: list[_WorkerThread] = []
_idle_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_idle_lock.acquire, after_in_parent=_idle_lock.release, after_in_child=_forget_threads)


def _idle_thread() -> _WorkerThread:
    with _idle_lock:
        if _idle:
            return _idle.pop()
    thread = _WorkerThread()
    thread.start()
    return thread


def _retire(thread: _WorkerThread) -> bool:
    with _idle_lock:
        if thread in _idle:
            _idle.remove(thread)
            return True
    return False
