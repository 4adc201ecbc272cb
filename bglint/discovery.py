"""The Python files that a run looks at: a fast walk that knows excludes, `.gitignore` and virtual environments."""

from __future__ import annotations

import contextlib
import errno
import itertools
import logging
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Final

from bglint.noting import note_folder
from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from pathspec import GitIgnoreSpec

    from bglint.settings import Settings, SettingsResolver

logger = logging.getLogger(__name__)

SUFFIXES: Final = (".py", ".pyi")
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
"""Larger files are generated data; they are skipped with a warning."""

MAX_IGNORE_BYTES: Final = 1024 * 1024
"""How much of an ignore file is read."""

_MAX_STARS: Final = 4
_STARS: Final = re.compile(r"\*+")
_BUFFER_BYTES: Final = 1024 * 1024
_GITIGNORE: Final = ".gitignore"
_VIRTUALENV_NAMES: Final = frozenset({"env", "venv", "ENV", ".venv", "virtualenv"})


class Discovery:
    """One walk over the paths that the user gave; `files()` may be consumed while `is_ignored_file` is asked."""

    def __init__(self, paths: Sequence[str | Path], resolver: SettingsResolver) -> None:
        self._starts = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - plain strings all the way
        self._explicit = frozenset(self._starts)
        self._resolver = resolver
        self._gitignores = _GitIgnores()
        self.listed: dict[str, list[os.DirEntry[str]]] | None = None
        """Where the entries of the folders that are walked are put, if anybody wants them."""

    def files(self) -> Iterator[str]:
        """Yield the absolute path of each file to lint, once, in an order that does not depend on the disk.

        Raises `FileNotFoundError` for a given path that is not there.
        """
        for paths, _ in self.listings():
            yield from paths

    def listings(self) -> Iterator[tuple[list[str], Settings]]:
        """Yield the files to lint folder by folder, with the settings that hold for them; see `files`."""
        seen: set[str] | None = set() if _are_nested(self._starts) else None
        for start in self._starts:
            for paths, settings in self._below(start):
                new = paths if seen is None else [path for path in paths if path not in seen]
                if seen is not None:
                    seen.update(new)
                yield new, settings

    def is_ignored_file(self, path: str) -> bool:
        """Tell whether Git ignores the file at `path`; one that the user named is not ignored."""
        if path in self._explicit:
            return False
        directory = os.path.dirname(path)  # noqa: PTH120
        if not self._resolver.for_directory(directory).respect_gitignore:
            return False
        return _is_ignored(self._gitignores.above(directory), path)

    def _below(self, start: str) -> Iterator[tuple[list[str], Settings]]:
        """Yield the files at or below one path that the user gave, folder by folder."""
        try:
            mode = os.stat(start).st_mode  # noqa: PTH116
        except OSError as error:
            if os.path.islink(start):  # noqa: PTH114
                logger.warning("skipped, a link to nothing: %s", start)
                return
            raise FileNotFoundError(error.errno, error.strerror, start) from error
        is_directory = stat.S_ISDIR(mode)
        settings = self._resolver.for_directory(start) if is_directory else self._resolver.for_file(start)
        if settings.force_exclude and settings.excluded.matches_tree(start, str(settings.root)):
            logger.debug("left out by force-exclude: %s", start)
        elif is_directory:
            yield from self._walk(start, settings)
        elif stat.S_ISREG(mode):
            yield [start], settings
        else:
            logger.warning("skipped, not a regular file: %s", start)

    def _walk(self, start: str, settings: Settings) -> Iterator[tuple[list[str], Settings]]:
        """Yield the files below a folder: those of a folder first, then those of its folders, by name."""
        ignores = self._gitignores.above(start) if settings.respect_gitignore else ()
        if _is_ignored(ignores, start + os.sep):
            ignores = self._gitignores.forget_above(start)  # the user wants this folder all the same
        pending = [(start, settings, ignores)]
        while pending:
            directory, settings, ignores = pending.pop()
            note_folder(directory)
            try:
                with os.scandir(directory) as found:
                    entries = list(found)
            except OSError as error:
                logger.warning("skipped, folder cannot be read: %s (%s)", directory, error.strerror or error)
                continue
            if self.listed is not None:
                self.listed[directory] = entries
            names = {entry.name for entry in entries}
            if directory != start:
                if _is_virtualenv(directory, names):
                    continue
                settings = self._resolver.for_listed_directory(directory, names, settings)
                if settings.respect_gitignore:
                    ignores = self._gitignores.within(directory, names, ignores)
            files, folders = _split(entries, settings)
            files.sort()
            if files:
                yield files, settings
            folders.sort(reverse=True)
            pending += [
                (path, settings, ignores)
                for path in folders
                if not (settings.respect_gitignore and _is_ignored(ignores, path + os.sep))
            ]


