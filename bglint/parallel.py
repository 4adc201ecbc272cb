"""Work in several processes: copies of this one take numbers from a common pipe until none is left.

Only a copy can share what has been read so far, so there is one process where the system has no `fork`, or threads run.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

T = TypeVar("T")

_NUMBER_BYTES = 4
_PIPE_BYTES = 1 << 16
_LOOK_S: Final = 0.05
"""How often it is looked what other processes have found, once there is nothing left to do here."""


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
) -> Generator[tuple[int, T]]:
    """Yield what `work` gives for each of the numbers below `count`, as it comes in from up to `jobs` processes.

    `work` takes numbers and yields what it found for each; `encode` makes JSON of that. `meanwhile` is called here once
    the other processes are at work. What a process that failed leaves is done here, so that its error is raised here.
    """
    if jobs < 2 or count < 2 or not _can_fork() or count * _NUMBER_BYTES > _PIPE_BYTES:
        if meanwhile is not None:
            meanwhile()
        yield from work(range(count))
        return
    reading, writing = os.pipe()
    os.write(writing, b"".join(number.to_bytes(_NUMBER_BYTES, "big") for number in range(count)))
    os.close(writing)
    ended, at_work = os.pipe()
    left = set(range(count))
    others: list[_Other[T]] = []

    def news() -> Iterator[tuple[int, T]]:
        for other in others:
            for number, value in other.news(decode):
                left.discard(number)
                yield number, value

    try:
        others += [_Other(reading, work, encode) for _ in range(min(jobs, count) - 1)]
        os.close(at_work)
        if meanwhile is not None:
            meanwhile()
        for number, value in work(_numbers(reading)):
            left.discard(number)
            yield number, value
            yield from news()
        while not select.select([ended], [], [], _LOOK_S)[0]:
            yield from news()
        yield from news()
    finally:
        os.close(reading)
        os.close(ended)
        for other in others:
            other.end()
    yield from work(sorted(left))


def in_order(arriving: Iterable[tuple[int, T]]) -> Iterator[T]:
    """Yield the values of the numbers 0, 1, 2 …, each once all before it have come in."""
    waiting: dict[int, T] = {}
    following = 0
    for number, value in arriving:
        waiting[number] = value
        while following in waiting:
            yield waiting.pop(following)
            following += 1


def _can_fork() -> bool:
    """Whether a copy of this process would work: threads would be missing in it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _numbers(pipe: int) -> Iterator[int]:
    """Take numbers from the pipe, each of which one process gets, until none is left."""
    while data := os.read(pipe, _NUMBER_BYTES):
        yield int.from_bytes(data, "big")


class _Other(Generic[T]):
    """Another process at work, and the file in memory that it writes what it finds to, one a line.

    It holds the end of every pipe that is open here; those of the pipes that nobody writes to are closed when it ends.
    """

    def __init__(
        self, pipe: int, work: Callable[[Iterable[int]], Iterable[tuple[int, T]]], encode: Callable[[T], Any]
    ) -> None:
        self._file = os.memfd_create("bglint")
        self._read = 0
        self._process = os.fork()
        if self._process:
            return
        try:
            with contextlib.suppress(BaseException):  # what is missing in the end, the first process does
                for number, value in work(_numbers(pipe)):
                    os.write(self._file, json.dumps([number, encode(value)]).encode("ascii") + b"\n")
        finally:
            os._exit(0)  # nothing of what the first process has begun is to be ended twice

    def news(self, decode: Callable[[Any], T]) -> Iterator[tuple[int, T]]:
        """Yield what it has found since it was asked last."""
        size = os.fstat(self._file).st_size
        data = os.pread(self._file, size - self._read, self._read) if size > self._read else b""
        whole = data[: data.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            number, value = json.loads(line)
            yield number, decode(value)

    def end(self) -> None:
        """Stop it where it is still at work."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._file)
