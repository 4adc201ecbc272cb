"""Diagnostics and tasks as the JSON values that the contract promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bglint.diagnostics import Diagnostic, Fix, Position, Step, Task
    from bglint.reporters.context import RenderContext

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, JsonValue]


def diagnostic_value(diagnostic: Diagnostic) -> JsonObject:
    """Return one element of `check --output-format json`: the keys of ruff's, then our own."""
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "message": diagnostic.message,
        "filename": diagnostic.span.filename,
        "location": position_value(diagnostic.span.start),
        "end_location": position_value(diagnostic.span.end),
        "fix": _fix_value(diagnostic.fix) if diagnostic.fix else None,
        "noqa_row": diagnostic.span.start.row,
        "url": diagnostic.url,
        "cell": None,
        "severity": diagnostic.severity,
        "confidence": diagnostic.confidence.label,
        "category": diagnostic.category,
        "target": diagnostic.target,
        "verdict": diagnostic.verdict,
        "trace": [_step_value(step, step.filename) for step in diagnostic.trace],
        "help": diagnostic.help,
    }


def task_value(task: Task, context: RenderContext) -> JsonObject:
    """Return one element of `tasks --output-format json`; paths are relative to the working directory."""
    resolved: JsonObject | None = None
    if task.resolved:
        resolved = {
            "symbol": task.resolved.symbol,
            "filename": context.shown_path(task.resolved.filename),
            "location": position_value(task.resolved.location),
        }
    return {
        "filename": context.shown_path(task.span.filename),
        "location": position_value(task.span.start),
        "end_location": position_value(task.span.end),
        "framework": task.framework,
        "registration": task.registration,
        "target": task.target,
        "target_kind": task.target_kind,
        "resolved": resolved,
        "verdict": task.verdict,
        "category": task.category,
        "confidence": task.confidence.label,
        "trace": [_step_value(step, context.shown_path(step.filename)) for step in task.trace],
        "codes": list(task.codes),
    }


def array_lines(values: Sequence[JsonObject]) -> Iterator[str]:
    """Yield the lines of one array. What is not ASCII is escaped, so that no terminal or encoding can trip over it."""
    if not values:
        yield "[]"
        return
    yield "["
    for index, value in enumerate(values):
        text = json.dumps(value, indent=2)
        comma = "," if index < len(values) - 1 else ""
        yield "\n".join(f"  {line}" for line in text.split("\n")) + comma
    yield "]"


def position_value(position: Position) -> JsonObject:
    """Return a place as ruff writes it."""
    return {"row": position.row, "column": position.column}


def _step_value(step: Step, filename: str) -> JsonObject:
    return {
        "symbol": step.symbol,
        "filename": filename,
        "location": position_value(step.location),
        "detail": step.detail,
    }


def _fix_value(fix: Fix) -> JsonObject:
    return {
        "applicability": fix.applicability,
        "message": fix.message,
        "edits": [
            {
                "content": edit.content,
                "location": position_value(edit.location),
                "end_location": position_value(edit.end_location),
            }
            for edit in fix.edits
        ],
    }
