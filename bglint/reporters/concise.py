"""`concise`: one line a finding, as ruff writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.reporters.text import Pen, harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Diagnostic, Report
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield `path:row:column: CODE message`; `[*]` after the code says that `--fix` mends it."""
    pen = Pen.of(context)
    for diagnostic in report.diagnostics:
        start = diagnostic.span.start
        place = f"{harmless(context.shown_path(diagnostic.span.filename))}:{start.row}:{start.column}:"
        yield f"{pen.paint(place, 'strong')} {coded_message(diagnostic, pen)}"


def coded_message(diagnostic: Diagnostic, pen: Pen) -> str:
    """Return the code, whether it can be fixed, and the message."""
    fixable = " [*]" if diagnostic.fix and diagnostic.fix.applicability == "safe" else ""
    return f"{pen.paint(diagnostic.code, diagnostic.severity)}{fixable} {harmless(diagnostic.message)}"
