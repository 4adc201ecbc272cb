"""`json-lines` of the inventory: one task a line, in the order in which they are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bglint.reporters.json_values import task_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield each task as one line of JSON."""
    for task in report.tasks_as_found:
        yield json.dumps(task_value(task, context))