def discover(paths: Sequence[str | Path], resolver: SettingsResolver) -> Iterator[str]:
    """Yield the absolute path of each Python file at or below `paths`; see `Discovery` for the ignored files."""
    return Discovery(paths, resolver).files()


class TextReader:
    """Reads the bytes of one file after the other into the same memory, which takes half the time of making new bytes.

    What `read` found are the first bytes of `buffer`, until the next file is read.
    """

    def __init__(self) -> None:
        self.buffer = bytearray(_BUFFER_BYTES)
        self._view = memoryview(self.buffer)

    def read(self, path: str) -> int | None:
        """Read a file and return its size in bytes; None for one of more than `MAX_FILE_BYTES`.

        Raises `OSError` where the file cannot be read.
        """
        if len(self.buffer) > _BUFFER_BYTES:
            self._resize(_BUFFER_BYTES)
        # Plain system calls: a file object for each of 20,000 files costs more than reading them.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            size = _read_into(descriptor, self._view)
            if size < _BUFFER_BYTES:
                return size
            while True:
                if size == len(self.buffer):
                    self._resize(2 * size)
                count = _read_into(descriptor, self._view[size:])
                if not count:
                    return size
                size += count
                if size > MAX_FILE_BYTES:
                    return None
        finally:
            os.close(descriptor)

    def _resize(self, size: int) -> None:
        kept = self.buffer[: min(size, len(self.buffer))]
        self.buffer = kept + bytes(size - len(kept))
        self._view = memoryview(self.buffer)


def _read_into(descriptor: int, view: memoryview) -> int:
    if sys.platform != "win32":
        return os.readv(descriptor, [view])
    data = os.read(descriptor, len(view))
    view[: len(data)] = data
    return len(data)


def _are_nested(starts: Sequence[str]) -> bool:
    """Whether one of the paths is another, or lies below it, so that the same files may be found twice."""
    ordered = sorted(start.rstrip(os.sep) + os.sep for start in starts)
    return any(path.startswith(before) for before, path in itertools.pairwise(ordered))


def _split(entries: Iterable[os.DirEntry[str]], settings: Settings) -> tuple[list[str], list[str]]:
    """Return the paths of the Python files and of the folders that are not excluded; links to folders are neither."""
    excluded = settings.excluded.matches
    files, folders = [], []
    for entry in entries:
        name = entry.name
        if entry.is_dir(follow_symlinks=False):
            if not excluded(name, entry.path):
                folders.append(entry.path)
        elif name.endswith(SUFFIXES) and not excluded(name, entry.path):
            try:
                if entry.is_file():
                    files.append(entry.path)
            except OSError:  # a link that goes in circles
                continue
    return files, folders


def _is_virtualenv(directory: str, names: Collection[str]) -> bool:
    """Tell whether a folder holds an environment of installed packages, whatever it is called."""
    if "pyvenv.cfg" in names or "conda-meta" in names:
        return True
    if os.path.basename(directory) not in _VIRTUALENV_NAMES:  # noqa: PTH119
        return False
    libraries = [os.path.join(directory, name) for name in ("lib", "Lib") if name in names]  # noqa: PTH118
    return any("site-packages" in folders for library in libraries for _, folders, _ in _two_levels(library))


def _two_levels(directory: str) -> Iterator[tuple[str, list[str], list[str]]]:
    for root, folders, files in os.walk(directory):
        note_folder(root)
        yield root, list(folders), files
        if root != directory:
            folders.clear()


