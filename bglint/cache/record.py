"""What a run reads and looks for, noted as it does, and whether all of that is still as it was.

Python itself tells of every file that is opened and every folder that is listed, whether that succeeds or not; so
nothing that a verdict rests on can be forgotten, and a file that comes into being counts.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SETTLED_S: Final = 2.0
"""How long ago something must have changed for its times to tell it from a later change."""
FOLDER: Final = ".bglint_cache"
"""The cache's own folder, which is no change of the one that it lies in."""

_EVENTS: Final = frozenset({"open", "bglint.read", "os.listdir", "os.scandir"})

Seen = list[tuple[str, str]]
"""Paths, each with a mark of what was there: empty for nothing."""


class Record:
    """The paths that were opened or listed."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()

    def seen(self, started: float) -> Seen | None:
        """What is there now; None where something changed so shortly before the run that it may change unnoticed."""
        limit = int((started - SETTLED_S) * 1e9)
        marks: Seen = []
        for path in sorted(self.files - self.folders):
            mark, changed = _file_mark(path)
            if changed > limit:
                return None
            marks.append((path, mark))
        for path in sorted(self.folders):
            marks.append((path + os.sep, _folder_mark(path)))
        return marks


def is_unchanged(seen: Iterable[tuple[str, str]]) -> bool:
    """Whether what was seen is there still, and nothing else."""
    return all(
        (_folder_mark(path[:-1]) if path.endswith(os.sep) else _file_mark(path)[0]) == mark for path, mark in seen
    )


def _file_mark(path: str) -> tuple[str, int]:
    """What tells the content of a file from any other, and when it changed last (ns since the epoch)."""
    try:
        found = os.stat(path)  # noqa: PTH116 - plain strings all the way
    except (OSError, ValueError):
        return "", 0
    if not stat.S_ISREG(found.st_mode):
        return "other", 0
    changed = max(found.st_mtime_ns, found.st_ctime_ns)
    return f"{found.st_size:x} {found.st_mtime_ns:x} {found.st_ctime_ns:x} {found.st_ino:x} {found.st_dev:x}", changed


def _folder_mark(path: str) -> str:
    """What tells the entries of a folder from any others."""
    try:
        with os.scandir(path) as entries:
            names = sorted(f"{each.name}\0{each.is_dir()}" for each in entries if each.name != FOLDER)
    except OSError:
        return ""
    return sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()[:32]


_records: list[Record] = []
_hooked: list[bool] = []


@contextmanager
def recording() -> Iterator[Record]:
    """Note what this process opens and lists."""
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_note)
    record = Record()
    _records.append(record)
    try:
        yield record
    finally:
        _records.remove(record)


def is_recording() -> bool:
    """Whether anybody wants to know what is opened and listed."""
    return bool(_records)


def note(files: Iterable[str], folders: Iterable[str]) -> None:
    """Note what another process has opened and listed for this one."""
    for record in _records:
        record.files.update(files)
        record.folders.update(folders)


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _records and event in _EVENTS and isinstance(arguments[0], str):
        for record in _records:
            (record.folders if event.startswith("os.") else record.files).add(arguments[0])
