"""The last line of a run, for people: what was found, and in how much."""

from __future__ import annotations

import logging
import os
from collections import Counter
from typing import TYPE_CHECKING, Final

from bglint.cli.console import print_notes
from bglint.reporters.text import count
from bglint.reporters.verdicts import rank_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.cli.session import Session
    from bglint.diagnostics import Report, Severity

logger = logging.getLogger(__name__)

_HARMLESS_VERDICTS: Final = frozenset({"light", "enqueue", "offloaded"})
_NOUNS: Final[dict[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}


def conclude(report: Report, session: Session, summary: Callable[[Report], str] | None) -> None:
    """Say on stderr what the run comes to; that nothing was looked at, whatever the format."""
    if not report.files and not session.stdin:
        logger.warning("no Python files found at %s", ", ".join(map(os.path.abspath, session.paths)))
    elif summary and not session.quiet:
        print_notes([summary(report)])


def check_summary(report: Report) -> str:
    """Return what `check` found: the findings by severity, or that there is none, and what was looked at."""
    looked_at = f"{count(report.files, 'file')}, {_tasks(report)}"
    if not report.diagnostics:
        return f"No problems: {looked_at}{_verdicts(report)}"
    by_severity = Counter(diagnostic.severity for diagnostic in report.diagnostics)
    parts = [count(by_severity[severity], noun) for severity, noun in _NOUNS.items() if by_severity[severity]]
    return f"Found {count(len(report.diagnostics), 'problem')} ({', '.join(parts)}) in {looked_at}"


def tasks_summary(report: Report) -> str:
    """Return how many tasks there are, and how they were judged."""
    return f"{_tasks(report).capitalize()} in {count(report.files, 'file')}{_verdicts(report)}"


def _tasks(report: Report) -> str:
    return count(len(report.tasks), "background task") if report.tasks else "no background tasks"


def _verdicts(report: Report) -> str:
    """Return the verdicts with their numbers, or in one word that all is well."""
    verdicts = Counter(task.verdict for task in report.tasks)
    if not verdicts:
        return ""
    if _HARMLESS_VERDICTS.issuperset(verdicts):
        return ", all light" if len(report.tasks) > 1 else ", light"
    return f" ({', '.join(f'{verdicts[verdict]} {verdict}' for verdict in sorted(verdicts, key=rank_of))})"