class _IgnoreFile:
    """The patterns of one ignore file, which hold below `base`."""

    def __init__(self, base: str, lines: Iterable[str]) -> None:
        from pathspec import GitIgnoreSpec  # noqa: PLC0415 - costs more than the walk of a tree that has none

        self._prefix_length = len(base.rstrip(os.sep)) + 1
        self._spec = _ignore_spec(GitIgnoreSpec, lines)
        # One expression for all patterns tells at once that none matches, which is so for nearly every path.
        sources = [pattern.regex.pattern for pattern in self._spec.patterns if pattern.regex is not None]
        self._any = re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", str(source)) for source in sources) or r"(?!)")

    def verdict(self, path: str) -> bool | None:
        """Tell whether the path is ignored, or wanted back; None where no pattern speaks of it."""
        relative = path[self._prefix_length :]
        if os.sep != "/":
            relative = relative.replace(os.sep, "/")
        if not relative or self._any.match(relative) is None:
            return None
        return self._spec.check_file(relative).include


class _GitIgnores:
    """The ignore files that hold in each folder, outermost first; each is read once."""

    def __init__(self) -> None:
        self._by_directory: dict[str, tuple[_IgnoreFile, ...]] = {}

    def above(self, directory: str) -> tuple[_IgnoreFile, ...]:
        """Return those from the repository's root down to `directory`; its own alone where there is no repository."""
        if directory in self._by_directory:
            return self._by_directory[directory]
        chain = [directory]
        while not os.path.exists(os.path.join(chain[-1], ".git")):  # noqa: PTH110, PTH118
            parent = os.path.dirname(chain[-1])  # noqa: PTH120
            if parent == chain[-1]:
                chain = [directory]
                break
            chain.append(parent)
        ignores: tuple[_IgnoreFile, ...] = ()
        for folder in reversed(chain):
            present = {name for name in (".git", _GITIGNORE) if os.path.exists(os.path.join(folder, name))}  # noqa: PTH110, PTH118
            ignores = self.within(folder, present, ignores)
        return ignores

    def within(self, directory: str, names: Collection[str], above: tuple[_IgnoreFile, ...]) -> tuple[_IgnoreFile, ...]:
        """Return those for a folder whose entries are known, and those of the folder above it."""
        ignores = above
        if ".git" in names:  # another repository: what is above does not hold in it
            ignores = _read_ignores(directory, os.path.join(".git", "info", "exclude"))  # noqa: PTH118
        if _GITIGNORE in names:
            ignores += _read_ignores(directory, _GITIGNORE)
        self._by_directory[directory] = ignores
        return ignores

    def forget_above(self, directory: str) -> tuple[_IgnoreFile, ...]:
        """Let only what lies in `directory` itself hold from there on."""
        self._by_directory[directory] = _read_ignores(directory, _GITIGNORE)
        return self._by_directory[directory]


def _is_ignored(ignores: tuple[_IgnoreFile, ...], path: str) -> bool:
    """Tell whether the innermost file that speaks of the path ignores it; a folder's path ends in a separator."""
    for ignore_file in reversed(ignores):
        verdict = ignore_file.verdict(path)
        if verdict is not None:
            return verdict
    return False


def _read_ignores(directory: str, name: str) -> tuple[_IgnoreFile, ...]:
    path = os.path.join(directory, name)  # noqa: PTH118
    try:
        text = read_regular(path, MAX_IGNORE_BYTES).decode("utf-8", "surrogateescape").replace("\r\n", "\n")
        lines = [line for line in text.split("\n") if not _is_costly(line)]
        return (_IgnoreFile(directory, lines),)
    except OSError as error:
        if error.errno not in {errno.ENOENT, errno.ENOTDIR, errno.EISDIR}:
            logger.warning("not read: %s (%s)", path, error.strerror)
        return ()


def _is_costly(line: str) -> bool:
    """Tell whether a pattern may take longer than a name is worth: each `*` multiplies it."""
    if line.count("*") <= _MAX_STARS or line.startswith("#"):
        return False
    line = _STARS.sub(lambda run: "**" if run.end() - run.start() == 2 else "*", line)
    return line.count("**") > _MAX_STARS or any(part.count("*") > _MAX_STARS for part in line.split("/"))


def _ignore_spec(spec: type[GitIgnoreSpec], lines: Iterable[str]) -> GitIgnoreSpec:
    """Return the patterns of the lines; like Git, pass over a line that is no pattern."""
    lines = list(lines)
    with contextlib.suppress(ValueError):
        return spec.from_lines(lines)
    valid = []
    for line in lines:
        with contextlib.suppress(ValueError):
            spec.from_lines([line])
            valid.append(line)
    return spec.from_lines(valid)
