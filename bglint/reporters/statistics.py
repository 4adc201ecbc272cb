"""`--statistics`: how often each rule was broken, the most frequent first."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bglint.reporters.text import columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext


def render(report: Report, _context: RenderContext) -> Iterable[str]:
    """Yield a line a rule: how often, code, name."""
    counts = Counter((diagnostic.code, diagnostic.name) for diagnostic in report.diagnostics)
    if not counts:
        return []
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    width = len(str(ranked[0][1]))
    return columns([(f"{count:>{width}}", code, name) for (code, name), count in ranked])
