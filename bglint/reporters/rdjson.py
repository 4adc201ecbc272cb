"""`rdjson`: reviewdog's diagnostic format, whose columns count UTF-8 bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Diagnostic, Position, Report
    from bglint.reporters.context import RenderContext
    from bglint.reporters.json_values import JsonObject

_SEVERITIES: Final = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the document."""
    document: JsonObject = {
        "source": {"name": "bglint"},
        "severity": "WARNING",
        "diagnostics": [_diagnostic(diagnostic, context) for diagnostic in report.diagnostics],
    }
    return [json.dumps(document, indent=2)]


def _diagnostic(diagnostic: Diagnostic, context: RenderContext) -> JsonObject:
    span = diagnostic.span
    value: JsonObject = {
        "message": f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message,
        "location": {
            "path": context.repository_path(span.filename),
            "range": _range(span.filename, span.start, span.end, context),
        },
        "severity": _SEVERITIES[diagnostic.severity],
        "code": {"value": diagnostic.code, **({"url": diagnostic.url} if diagnostic.url else {})},
        "related_locations": [
            {
                "message": f"{step.symbol}: {step.detail}" if step.detail else step.symbol,
                "location": {
                    "path": context.repository_path(step.filename),
                    "range": {"start": _position(step.filename, step.location, context)},
                },
            }
            for step in diagnostic.trace
        ],
    }
    if diagnostic.fix:
        value["suggestions"] = [
            {"range": _range(span.filename, edit.location, edit.end_location, context), "text": edit.content}
            for edit in diagnostic.fix.edits
        ]
    return value


def _range(filename: str, start: Position, end: Position, context: RenderContext) -> JsonObject:
    return {"start": _position(filename, start, context), "end": _position(filename, end, context)}


def _position(filename: str, position: Position, context: RenderContext) -> JsonObject:
    before = (context.line(filename, position.row) or "")[: position.column - 1]
    extra_bytes = len(before.encode("utf-8", "surrogatepass")) - len(before)
    return {"line": position.row, "column": position.column + extra_bytes}
