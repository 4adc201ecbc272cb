"""Finding the files that may register a task among all, on several processors where they are many."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from bglint.discovery import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bglint.registrations.words import Words

FILES_FOR_A_PROCESS: Final = 2000
"""How many files one more process is worth: fewer are read while it starts."""

Group = tuple["Sequence[str]", "Words"]
"""The files of one folder, and the words that are looked for in them."""


def candidates(groups: Sequence[Group], jobs: int = 1) -> list[str]:
    """The files that may register a task, in order, found by up to `jobs` processes. What cannot be read is one."""
    count = min(jobs, sum(len(paths) for paths, _ in groups) // FILES_FOR_A_PROCESS)
    parts = [range(first, len(groups), count) for first in range(count)] if count > 1 and _can_fork() else []
    if not parts:
        return [groups[at][0][index] for at, index in _found(groups, range(len(groups)))]
    others = [(part, *_start(groups, part)) for part in parts[1:]]
    found = _found(groups, parts[0])
    for part, process, pipe in others:
        found += _finish(groups, part, process, pipe)
    return [groups[at][0][index] for at, index in sorted(found)]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _can_fork() -> bool:
    """Whether a copy of this process would work: threads would be missing in it."""
    return sys.platform == "linux" and threading.active_count() == 1


def _found(groups: Sequence[Group], part: Iterable[int]) -> list[tuple[int, int]]:
    """The candidates in some of the groups, by the numbers of group and file."""
    reader = TextReader()
    return [
        (at, index)
        for at in part
        for index, path in enumerate(groups[at][0])
        if _may_register(path, reader, groups[at][1])
    ]


def _may_register(path: str, reader: TextReader, words: Words) -> bool:
    try:
        size = reader.read(path)
    except OSError:
        return True
    return size is not None and words.may_register(reader.buffer, size)


def _start(groups: Sequence[Group], part: Iterable[int]) -> tuple[int, int]:
    """Let another process look; return its id, and the pipe into which it writes what it finds, one a line."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    status = 1
    try:
        os.close(reading)
        with open(writing, "w", encoding="ascii") as pipe:
            pipe.writelines(f"{at} {index}\n" for at, index in _found(groups, part))
        status = 0
    finally:
        os._exit(status)  # nothing of what the parent has begun is to be ended twice


def _finish(groups: Sequence[Group], part: Iterable[int], process: int, pipe: int) -> list[tuple[int, int]]:
    """What another process found; where that went wrong, this one looks."""
    with open(pipe, encoding="ascii") as lines:
        found = [tuple(map(int, line.split())) for line in lines]
    _, status = os.waitpid(process, 0)
    if status:
        return _found(groups, part)
    for at in part:
        for path in groups[at][0]:
            sys.audit("bglint.read", path)  # what another process has opened, nobody heard of here
    return [(at, index) for at, index in found]
