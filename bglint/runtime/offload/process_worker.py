"""What a worker process of a `ProcessPool` does."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bglint.contract import is_async_callable

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

BEGUN: Final = b""
"""What is sent before the function is called; the imports that a new process needs are done then."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call took, in nanoseconds, and what it raised."""

    wall_ns: int
    cpu_ns: int
    error: BaseException | None


def serve(pipe: Connection) -> None:
    """Run one pickled call after the other, until the other end of the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which says what is to end here
    if hasattr(os, "setpgid"):
        os.setpgid(0, 0)  # so that it can be killed with the programs it runs
    while True:
        try:
            payload = pipe.recv_bytes()
            pipe.send_bytes(_pickled(_run(payload, pipe)))
        except (EOFError, BrokenPipeError):  # nobody is there to hear of it
            return


def _run(payload: bytes, pipe: Connection) -> Reply:
    begun_ns, computed_ns = time.perf_counter_ns(), time.process_time_ns()
    error: BaseException | None = None
    try:
        function, args, kwargs = pickle.loads(payload)  # noqa: S301  it comes from our own parent
        pipe.send_bytes(BEGUN)
        begun_ns, computed_ns = time.perf_counter_ns(), time.process_time_ns()
        if is_async_callable(function):
            asyncio.run(function(*args, **kwargs))
        else:
            function(*args, **kwargs)
    except BaseException as raised:  # a SystemExit is the task's failure, and no reason to end
        raised.add_note(f"In the worker process:\n{traceback.format_exc()}")
        error = raised
    return Reply(time.perf_counter_ns() - begun_ns, time.process_time_ns() - computed_ns, error)


def _pickled(reply: Reply) -> bytes:
    try:
        pickled = pickle.dumps(reply)
        pickle.loads(pickled)  # noqa: S301  an exception may refuse to be made again
    except Exception:
        error = RuntimeError(f"{type(reply.error).__qualname__}: {_text(reply.error)}")
        for note in getattr(reply.error, "__notes__", []):
            error.add_note(note)
        return pickle.dumps(Reply(reply.wall_ns, reply.cpu_ns, error))
    return pickled


def _text(error: BaseException | None) -> str:
    try:
        return str(error)
    except Exception:
        return "it says nothing that could be sent"
