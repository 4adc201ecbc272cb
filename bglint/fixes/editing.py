"""Applying edits to the bytes of a file: its encoding, BOM and line endings stay as they are."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bglint.diagnostics import Position
from bglint.source import UnreadableSourceError, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bglint.diagnostics import Edit

_BREAK = re.compile(r"\r\n|\r|\n")
_COOKIE = re.compile(rb"#.*?coding[:=][ \t]*([-\w.]+)")


class UneditableError(Exception):
    """A file's bytes cannot be edited; the message says why, in one line."""


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """An edit in offsets of a document's text."""

    start: int
    end: int
    content: str

    def meets(self, other: Replacement) -> bool:
        """Whether two edits overlap or touch, so that they are better made one after the other."""
        return self.start <= other.end and other.start <= self.end


class Document:
    """The bytes of one file, read so that edits can be written back."""

    def __init__(self, data: bytes) -> None:
        """Decode `data`; raise `UneditableError` where it cannot be encoded again to the same bytes."""
        self.data = data
        self._bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        try:
            self.text = decode(data)
        except UnreadableSourceError as error:
            raise UneditableError(f"it {error}") from error
        self._encoding = self._encoding_back()
        breaks = [found.span() for found in _BREAK.finditer(self.text)]
        self._starts = [0, *(end for _, end in breaks)]
        self._ends = [*(start for start, _ in breaks), len(self.text)]

    def _encoding_back(self) -> str:
        """The encoding in which the text gives the same bytes: the declared one, else UTF-8."""
        head = b"" if self._bom else b"\n".join(self.data[:4096].splitlines()[:2])
        encodings = [*(found[1].decode() for found in _COOKIE.finditer(head)), "utf-8"]
        for encoding in encodings:
            try:
                if self._bom + self.text.encode(encoding) == self.data:
                    return encoding
            except (UnicodeError, LookupError):
                continue
        raise UneditableError(f"its text cannot be written back in {encodings[0]}")

    def offset(self, position: Position) -> int:
        """The offset of a place; one past the end of a line or of the text is the end."""
        if position.row > len(self._starts):
            return len(self.text)
        return min(self._starts[position.row - 1] + position.column - 1, self._ends[position.row - 1])

    def replacements(self, edits: Iterable[Edit]) -> tuple[Replacement, ...]:
        """Edits in order of place, in offsets, with the line endings of where they go; raise where they overlap."""
        found = []
        for edit in edits:
            start = self.offset(edit.location)
            content = edit.content.replace("\n", self._line_break(edit.location.row))
            found.append(Replacement(start, self.offset(edit.end_location), content))
        found.sort()
        if any(one.end < one.start for one in found) or any(one.end > two.start for one, two in pairwise(found)):
            raise UneditableError("the edits of one fix overlap")
        return tuple(found)

    def _line_break(self, row: int) -> str:
        """The line break of a row, or of the nearest row above that has one."""
        for index in range(min(row, len(self._starts)) - 1, -1, -1):
            if index + 1 < len(self._starts):
                return self.text[self._ends[index] : self._starts[index + 1]]
        return "\n"

    def applied(self, replacements: Sequence[Replacement]) -> bytes:
        """The bytes after edits that are in order and do not overlap; raise `UneditableError` if not encodable."""
        parts = []
        at = 0
        for each in replacements:
            parts += [self.text[at : each.start], each.content]
            at = each.end
        try:
            return self._bom + "".join([*parts, self.text[at:]]).encode(self._encoding)
        except UnicodeError as error:
            raise UneditableError(f"the edit cannot be written in {self._encoding}") from error

    def moved(self, position: Position, replacements: Sequence[Replacement]) -> Position:
        """Where a place lies after edits; what was replaced lies where the replacement begins."""
        at = self.offset(position)
        shift = 0
        for each in replacements:
            if each.end <= at:
                shift += len(each.content) - (each.end - each.start)
            elif each.start < at:
                shift += each.start - at
        before = _replaced(self.text, replacements)[: at + shift]
        starts = [0, *(found.end() for found in _BREAK.finditer(before))]
        return Position(len(starts), at + shift - starts[-1] + 1)


def _replaced(text: str, replacements: Sequence[Replacement]) -> str:
    for each in reversed(replacements):
        text = text[: each.start] + each.content + text[each.end :]
    return text
