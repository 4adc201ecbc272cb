"""What comments say to bglint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.comments import Suppression, Suppressions

if TYPE_CHECKING:
    from bglint.diagnostics import Edit


def only(source: str) -> Suppression:
    (comment,) = Suppressions.parse(source).comments
    return comment


def applied(source: str, edit: Edit) -> str:
    lines = [*source.splitlines(keepends=True), ""]
    start, end = edit.location, edit.end_location
    before = "".join(lines[: start.row - 1]) + lines[start.row - 1][: start.column - 1]
    after = lines[end.row - 1][end.column - 1 :] + "".join(lines[end.row :])
    return before + edit.content + after


@pytest.mark.parametrize(
    ("comment", "silenced", "heard"),
    [
        ("# bglint: ignore", ["BG101", "BG412"], ["BG902", "BG903"]),
        ("#bglint:ignore", ["BG101"], []),
        ("# bglint: ignore[BG101, BG2]", ["BG101", "BG201", "BG202"], ["BG102"]),
        ("# bglint: ignore[bg101]: slow on purpose", ["BG101"], ["BG102"]),
        ("# bglint: ignore[BG902]", ["BG902"], ["BG101"]),
        ("# noqa", ["BG101"], []),
        ("# NOQA", ["BG101"], []),
        ("# noqa - reviewed", ["BG101"], []),
        ("# noqa: BG101", ["BG101"], ["BG102"]),
        ("# noqa:BG101,E501", ["BG101"], ["BG501"]),
        ("# noqa: E501 BG101 because", ["BG101"], ["BG102"]),
        ("# noqa : BG1", ["BG101"], ["BG201"]),
        ("# noqa: E501", [], ["BG101"]),
        ("# noqa: see the issue", [], ["BG101"]),
        ("# noqax", [], ["BG101"]),
        ("# type: ignore  # bglint: ignore[BG101]", ["BG101"], ["BG102"]),
        ("# just bglint: ignore", [], ["BG101"]),
    ],
)
def test_a_comment_silences_what_it_names(comment: str, silenced: list[str], heard: list[str]) -> None:
    suppressions = Suppressions.parse(f"tasks.add_task(f)  {comment}\n")
    assert [code for code in silenced + heard if suppressions.match(code, 1, 1)] == silenced


def test_a_comment_on_any_line_of_the_call_counts_and_on_no_other() -> None:
    source = "tasks.add_task(\n    f,\n    x,  # bglint: ignore[BG101]\n)\n"
    suppressions = Suppressions.parse(source)
    assert suppressions.match("BG101", 1, 4)
    assert suppressions.match("BG101", 3, 3)
    assert not suppressions.match("BG101", 4, 4)


def test_ignore_file_holds_for_the_whole_file_wherever_it_stands() -> None:
    suppressions = Suppressions.parse("tasks.add_task(f)\n\n\n# bglint: ignore-file[BG1]\n")
    assert suppressions.match("BG101", 1, 1)
    assert not suppressions.match("BG201", 1, 1)
    assert Suppressions.parse("# bglint: ignore-file\n").match("BG201", 9, 9)


def test_text_inside_a_string_is_no_comment() -> None:
    source = 'x = "# bglint: ignore"\ny = """\n# bglint: ignore-file\n# noqa\n"""\n'
    assert Suppressions.parse(source).comments == ()


def test_a_file_that_does_not_tokenize_is_read_all_the_same() -> None:
    source = 'def f(:\n  x = (  # bglint: ignore[BG101]\n"""\n'
    assert Suppressions.parse(source).match("BG101", 2, 2)


def test_rows_are_counted_as_python_counts_them() -> None:
    source = "a\r\nb\rc = '\x0c \u2028'  # bglint: ignore\n"
    assert only(source).row == 3


@pytest.mark.parametrize(
    "comment",
    [
        "# bglint: ignore[]",
        "# bglint: ignore[ , ]",
        "# bglint: ignore[BG101",
        "# bglint: ignore BG101",
        "# bglint: ignore: BG101",
        "# bglint: ingore",
        "# bglint:",
    ],
)
def test_a_comment_that_names_no_rule_is_invalid_and_silences_nothing(comment: str) -> None:
    suppressions = Suppressions.parse(f"x  {comment}\n")
    assert [invalid.text for invalid in suppressions.invalid] == [comment]
    assert not suppressions.match("BG101", 1, 1)


def test_light_and_heavy_are_noted_by_row() -> None:
    suppressions = Suppressions.parse(
        "def f():  # bglint: light\n    pass\n\ndef g():  # bglint: heavy, renders\n    pass\n"
    )
    assert suppressions.light_rows == {1}
    assert suppressions.heavy_rows == {4}
    assert suppressions.invalid == ()


def test_the_narrowest_comment_is_the_one_that_is_used() -> None:
    source = "# bglint: ignore-file\nx  # noqa  # bglint: ignore[BG1]\n"
    suppressions = Suppressions.parse(source)
    used = suppressions.match("BG101", 2, 2)
    assert used
    assert used.text == "# bglint: ignore[BG1]"


def test_what_silences_nothing_is_unused_except_a_blanket_noqa() -> None:
    comments = ["noqa", "noqa: BG101, E501", "bglint: ignore", "bglint: ignore[BG101, BG2]", "bglint: ignore-file[BG3]"]
    suppressions = Suppressions.parse("".join(f"f()  # {comment}\n" for comment in comments))
    used = suppressions.match("BG101", 4, 4)
    assert used
    unused = [(comment.row, codes) for comment, codes in suppressions.unused([(used, "BG101")])]
    assert unused == [(2, ("BG101",)), (3, ()), (4, ("BG2",)), (5, ("BG3",))]


@pytest.mark.parametrize(
    ("source", "unused", "rest"),
    [
        ("f()  # bglint: ignore[BG101]\n", ["BG101"], "f()\n"),
        ("f()  # bglint: ignore[BG101, BG2]: why\n", ["BG101"], "f()  # bglint: ignore[BG2]: why\n"),
        ("f()  # bglint: ignore[BG101, BG2]\n", ["BG2"], "f()  # bglint: ignore[BG101]\n"),
        ("f()  # bglint: ignore[BG101,BG2]: why\n", ["BG101", "BG2"], "f()\n"),
        ("f()  # noqa: BG101, E501\n", ["BG101"], "f()  # noqa: E501\n"),
        ("f()  # noqa: E501 BG101 why\n", ["BG101"], "f()  # noqa: E501 why\n"),
        ("f()  # noqa: BG101\n", ["BG101"], "f()\n"),
        ("f()  # type: ignore  # bglint: ignore[BG1]\n", ["BG1"], "f()  # type: ignore\n"),
        ("f()  # bglint: ignore[BG1]  # type: ignore\n", ["BG1"], "f()  # type: ignore\n"),
        ("a\n# bglint: ignore-file[BG1]\nb\n", ["BG1"], "a\nb\n"),
        ("é = '日本'  # bglint: ignore[BG1]\n", ["BG1"], "é = '日本'\n"),
    ],
)
def test_an_edit_takes_out_what_is_unused_and_leaves_the_rest(source: str, unused: list[str], rest: str) -> None:
    assert applied(source, only(source).edit_without(unused)) == rest
