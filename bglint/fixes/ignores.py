"""Ignore comments for findings that are to stay: `# bglint: ignore[BG101] -- added by bglint`."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bglint.comments import Suppressions
from bglint.diagnostics import Edit, Fix, Position
from bglint.source import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bglint.comments import Suppression
    from bglint.diagnostics import Diagnostic

REASON: Final = "added by bglint"
_NOT_SILENCED: Final = frozenset({"BG901", "BG902", "BG903"})
"""What is wrong with a file or with a comment is mended, not silenced."""


@dataclass(frozen=True, slots=True)
class IgnoreComments:
    """Silences findings by a comment on a row of theirs, joined to an ignore comment that stands there already.

    A reason of its own is added to the one that such a comment gives.
    """

    reason: str = REASON

    def wants(self, diagnostic: Diagnostic) -> bool:
        """Tell whether a comment can silence a finding."""
        return diagnostic.code not in _NOT_SILENCED

    def fixes(self, diagnostics: Sequence[Diagnostic], data: bytes) -> Iterator[tuple[Diagnostic, Fix]]:
        """Yield the findings of a file, each with the comment for all findings of its row."""
        text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        rows = _rows_that_take_comments(text)
        existing = {each.row: each for each in Suppressions.parse(text).comments if _can_be_joined(each)}
        by_row: dict[int, list[Diagnostic]] = {}
        for diagnostic in diagnostics:
            row = _row_for(diagnostic, rows, existing)
            if row is not None:
                by_row.setdefault(row, []).append(diagnostic)
        reason = _in_the_encoding_of(data, self.reason)
        for row, found in by_row.items():
            codes = sorted({diagnostic.code for diagnostic in found})
            if row in existing:
                edits = _joined(existing[row], codes, "" if self.reason == REASON else reason)
            else:
                edits = (_appended(row, lines[row - 1], codes, reason),)
            fix = Fix("safe", f"Ignore {', '.join(codes)} here", edits)
            yield from ((diagnostic, fix) for diagnostic in found)


def _in_the_encoding_of(data: bytes, reason: str) -> str:
    """The reason with escapes for what the encoding of a file lacks."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        encoding = "ascii"
    return reason.encode(encoding, "backslashreplace").decode(encoding)


def _appended(row: int, line: str, codes: Sequence[str], reason: str) -> Edit:
    """The edit that puts a new comment at the end of a line."""
    end = len(line.rstrip())
    comment = f"  # bglint: ignore[{', '.join(codes)}]" + (f" -- {reason}" if reason else "")
    return Edit(comment, Position(row, end + 1), Position(row, len(line) + 1))


def _row_for(diagnostic: Diagnostic, rows: frozenset[int], existing: Iterable[int]) -> int | None:
    """The row of a finding that its comment goes on: one with an ignore comment, else the first that takes one."""
    own = range(diagnostic.span.start.row, diagnostic.span.end.row + 1)
    joined = [row for row in own if row in existing]
    return next(iter(joined or (row for row in own if row in rows)), None)


def _can_be_joined(comment: Suppression) -> bool:
    return comment.kind == "ignore" and bool(comment.codes) and "]" in comment.text


def _joined(comment: Suppression, codes: Sequence[str], reason: str) -> tuple[Edit, ...]:
    """The edits that add codes to those of a comment, and a reason to its own."""
    at = re.sub(r"[,\s]*\].*", "", comment.text, count=1, flags=re.DOTALL)
    place = Position(comment.row, comment.start.column + len(at))
    missing = [code for code in codes if code not in comment.codes]
    added = Edit("".join(f", {code}" for code in missing), place, place)
    if not reason or comment.text.endswith(reason):
        return (added,)
    written = comment.text.rstrip()
    end = Position(comment.row, comment.start.column + len(written))
    return added, Edit(f" -- {reason}" if written.endswith("]") else f"; {reason}", end, end)


def _rows_that_take_comments(text: str) -> frozenset[int]:
    """The rows whose end lies in no string and before no continued line; all where the text cannot be tokenized."""
    rows = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in {tokenize.NEWLINE, tokenize.NL}:
                rows.add(token.start[0])
    except (tokenize.TokenError, SyntaxError):
        return frozenset(range(1, text.count("\n") + 2))
    return frozenset(rows)
