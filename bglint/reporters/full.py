"""`full`: each finding with its source, its trace and what to do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.reporters.snippet import snippet
from bglint.reporters.text import Pen, display_width, harmless, wrap
from bglint.reporters.trace import trace_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Diagnostic, Report
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield the findings, a blank line after each."""
    pen = Pen.of(context)
    for diagnostic in report.diagnostics:
        yield from _header(diagnostic, context, pen)
        gutter = len(str(diagnostic.span.end.row))
        margin = " " * gutter + " "
        yield from snippet(diagnostic.span, context, pen, gutter, diagnostic.severity)
        yield from trace_tree(diagnostic.trace, context, pen, margin)
        yield from _notes(diagnostic, pen, margin)
        yield ""


def _header(diagnostic: Diagnostic, context: RenderContext, pen: Pen) -> Iterator[str]:
    start = diagnostic.span.start
    place = f"{harmless(context.shown_path(diagnostic.span.filename))}:{start.row}:{start.column}:"
    plain = f"{place} {diagnostic.code} {diagnostic.severity}"
    painted = (
        f"{pen.paint(place, 'strong')} {pen.paint(diagnostic.code, diagnostic.severity)} "
        f"{pen.paint(diagnostic.severity, diagnostic.severity)}"
    )
    message = harmless(diagnostic.message)
    if pen.fits(display_width(plain) + 2 + display_width(message)):
        yield f"{painted}  {message}"
    else:
        yield painted
        yield from (f"  {line}" for line in wrap(message, pen.width and pen.width - 2))


def _notes(diagnostic: Diagnostic, pen: Pen, margin: str) -> Iterator[str]:
    """Yield the help, and that a fix is there."""
    notes = [("help", harmless(diagnostic.help))] if diagnostic.help else []
    if diagnostic.fix:
        option = "--fix" if diagnostic.fix.applicability == "safe" else "--fix --unsafe-fixes"
        text = harmless(diagnostic.fix.message)
        notes.append(("fix", text if diagnostic.fix.applicability == "display" else f"{text} (with {option})"))
    for label, text in notes:
        lead = f"{margin}= {label}: "
        lines = wrap(text, pen.width and pen.width - len(lead))
        yield f"{margin}= {pen.paint(f'{label}:', 'help')} {lines[0]}"
        yield from (" " * len(lead) + line for line in lines[1:])
