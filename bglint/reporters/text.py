"""Text on a terminal: harmless, aligned by the columns that characters take, coloured, wrapped."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.reporters.context import RenderContext

_TAB: Final = "    "
# C0 and C1 controls, line and paragraph separators, bidirectional controls, lone surrogates, byte order marks.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_ZERO_WIDTH_CATEGORIES: Final = frozenset({"Mn", "Me", "Cf"})
_SGR: Final = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;34",
    "good": "32",
    "strong": "1",
    "faint": "2",
    "frame": "34",
    "help": "1;36",
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters that frames are drawn with."""

    bar: str
    span_bar: str
    underline: str
    branch: str
    last_branch: str
    ellipsis: str
    arrow: str


UNICODE_GLYPHS: Final = Glyphs("│", "┃", "━", "├─", "╰─", "…", "→")
ASCII_GLYPHS: Final = Glyphs("|", "|", "^", "|-", "`-", "...", "->")


@dataclass(frozen=True, slots=True)
class Pen:
    """How text is drawn in one context."""

    glyphs: Glyphs
    color: bool
    width: int | None

    @classmethod
    def of(cls, context: RenderContext) -> Pen:
        """Return the pen for a context."""
        return cls(ASCII_GLYPHS if context.ascii_only else UNICODE_GLYPHS, context.color, context.width)

    def paint(self, text: str, style: str) -> str:
        """Return the text in a style, or as it is where there is no colour."""
        return f"\x1b[{_SGR[style]}m{text}\x1b[0m" if self.color and text else text

    def fits(self, width: int) -> bool:
        """Tell whether that many columns are there."""
        return self.width is None or width <= self.width

    def crop(self, text: str, width: int) -> str:
        """Return the text cut to `width` columns, with an ellipsis where something was cut."""
        if display_width(text) <= width:
            return text
        room = width - display_width(self.glyphs.ellipsis)
        kept = ""
        for character in text:
            room -= _character_width(character)
            if room < 0:
                break
            kept += character
        return kept + self.glyphs.ellipsis


def harmless(text: str) -> str:
    """Return the text with everything that a terminal would act on made visible; tabs become spaces."""
    return _HARMFUL.sub(_escape, text.replace("\t", _TAB))


def one_line(code: str) -> str:
    """Return source text that may stretch over lines in one, harmless."""
    return harmless(" ".join(code.split()))


def display_width(text: str) -> int:
    """Return how many columns the text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_character_width, text))


def pad(text: str, width: int) -> str:
    """Return the text filled up with blanks to `width` columns."""
    return text + " " * (width - display_width(text))


def columns(rows: Iterable[tuple[str, ...]], gap: str = "   ") -> list[str]:
    """Return the rows as aligned columns, without blanks at their ends."""
    table = list(rows)
    widths = [max(map(display_width, cells)) for cells in zip(*table, strict=True)]
    return [gap.join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def wrap(text: str, width: int | None) -> list[str]:
    """Return the text in lines of at most `width` columns, broken between words."""
    if width is None or display_width(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and display_width(lines[-1]) + 1 + display_width(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def count(number: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _character_width(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in _ZERO_WIDTH_CATEGORIES:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
