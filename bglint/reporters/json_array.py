"""`json`: one array of diagnostics, readable by what reads ruff's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.reporters.json_values import array_lines, diagnostic_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, _context: RenderContext) -> Iterable[str]:
    """Return the lines of the array."""
    return array_lines([diagnostic_value(diagnostic) for diagnostic in report.diagnostics])
