"""The source lines of a finding, with the call underlined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bglint.reporters.text import Pen, display_width, harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Span
    from bglint.reporters.context import RenderContext

_MAX_ROWS: Final = 8
_CONTEXT_COLUMNS: Final = 12


def snippet(span: Span, context: RenderContext, pen: Pen, gutter: int, style: str) -> Iterator[str]:
    """Yield the lines of the span behind row numbers of `gutter` columns; nothing where the file has no such lines.

    One line is underlined; several are marked by a heavier bar, the middle of many left out.
    """
    first, last = span.start.row, span.end.row
    margin = " " * gutter
    bar = pen.paint(pen.glyphs.bar, "frame")
    if first == last:
        line = context.line(span.filename, first)
        if line is None:
            return
        source, underline = _underlined(line, span, pen, gutter)
        yield f"{margin} {bar}"
        yield f"{pen.paint(str(first).rjust(gutter), 'frame')} {bar} {source}".rstrip()
        yield f"{margin} {bar} {pen.paint(underline, style) if underline.strip() else ''}".rstrip()
        return
    rows = [(row, line) for row in range(first, last + 1) if (line := context.line(span.filename, row)) is not None]
    if not rows:
        return
    yield f"{margin} {bar}"
    span_bar = pen.paint(pen.glyphs.span_bar, style)
    fits = all(pen.fits(gutter + 3 + display_width(harmless(line))) for _, line in rows)
    indent = 0 if fits else min(_indentation(line) for _, line in rows)
    for row, line in _without_middle(rows):
        if row is None:
            yield f"{margin} {span_bar} {pen.glyphs.ellipsis}"
            continue
        text = harmless(line[indent:])
        room = pen.width - gutter - 3 if pen.width else display_width(text)
        yield f"{pen.paint(str(row).rjust(gutter), 'frame')} {span_bar} {pen.crop(text, room)}".rstrip()
    yield f"{margin} {bar}"


def _underlined(line: str, span: Span, pen: Pen, gutter: int) -> tuple[str, str]:
    """Return the line and its underline, both cut to what the terminal has room for."""
    start, end = span.start.column - 1, span.end.column - 1
    before, marked, after = harmless(line[:start]), harmless(line[start:end]), harmless(line[end:])
    text = before + marked + after
    offset, length = display_width(before), max(1, display_width(marked))
    room = pen.width - gutter - 3 if pen.width else None
    if room is not None and display_width(text) > room:
        indent = _indentation(before)
        before = before[indent:]
        if display_width(before) > max(0, room - display_width(marked)):
            before = _tail(before, min(_CONTEXT_COLUMNS, room // 4), pen)
        offset = display_width(before)
        text = pen.crop(before + marked + after, room)
        length = max(1, min(length, room - offset))
    return text, " " * offset + pen.glyphs.underline * length


def _tail(text: str, width: int, pen: Pen) -> str:
    while display_width(text) > width:
        text = text[1:]
    return pen.glyphs.ellipsis + text


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _without_middle(rows: list[tuple[int, str]]) -> list[tuple[int | None, str]]:
    if len(rows) <= _MAX_ROWS:
        return [*rows]
    half = _MAX_ROWS // 2
    return [*rows[:half], (None, ""), *rows[-half + 1 :]]
