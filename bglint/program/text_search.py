"""Which of the project's files hold a text, read as bytes; what was found is kept until a change makes it wrong."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from bglint import profiling
from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.program.modules import Module, ModuleIndex

MAX_FILES = 4000
"""How many files one search reads at the most."""
MAX_FOUND = 80
"""How many files one search finds at the most."""
MAX_KEPT_BYTES = 48 << 20
"""How much text is kept in memory for further searches."""
_BOUNDARY = rb"\b"


class TextSearch:
    """Searches the files of a project."""

    def __init__(self, index: ModuleIndex, files: Iterable[str]) -> None:
        self.asked: set[bytes] = set()
        """The patterns that were asked for; whoever wants to know what an answer rests on empties it before."""
        self.is_partial = False
        """Whether a search was asked for that leaves files out, as there are so many."""
        self._index = index
        self._files = files
        self._listed: list[str] | None = None
        self._found: dict[tuple[bytes, str], tuple[bytes, list[str]]] = {}
        self._windows: dict[str, str] = {}
        self._texts: dict[str, bytes] = {}
        self._inside: dict[str, list[str]] = {}
        self._room = MAX_KEPT_BYTES

    @profiling.stage("searching")
    def find(self, pattern: bytes, word: str, near: Module | None) -> list[str]:
        """The paths of the files that hold a pattern with the word in it, that of `near` first."""
        text = word.encode()
        needle = pattern % re.escape(text)
        self.asked.add(needle)
        key = needle, self._window(near)
        if key not in self._found:
            self._found[key] = text, list(itertools.islice(self._matching(needle, text, key[1]), MAX_FOUND))
        found = self._found[key][1]
        if near is None or not _holds(near.source.data, needle, text):
            return found
        return [near.path, *(path for path in found if path != near.path)][:MAX_FOUND]

    def renew(self, path: str, data: bytes) -> set[bytes]:
        """Take note of a file's new text; return the patterns that now lead to other files than before."""
        self._room += len(self._texts.pop(path, b""))
        changed = {
            key for key, (word, paths) in self._found.items() if _holds(data, key[0], word) is not (path in paths)
        }
        for key in changed:
            del self._found[key]
        return {needle for needle, _ in changed}

    def _matching(self, needle: bytes, word: bytes, window: str) -> Iterator[str]:
        for path in self._paths_in(window):
            data = self._data(path)
            if data is not None and _holds(data, needle, word):
                yield path

    def _data(self, path: str) -> bytes | None:
        """The bytes of a file; kept for the next search while there is room."""
        data = self._index.overlay.get(path, self._texts.get(path))
        if data is None:
            try:
                data = read_regular(path)
            except OSError:
                return None
            if self._room >= len(data):
                self._room -= len(data)
                self._texts[path] = data
        return data

    def _window(self, near: Module | None) -> str:
        """The folder to which a search is confined: the nearest with files enough, where there are too many in all."""
        if self._listed is None:
            self._listed = [path for path in self._files if path.endswith(".py")]
        if len(self._listed) <= MAX_FILES:
            return ""
        self.is_partial = True
        folder = near.directory if near is not None else self._index.root
        if folder not in self._windows:
            self._windows[folder] = self._window_around(folder)
        return self._windows[folder]

    def _window_around(self, folder: str) -> str:
        assert self._listed is not None
        while os.path.dirname(folder) != folder:
            if sum(path.startswith(folder + "/") for path in self._listed) > MAX_FILES // 4:
                return folder
            folder = os.path.dirname(folder)
        return ""

    def _paths_in(self, window: str) -> list[str]:
        assert self._listed is not None
        if not window:
            return self._listed[:MAX_FILES]
        if window not in self._inside:
            self._inside[window] = [path for path in self._listed if path.startswith(window + "/")][:MAX_FILES]
        return self._inside[window]


def _holds(data: bytes, needle: bytes, word: bytes) -> bool:
    """Whether a text holds a pattern with a word in it.

    One that begins with the word is tried where the word stands: `re` would try it at each byte, five times as long.
    """
    at = data.find(word)
    if at < 0 or not needle.startswith(_BOUNDARY + re.escape(word)):
        return at >= 0 and re.search(needle, data) is not None
    pattern = re.compile(needle)
    while at >= 0:
        if pattern.match(data, at):
            return True
        at = data.find(word, at + 1)
    return False
