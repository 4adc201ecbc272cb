"""What tells a file or a folder from what it was: size, times and inode, and its content where these say too little."""

from __future__ import annotations

import os
import stat
from array import array
from typing import TYPE_CHECKING, Final

from bglint.cache import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH: Final = 4
"""How many numbers a mark has: size, time of the content, time of the inode (ns since the epoch), inode."""
ABSENT: Final = (-1, 0, 0, 0)
"""The mark of what is not there."""
OTHER: Final = (-2, 0, 0, 0)
"""The mark of what is no regular file."""
UNTRUSTED: Final = (-3, 0, 0, 0)
"""The mark of what changed so recently that it may change again without another time."""

_INODE: Final = (1 << 63) - 1
_ENDINGS: Final = (".py", ".pyi", ".toml", ".cfg", ".in", ".lock", ".yaml", ".yml", ".txt")
_NAMES: Final = frozenset({"Pipfile", "conda-meta", ".gitignore", ".git"})
"""How the names end, or are, of files whose coming and going may change what is found."""
_ALL: Final = 1 << 20


def marks_of(paths: Iterable[str], *, regular: bool = False) -> array[int]:
    """The marks of files and folders as they are now, one after the other; with `regular` of regular files alone."""
    found = array("q")
    add, look = found.extend, os.stat
    for path in paths:
        try:
            now = look(path)
        except (OSError, ValueError):
            add(ABSENT)
            continue
        if regular and not stat.S_ISREG(now.st_mode):
            add(OTHER)
        else:
            add((now.st_size, now.st_mtime_ns, now.st_ctime_ns, now.st_ino & _INODE))
    return found


def digest_of(path: str) -> str:
    """What tells the content of a file from any other; empty where it cannot be read."""
    from hashlib import sha256  # noqa: PLC0415 - seldom needed

    result = sha256()
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return ""
            while data := os.read(descriptor, _ALL):
                result.update(data)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return ""
    return result.hexdigest()


def names_in(folder: str) -> list[str] | None:
    """The entries of a folder that count, in order, each with what tells its kind; None where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return counting(entries)
    except (OSError, ValueError):
        return None


def counting(entries: Iterable[os.DirEntry[str]]) -> list[str]:
    """The entries that may change what is found by coming or going, in order.

    A folder's name ends in a slash. A link has an `@` before that, as what it leads to may change.
    """
    found = []
    for entry in entries:
        name = entry.name
        if entry.is_file(follow_symlinks=False):
            if name.endswith(_ENDINGS) or name in _NAMES:
                found.append(name)
        elif entry.is_dir(follow_symlinks=False):
            if name != FOLDER:
                found.append(f"{name}/")
        else:
            found.append(f"{name}@{_kind(entry)}" if entry.is_symlink() else f"{name}?")
    return sorted(found)


def _kind(link: os.DirEntry[str]) -> str:
    try:
        return "/" if link.is_dir() else "" if link.is_file() else "!"
    except OSError:  # it leads in circles
        return "!"


def holds_links(names: Iterable[str]) -> bool:
    """Whether one of the entries is a link: what it leads to may change without the folder."""
    return any("@" in name for name in names)
