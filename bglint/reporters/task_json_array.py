"""`json`: one array of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.reporters.json_values import array_lines, task_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the lines of the array."""
    return array_lines([task_value(task, context) for task in report.tasks])
