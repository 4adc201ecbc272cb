"""What a worker process of a `ProcessPool` does."""

from __future__ import annotations

import asyncio
import pickle
import signal
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.contract import is_async_callable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call took, in nanoseconds, and what it raised."""

    wall_ns: int
    cpu_ns: int
    error: BaseException | None


def serve(pipe: Connection) -> None:
    """Run one pickled call after the other, until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which says what is to end here
    while True:
        try:
            payload = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(_pickled(_run(payload)))


def _run(payload: bytes) -> Reply:
    started, computed = time.perf_counter_ns(), time.process_time_ns()
    error: BaseException | None = None
    try:
        function, args, kwargs = pickle.loads(payload)  # noqa: S301  it comes from our own parent
        if is_async_callable(function):
            asyncio.run(function(*args, **kwargs))
        else:
            function(*args, **kwargs)
    except BaseException as raised:  # a SystemExit is the task's failure, and no reason to end
        raised.add_note(f"In the worker process:\n{traceback.format_exc()}")
        error = raised
    return Reply(time.perf_counter_ns() - started, time.process_time_ns() - computed, error)


def _pickled(reply: Reply) -> bytes:
    try:
        pickled = pickle.dumps(reply)
        pickle.loads(pickled)  # noqa: S301  an exception may refuse to be made again
    except Exception:
        notes = getattr(reply.error, "__notes__", [])
        error = RuntimeError(f"{type(reply.error).__qualname__}: {reply.error}")
        for note in notes:
            error.add_note(note)
        return pickle.dumps(Reply(reply.wall_ns, reply.cpu_ns, error))
    return pickled
