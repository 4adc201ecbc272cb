"""`gitlab`: the Code Quality report of GitLab CI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from bglint.reporters.fingerprints import fingerprinted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Report
    from bglint.reporters.context import RenderContext

_SEVERITIES: Final = {"error": "critical", "warning": "major", "info": "minor"}


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the report: an array of issues, each with a fingerprint of its own."""
    issues = []
    for diagnostic, fingerprint in fingerprinted(report.diagnostics):
        path = context.repository_path(diagnostic.span.filename)
        start, end = diagnostic.span.start, diagnostic.span.end
        issues.append(
            {
                "description": f"{diagnostic.code}: {diagnostic.message}",
                "check_name": diagnostic.code,
                "fingerprint": f"{fingerprint}:{path}",
                "severity": _SEVERITIES[diagnostic.severity],
                "location": {
                    "path": path,
                    "positions": {
                        "begin": {"line": start.row, "column": start.column},
                        "end": {"line": end.row, "column": end.column},
                    },
                },
            }
        )
    return [json.dumps(issues, indent=2)]
