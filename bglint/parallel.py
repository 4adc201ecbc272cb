"""Work in several processes: copies of this one take numbers from a common pipe until none is left.

Only a copy can share what has been read so far, so there is one process where the system has no `fork`, or threads run.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")

_NUMBER_BYTES = 4
_PIPE_BYTES = 1 << 16


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def spread(
    count: int,
    jobs: int,
    work: Callable[[Iterable[int]], Iterable[tuple[int, T]]],
    *,
    encode: Callable[[T], Any] = lambda value: value,
    decode: Callable[[Any], T] = lambda value: value,
    meanwhile: Callable[[], object] | None = None,
) -> dict[int, T]:
    """What `work` gives for each of the numbers below `count`, done by up to `jobs` processes.

    `work` takes numbers and yields what it found for each; `encode` makes JSON of that. `meanwhile` is called here once
    the other processes are at work. What a process that failed leaves is done here, so that its error is raised here.
    """
    if jobs < 2 or count < 2 or not _can_fork() or count * _NUMBER_BYTES > _PIPE_BYTES:
        if meanwhile is not None:
            meanwhile()
        return dict(work(range(count)))
    reading, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in range(count)))
    os.close(writing)
    others: list[tuple[int, int]] = []
    try:
        others += [_start(reading, work, encode) for _ in range(min(jobs, count) - 1)]
        if meanwhile is not None:
            meanwhile()
        found = dict(work(_numbers(reading)))
        while others:
            process, file = others[-1]
            os.waitpid(process, 0)
            others.pop()
            found |= _results(file, decode)
    finally:
        os.close(reading)
        for process, file in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(file)
    found |= dict(work([number for number in range(count) if number not in found]))
    return found


def _can_fork() -> bool:
    """Whether a copy of this process would work: threads would be missing in it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _numbers(pipe: int) -> Iterator[int]:
    """Take numbers from the pipe, each of which one process gets, until none is left."""
    while data := os.read(pipe, _NUMBER_BYTES):
        yield int.from_bytes(data, "big")


def _start(
    pipe: int, work: Callable[[Iterable[int]], Iterable[tuple[int, T]]], encode: Callable[[T], Any]
) -> tuple[int, int]:
    """Let another process work; return its id, and the file in memory that it writes what it finds to, one a line."""
    file = os.memfd_create("bglint")
    process = os.fork()
    if process:
        return process, file
    try:
        with contextlib.suppress(BaseException), open(file, "w", encoding="ascii") as lines:  # noqa: PTH123 - no path
            # What is missing in the end, the other process does.
            lines.writelines(json.dumps([number, encode(value)]) + "\n" for number, value in work(_numbers(pipe)))
    finally:
        os._exit(0)  # nothing of what the other process has begun is to be ended twice


def _results(file: int, decode: Callable[[Any], T]) -> dict[int, T]:
    """What another process found, as far as it got."""
    os.lseek(file, 0, os.SEEK_SET)
    found = {}
    with open(file, encoding="ascii") as lines:
        for line in lines:
            if line.endswith("\n"):
                number, value = json.loads(line)
                found[number] = decode(value)
    return found
