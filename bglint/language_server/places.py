"""Places in a text: as bglint counts them, as a client counts them, and as they move when somebody types.

bglint counts rows and columns from 1, and columns in code points. A client counts from 0, and columns in the units that
it agreed on with the server: UTF-16 code units unless it offered another encoding.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from lsprotocol import types

from bglint.diagnostics import Position

if TYPE_CHECKING:
    from bglint.diagnostics import Edit, Span

_BREAK: Final = re.compile(r"\r\n|\r|\n")
_UNIT_BYTES: Final = {types.PositionEncodingKind.Utf8: 1, types.PositionEncodingKind.Utf16: 2}
_CODECS: Final = {types.PositionEncodingKind.Utf8: "utf-8", types.PositionEncodingKind.Utf16: "utf-16-le"}


class Lines:
    """The lines of a text, and how a client counts in them."""

    def __init__(self, text: str, encoding: types.PositionEncodingKind | str) -> None:
        self.rows = _BREAK.split(text)
        self._encoding = types.PositionEncodingKind(encoding)

    def to_client(self, place: Position) -> types.Position:
        """A place as the client writes it; one that lies outside of the text is moved to the nearest inside."""
        row = min(max(place.row, 1), len(self.rows))
        line = self.rows[row - 1]
        before = line[: max(place.column - 1, 0)] if row == place.row else line
        return types.Position(row - 1, self._units(before))

    def from_client(self, position: types.Position) -> Position:
        """A place as bglint writes it."""
        row = min(max(position.line, 0), len(self.rows) - 1)
        line = self.rows[row]
        if line.isascii() or self._encoding not in _CODECS:
            return Position(row + 1, min(position.character, len(line)) + 1)
        end = position.character * _UNIT_BYTES[self._encoding]
        codec = _CODECS[self._encoding]
        return Position(row + 1, len(line.encode(codec, "surrogatepass")[:end].decode(codec, "ignore")) + 1)

    def span(self, span: Span) -> types.Range:
        """A stretch of the text as the client writes it."""
        return types.Range(self.to_client(span.start), self.to_client(span.end))

    def edit(self, edit: Edit) -> types.TextEdit:
        """An edit as the client makes it."""
        where = types.Range(self.to_client(edit.location), self.to_client(edit.end_location))
        return types.TextEdit(where, edit.content)

    def _units(self, text: str) -> int:
        if text.isascii() or self._encoding not in _CODECS:
            return len(text)
        encoded = text.encode(_CODECS[self._encoding], "surrogatepass")
        return len(encoded) // _UNIT_BYTES[self._encoding]


class Shift:
    """Where the places of a text lie once something was typed somewhere in it: what stands before and behind stays."""

    def __init__(self, before: str, after: str) -> None:
        old, new = _BREAK.split(before), _BREAK.split(after)
        self._new = new
        self._first = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
        most = min(len(old), len(new)) - self._first
        pairs = zip(reversed(old), reversed(new), strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        self._last = len(old) - min(common, most)
        self._added = len(new) - len(old)

    def __call__(self, place: Position) -> Position:
        """Where a place lies now; one within what was typed over is moved no further than its end."""
        if place.row <= self._first:
            return place
        if place.row > self._last:
            return Position(place.row + self._added, place.column)
        row = max(min(place.row, self._last + self._added), min(self._first + 1, len(self._new)))
        return Position(row, min(place.column, len(self._new[row - 1]) + 1))
