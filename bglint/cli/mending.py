"""`--fix`, `--diff` and `--add-ignores`: what becomes of the changed files, and what is said of it."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bglint.cli.console import ReaderGoneError, print_notes
from bglint.reporters.text import count, harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bglint.cli.narrowing import Narrowing
    from bglint.diagnostics import Report
    from bglint.fixes.apply import Outcome

logger = logging.getLogger(__name__)


def print_diff(narrowing: Narrowing, options: Mapping[str, Any]) -> bool:
    """Print on stdout what would be changed; tell whether anything would."""
    from bglint.fixes.diff import unified_diff  # noqa: PLC0415 - seldom needed

    outcome = _mended(narrowing, options)
    _write_bytes(unified_diff(outcome.changes, os.getcwd()))  # noqa: PTH109
    _conclude(outcome, narrowing, "Would add ignore comments for" if options["add_ignores"] else "Would fix")
    return bool(outcome.changes)


def write_mended(narrowing: Narrowing, options: Mapping[str, Any]) -> Report:
    """Write the changed files, or what came by stdin to stdout; return the report of how things stand then."""
    from bglint.fixes.apply import write_changes  # noqa: PLC0415

    outcome = _mended(narrowing, options)
    done = "Added ignore comments for" if options["add_ignores"] else "Fixed"
    if stdin := narrowing.session.stdin:
        change = outcome.changes.get(stdin[0])
        text = change.after if change else stdin[1]
        _write_bytes([text])
        narrowing.session = replace(narrowing.session, stdin=(stdin[0], text))
        _conclude(outcome, narrowing, done)
        return outcome.report
    written, left = write_changes(outcome.changes)
    for path, reason in left.items():
        logger.warning("%s: left alone: %s", path, reason)
    _conclude(outcome, narrowing, done, written)
    return narrowing.report({}) if left else outcome.report


def fixable_lines(report: Report) -> Sequence[str]:
    """Return how many of the findings can be fixed, and how."""
    applicabilities = [each.fix.applicability for each in report.diagnostics if each.fix is not None]
    safe, unsafe = applicabilities.count("safe"), applicabilities.count("unsafe")
    parts = [f"{safe} fixable with `--fix`"] if safe else []
    parts += [f"{unsafe} {'more ' if safe else 'fixable '}with `--fix --unsafe-fixes`"] if unsafe else []
    return [", ".join(parts)] if parts else []


def _mended(narrowing: Narrowing, options: Mapping[str, Any]) -> Outcome:
    from bglint.fixes.apply import OwnFixes, mend  # noqa: PLC0415
    from bglint.fixes.ignores import REASON, IgnoreComments  # noqa: PLC0415

    if options["add_ignores"]:
        return mend(narrowing.report, IgnoreComments(options["reason"] or REASON), narrowing.session.read)
    unsafe = options["unsafe_fixes"]
    return mend(
        narrowing.report, OwnFixes(frozenset({"safe", "unsafe"} if unsafe else {"safe"})), narrowing.session.read
    )


def _conclude(outcome: Outcome, narrowing: Narrowing, done: str, written: Sequence[str] | None = None) -> None:
    paths = outcome.changes.keys() if written is None else set(written)
    fixed = [diagnostic for diagnostic in outcome.fixed if diagnostic.span.filename in paths]
    if fixed and not narrowing.session.quiet:
        print_notes([harmless(f"{done} {count(len(fixed), 'problem')} in {count(len(paths), 'file')}")])


def _write_bytes(parts: Iterable[bytes]) -> None:
    """Write to stdout as it is, in no encoding of the terminal's."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error
