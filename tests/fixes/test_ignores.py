"""Ignore comments that are added: where they go, and that they silence what they are to silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.comments import Suppressions
from bglint.diagnostics import Confidence, Diagnostic, Position, Report, Span
from bglint.fixes.apply import mend
from bglint.fixes.ignores import REASON, IgnoreComments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOTE = "-- added by bglint"


def finding(path: Path, first: int, last: int, code: str = "BG101") -> Diagnostic:
    return Diagnostic(
        code, "name", "message", Span(str(path), Position(first, 1), Position(last, 2)), "warning", Confidence.HIGH
    )


def added(path: Path, source: str, *findings: Diagnostic, reason: str = REASON) -> tuple[str, int]:
    """The source with comments for its findings, and how many of them are not silenced."""
    path.write_bytes(source.encode())

    def relint(overlay: Mapping[str, bytes]) -> Report:
        comments = Suppressions.parse((overlay.get(str(path)) or path.read_bytes()).decode())
        kept = [f for f in findings if not comments.match(f.code, f.span.start.row, f.span.end.row)]
        return Report(diagnostics=tuple(kept))

    outcome = mend(relint, IgnoreComments(reason))
    change = outcome.changes.get(str(path))
    return (change.after.decode() if change else source), len(outcome.report.diagnostics)


@pytest.mark.parametrize(
    ("source", "rows", "expected"),
    [
        ("add(f)\n", (1, 1), f"add(f)  # bglint: ignore[BG101] {NOTE}\n"),
        ("add(f)  \r\n", (1, 1), f"add(f)  # bglint: ignore[BG101] {NOTE}\r\n"),
        ("add(f)", (1, 1), f"add(f)  # bglint: ignore[BG101] {NOTE}"),
        ("add(f)  # é\n", (1, 1), f"add(f)  # é  # bglint: ignore[BG101] {NOTE}\n"),
        ("add(\n    f,\n)\n", (1, 3), f"add(  # bglint: ignore[BG101] {NOTE}\n    f,\n)\n"),
        ("add('''\n\n''')\n", (1, 3), f"add('''\n\n''')  # bglint: ignore[BG101] {NOTE}\n"),
        ("x.\\\n    add(f)\n", (1, 2), f"x.\\\n    add(f)  # bglint: ignore[BG101] {NOTE}\n"),
        ("add(f'''{x}\n''', '''\n''')\n", (1, 3), f"add(f'''{{x}}\n''', '''\n''')  # bglint: ignore[BG101] {NOTE}\n"),
    ],
)
def test_the_comment_goes_to_the_first_row_that_takes_one(
    tmp_path: Path, source: str, rows: tuple[int, int], expected: str
) -> None:
    path = tmp_path / "a.py"
    assert added(path, source, finding(path, *rows)) == (expected, 0)


def test_several_findings_of_a_row_share_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    findings = [finding(path, 1, 1, code) for code in ("BG201", "BG101", "BG103")]
    assert added(path, "add(f)\n", *findings) == (f"add(f)  # bglint: ignore[BG101, BG103, BG201] {NOTE}\n", 0)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# bglint: ignore[BG2] -- known", "# bglint: ignore[BG2, BG101] -- known"),
        ("# bglint:ignore[BG2,]", "# bglint:ignore[BG2, BG101,]"),
        ("# x  # bglint: ignore[ BG2 ]", "# x  # bglint: ignore[ BG2, BG101 ]"),
    ],
)
def test_a_comment_that_is_there_already_is_joined(tmp_path: Path, comment: str, expected: str) -> None:
    path = tmp_path / "a.py"
    source = "add(\n    f\n)  {}\n"
    assert added(path, source.format(comment), finding(path, 1, 3)) == (source.format(expected), 0)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# bglint: ignore[BG2]", "# bglint: ignore[BG2, BG101] -- moves in May"),
        ("# bglint: ignore[BG2] -- known", "# bglint: ignore[BG2, BG101] -- known; moves in May"),
        ("# bglint: ignore[BG2] -- moves in May", "# bglint: ignore[BG2, BG101] -- moves in May"),
    ],
)
def test_a_reason_is_added_to_that_of_the_comment(tmp_path: Path, comment: str, expected: str) -> None:
    path = tmp_path / "a.py"
    made = added(path, f"add(f)  {comment}\n", finding(path, 1, 1), reason="moves in May")
    assert made == (f"add(f)  {expected}\n", 0)


@pytest.mark.parametrize("comment", ["# noqa: E501", "# type: ignore[arg-type]", "# bglint: light"])
def test_the_comments_of_others_stay_in_front(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "a.py"
    expected = f"add(f)  {comment}  # bglint: ignore[BG101] {NOTE}\n"
    assert added(path, f"add(f)  {comment}\n", finding(path, 1, 1)) == (expected, 0)


def test_what_is_wrong_with_comments_and_files_is_not_silenced(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    findings = [finding(path, 1, 1, code) for code in ("BG901", "BG902", "BG903")]
    assert added(path, "add(f)\n", *findings) == ("add(f)\n", 3)


def test_where_no_row_takes_a_comment_the_finding_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    source = "add(f) + '''\n'''\n"
    assert added(path, source, finding(path, 1, 1)) == (source, 1)
