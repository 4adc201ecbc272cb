"""`github`: workflow commands, which GitHub Actions turns into annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bglint.reporters.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Diagnostic, Report
    from bglint.reporters.context import RenderContext

_COMMANDS: Final = {"error": "error", "warning": "warning", "info": "notice"}


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield one command a finding; the trace and the help are in its text, since GitHub shows nothing else."""
    for diagnostic in report.diagnostics:
        properties = {
            "title": f"bglint ({diagnostic.code})",
            "file": harmless(context.repository_path(diagnostic.span.filename)),
            **_region(diagnostic),
        }
        listed = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
        text = "\n".join(_text(diagnostic, context))
        yield f"::{_COMMANDS[diagnostic.severity]} {listed}::{_escape(text)}"


def _region(diagnostic: Diagnostic) -> dict[str, str]:
    """Return the place; columns only on a single line, elsewhere GitHub drops them with a warning."""
    start, end = diagnostic.span.start, diagnostic.span.end
    region = {"line": str(start.row), "endLine": str(end.row)}
    if start.row == end.row:
        region |= {"col": str(start.column), "endColumn": str(end.column)}
    return region


def _text(diagnostic: Diagnostic, context: RenderContext) -> Iterable[str]:
    start = diagnostic.span.start
    path = harmless(context.repository_path(diagnostic.span.filename))
    yield f"{path}:{start.row}:{start.column}: {diagnostic.code} {harmless(diagnostic.message)}"
    for step in diagnostic.trace:
        place = f"{harmless(context.repository_path(step.filename))}:{step.location.row}"
        yield f"- {harmless(step.symbol)} ({place}){': ' if step.detail else ''}{harmless(step.detail)}"
    if diagnostic.help:
        yield f"help: {harmless(diagnostic.help)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
