"""`grouped`: the findings under the name of their file."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bglint.reporters.concise import coded_message
from bglint.reporters.text import Pen, harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield a heading a file, and below it a line a finding."""
    pen = Pen.of(context)
    for filename, group in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.span.filename):
        diagnostics = list(group)
        starts = [diagnostic.span.start for diagnostic in diagnostics]
        row_width = max(len(str(start.row)) for start in starts)
        column_width = max(len(str(start.column)) for start in starts)
        yield pen.paint(f"{harmless(context.shown_path(filename))}:", "strong")
        for diagnostic, start in zip(diagnostics, starts, strict=True):
            place = f"{start.row:>{row_width}}:{start.column:<{column_width}}"
            yield f"  {place} {coded_message(diagnostic, pen)}"
        yield ""
