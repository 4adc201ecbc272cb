"""What was found for each file that may register a task, with what that rests on."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = list[Any]
"""The modules, names and searches that were asked for, as numbers; whether a search was partial; what was found."""


class Findings:
    """What a run has found. Until that is needed, only what it rests on is looked at."""

    def __init__(self, candidates: Sequence[str], table: Sequence[str], rows: dict[str, Row], words: Any) -> None:
        self.candidates = frozenset(candidates)
        """The files that may register a task; those without a row have to be checked each time."""
        self.rows = rows
        self.words = words
        """What tells by its bytes whether a file registers a task; None where that is not the same for all."""
        self._table = table

    @classmethod
    def decoded(cls, data: bytes) -> Findings:
        """The findings that were encoded."""
        candidates, table, rows, words = json.loads(zlib.decompress(data))
        return cls(candidates, table, dict(rows), words)

    @staticmethod
    def encoded(candidates: Sequence[str], table: Sequence[str], rows: dict[str, Row], words: Any) -> bytes:
        """What `decoded` makes findings of."""
        value = [candidates, table, rows, words]
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode("ascii"), 1)

    def texts(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The paths, names or patterns that numbers stand for."""
        return tuple(self._table[number] for number in numbers)

    def valid(
        self, changed: frozenset[str], names: frozenset[str], searched: frozenset[str], *, files_differ: bool
    ) -> set[str]:
        """The candidates for which what was found rests on nothing that is other than it was.

        `changed` are the files that changed, came or went, or are looked at no longer, or only now; `names` those of
        the modules that came or went, without what follows a dot; `searched` the files that a search would read anew.
        """
        texts = _Searches(searched)
        asked = {number for number, text in enumerate(self._table) if text in changed}
        named = {number for number, text in enumerate(self._table) if text in names}
        return {
            path
            for path, (modules, stems, searches, is_partial, *_) in self.rows.items()
            if asked.isdisjoint(modules)
            and named.isdisjoint(stems)
            and not (files_differ and is_partial)
            and not any(texts.finds(self._table[number]) for number in searches)
        }


class _Searches:
    """Searches of a few files: a file that had been found before was asked for, and need not be thought of here."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = [path for path in paths if path.endswith(".py")]
        self._read: list[bytes] | None = None
        self._known: dict[str, bool] = {}

    def finds(self, pattern: str) -> bool:
        """Tell whether a search finds one of the files."""
        if not self._paths:
            return False
        if pattern not in self._known:
            expression = re.compile(pattern.encode("latin-1"))
            self._known[pattern] = any(map(expression.search, self._texts()))
        return self._known[pattern]

    def _texts(self) -> list[bytes]:
        if self._read is None:
            self._read = []
            for path in self._paths:
                try:
                    self._read.append(read_regular(path))
                except OSError:
                    continue
        return self._read
