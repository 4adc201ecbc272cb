"""The trace of a finding or a task as a tree of aligned columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.reporters.text import Pen, columns, display_width, harmless, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bglint.diagnostics import Step
    from bglint.reporters.context import RenderContext


def trace_tree(steps: Sequence[Step], context: RenderContext, pen: Pen, margin: str) -> Iterator[str]:
    """Yield a line a step: symbol, place, detail; on a narrow terminal the place and detail go below the symbol."""
    rows = [
        (
            harmless(step.symbol),
            f"{harmless(context.shown_path(step.filename))}:{step.location.row}",
            harmless(step.detail),
        )
        for step in steps
    ]
    lines = columns(rows) if rows else []
    branch_width = len(margin) + len(pen.glyphs.branch) + 1
    stacked = not all(pen.fits(branch_width + display_width(line)) for line in lines)
    for index, line in enumerate(lines):
        last = index == len(lines) - 1
        branch = pen.paint(pen.glyphs.last_branch if last else pen.glyphs.branch, "frame")
        if not stacked:
            yield f"{margin}{branch} {line}"
            continue
        symbol, place, detail = rows[index]
        stem = " " if last else pen.paint(pen.glyphs.bar, "frame")
        yield f"{margin}{branch} {symbol}"
        for part in _packed(place, detail, pen, branch_width + 2):
            yield f"{margin}{stem}    {part}"


def _packed(place: str, detail: str, pen: Pen, indent: int) -> list[str]:
    """Return the place and the detail in lines; a place stays in one piece, which terminals make a link of."""
    together = f"{place}   {detail}".rstrip()
    if pen.fits(indent + display_width(together)):
        return [together]
    return [place, *(wrap(detail, pen.width and pen.width - indent) if detail else [])]
