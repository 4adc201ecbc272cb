"""Which files are read and which folders are listed, noted for whoever wants to know what an answer rests on.

Whoever reads a file or lists a folder of the project tells it here, whether that succeeds or not: what is not there
counts as well, since it may come into being.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Noted:
    """The paths of files that were read and of folders that were listed."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.folders: set[str] = set()


_listeners: list[Noted] = []


@contextmanager
def noting() -> Iterator[Noted]:
    """Note what this process reads and lists."""
    noted = Noted()
    _listeners.append(noted)
    try:
        yield noted
    finally:
        _listeners.remove(noted)


def is_noting() -> bool:
    """Whether anybody wants to know what is read and listed."""
    return bool(_listeners)


def note_file(path: str) -> None:
    """Tell of a file that is read."""
    for noted in _listeners:
        noted.files.add(path)


def note_folder(path: str) -> None:
    """Tell of a folder that is listed."""
    for noted in _listeners:
        noted.folders.add(path)


def note_all(files: Iterable[str], folders: Iterable[str]) -> None:
    """Tell of what another process has read and listed for this one."""
    for noted in _listeners:
        noted.files.update(files)
        noted.folders.update(folders)
