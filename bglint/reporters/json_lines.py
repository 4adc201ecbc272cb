"""`json-lines`: one diagnostic a line, in the order in which they are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bglint.reporters.json_values import diagnostic_value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, _context: RenderContext) -> Iterable[str]:
    """Yield each diagnostic as one line of JSON."""
    for diagnostic in report.diagnostics_as_found:
        yield json.dumps(diagnostic_value(diagnostic))
