"""Which of the project's files hold a text, read as bytes; what was found is kept until a change makes it wrong."""

from __future__ import annotations

import itertools
import os
import re
from typing import TYPE_CHECKING

from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.program.modules import Module, ModuleIndex

MAX_FILES = 4000
"""How many files one search reads at the most."""
MAX_FOUND = 80
"""How many files one search finds at the most."""
MAX_KEPT_BYTES = 24 << 20
"""How much text is kept in memory for further searches."""


class TextSearch:
    """Searches the files of a project."""

    def __init__(self, index: ModuleIndex, files: Iterable[str]) -> None:
        self.asked: set[bytes] = set()
        """The patterns that were asked for; whoever wants to know what an answer rests on empties it before."""
        self._index = index
        self._files = files
        self._listed: list[str] | None = None
        self._found: dict[bytes, tuple[bytes, list[str]]] = {}
        self._texts: dict[str, bytes] = {}
        self._room = MAX_KEPT_BYTES

    def find(self, pattern: bytes, word: str, near: Module | None) -> list[str]:
        """The paths of the files that hold a pattern with the word in it, that of `near` first."""
        needle = pattern % re.escape(word.encode())
        self.asked.add(needle)
        if needle not in self._found:
            matching = self._matching(re.compile(needle), word.encode(), near)
            self._found[needle] = word.encode(), list(itertools.islice(matching, MAX_FOUND))
        return self._found[needle][1]

    def renew(self, path: str, data: bytes) -> set[bytes]:
        """Take note of a file's new text; return the patterns that now lead to other files than before."""
        self._room += len(self._texts.pop(path, b""))
        changed = {
            needle
            for needle, (word, paths) in self._found.items()
            if (word in data and re.search(needle, data) is not None) is not (path in paths)
        }
        for needle in changed:
            del self._found[needle]
        return changed

    def _matching(self, pattern: re.Pattern[bytes], word: bytes, near: Module | None) -> Iterator[str]:
        if near is not None and pattern.search(near.source.data):
            yield near.path
        for path in self._nearest_first(near):
            if near is not None and path == near.path:
                continue
            data = self._data(path)
            if data is not None and word in data and pattern.search(data):
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

    def _nearest_first(self, near: Module | None) -> list[str]:
        if self._listed is None:
            self._listed = [path for path in self._files if path.endswith(".py")]
        if len(self._listed) <= MAX_FILES:
            return self._listed
        folder = near.directory if near is not None else self._index.root
        while os.path.dirname(folder) != folder:
            inside = [path for path in self._listed if path.startswith(folder + "/")]
            if len(inside) > MAX_FILES // 4:
                return inside[:MAX_FILES]
            folder = os.path.dirname(folder)
        return self._listed[:MAX_FILES]
