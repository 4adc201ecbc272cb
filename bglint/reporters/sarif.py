"""`sarif`: SARIF 2.1.0, the trace as code flow and as related locations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from bglint.reporters.fingerprints import fingerprinted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bglint.diagnostics import Diagnostic, Edit, Position, Report, Span, Step
    from bglint.reporters.context import RenderContext
    from bglint.reporters.json_values import JsonObject, JsonValue

SCHEMA_URL: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SOURCE_ROOT: Final = "SRCROOT"
_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}
_PRECISIONS: Final = {"high": "very-high", "medium": "high", "low": "medium"}


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the log with one run; suppressed findings are in it, marked as such."""
    suppressed = [*report.suppressed]
    found = [*report.diagnostics, *suppressed]
    codes = sorted({diagnostic.code for diagnostic in found})
    rule_index = {code: index for index, code in enumerate(codes)}
    results = [
        _result(diagnostic, fingerprint, rule_index, context, is_suppressed=position >= len(report.diagnostics))
        for position, (diagnostic, fingerprint) in enumerate(fingerprinted(found))
    ]
    names = {diagnostic.code: diagnostic for diagnostic in found}
    run: JsonObject = {
        "tool": {
            "driver": {
                "name": "bglint",
                "version": context.version,
                "rules": [_rule(names[code], context) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_SOURCE_ROOT: {"uri": Path(context.root).as_uri().rstrip("/") + "/"}},
        "invocations": [{"executionSuccessful": True}],
        "results": [*results],
    }
    log: JsonObject = {"$schema": SCHEMA_URL, "version": "2.1.0", "runs": [run]}
    return [json.dumps(log, indent=2)]


def _rule(example: Diagnostic, context: RenderContext) -> JsonObject:
    """Return what is to be known of the rule that made a finding."""
    rule: JsonObject = {
        "id": example.code,
        "name": example.name,
        **({"helpUri": example.url} if example.url else {}),
        "defaultConfiguration": {"level": _LEVELS[example.severity]},
        "properties": {"precision": _PRECISIONS[example.confidence.label], "tags": ["background-tasks"]},
    }
    if info := context.rules.get(example.code):
        rule["shortDescription"] = {"text": info.summary}
        rule["help"] = {"text": info.documentation, "markdown": info.documentation}
    return rule


def _result(
    diagnostic: Diagnostic,
    fingerprint: str,
    rule_index: Mapping[str, int],
    context: RenderContext,
    *,
    is_suppressed: bool,
) -> JsonObject:
    text = f"{diagnostic.message}\n{diagnostic.help}" if diagnostic.help else diagnostic.message
    result: JsonObject = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule_index[diagnostic.code],
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _span_location(diagnostic.span, context)}],
        "partialFingerprints": {"registrationAndTrace/v1": fingerprint},
        "suppressions": [{"kind": "inSource"}] if is_suppressed else [],
        "properties": {
            "confidence": diagnostic.confidence.label,
            "category": diagnostic.category,
            "target": diagnostic.target,
            "verdict": diagnostic.verdict,
        },
    }
    if diagnostic.trace:
        steps: list[JsonValue] = [_step_location(step, context) for step in diagnostic.trace]
        registration: JsonObject = {
            "physicalLocation": _span_location(diagnostic.span, context),
            "message": {"text": f"{diagnostic.target} is handed over here"},
        }
        flow: list[JsonValue] = [{"location": location} for location in (registration, *steps)]
        result["codeFlows"] = [{"threadFlows": [{"locations": flow}]}]
        result["relatedLocations"] = [
            {"id": index, **_step_location(step, context)} for index, step in enumerate(diagnostic.trace, start=1)
        ]
    if diagnostic.fix and diagnostic.fix.edits:
        result["fixes"] = [
            {
                "description": {"text": diagnostic.fix.message},
                "artifactChanges": [
                    {
                        "artifactLocation": _artifact(diagnostic.span.filename, context),
                        "replacements": [_replacement(edit) for edit in diagnostic.fix.edits],
                    }
                ],
            }
        ]
    return result


def _span_location(span: Span, context: RenderContext) -> JsonObject:
    return {"artifactLocation": _artifact(span.filename, context), "region": _region(span.start, span.end)}


def _step_location(step: Step, context: RenderContext) -> JsonObject:
    text = f"{step.symbol}: {step.detail}" if step.detail else step.symbol
    region: JsonObject = {"startLine": step.location.row, "startColumn": step.location.column}
    place: JsonObject = {"artifactLocation": _artifact(step.filename, context), "region": region}
    return {"physicalLocation": place, "message": {"text": text}}


def _artifact(filename: str, context: RenderContext) -> JsonObject:
    path = context.repository_path(filename)
    if Path(path).is_absolute():
        return {"uri": Path(path).as_uri()}
    return {"uri": quote(path, errors="surrogateescape"), "uriBaseId": _SOURCE_ROOT}


def _region(start: Position, end: Position) -> JsonObject:
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}


def _replacement(edit: Edit) -> JsonObject:
    return {"deletedRegion": _region(edit.location, edit.end_location), "insertedContent": {"text": edit.content}}
