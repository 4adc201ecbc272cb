"""Rounds of fixes: what is applied together, what one after the other, what not at all, and what is written."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bglint.diagnostics import Confidence, Diagnostic, Edit, Fix, Position, Report, Span
from bglint.fixes.apply import MAX_ROUNDS, Change, OwnFixes, mend, write_changes
from bglint.source import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bglint.diagnostics import Applicability
    from tests.fixes.conftest import ToyLinter


@dataclass
class Words:
    """A linter that wants each word of a file replaced by another; it notes how often it ran."""

    path: Path
    wanted: dict[str, str]
    applicability: Applicability = "safe"
    runs: list[bytes] = field(default_factory=list)

    def __call__(self, overlay: Mapping[str, bytes]) -> Report:
        data = overlay.get(str(self.path)) or self.path.read_bytes()
        self.runs.append(data)
        found = []
        for row, line in enumerate(decode(data).splitlines(), 1):
            for word, other in self.wanted.items():
                at = line.find(word)
                while at >= 0:
                    start, end = Position(row, at + 1), Position(row, at + 1 + len(word))
                    fix = Fix(self.applicability, "", (Edit(other, start, end),))
                    span = Span(str(self.path), start, end)
                    found.append(Diagnostic(word, word, word, span, "error", Confidence.HIGH, fix=fix))
                    at = line.find(word, at + 1)
        return Report(diagnostics=tuple(sorted(found, key=lambda each: each.sort_key)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.py"


def test_fixes_that_are_apart_are_applied_in_one_round(path: Path) -> None:
    path.write_text("one + two\none\n", encoding="utf-8")
    linter = Words(path, {"one": "1", "two": "2"})
    outcome = mend(linter, OwnFixes())
    assert outcome.changes == {str(path): Change(b"one + two\none\n", b"1 + 2\n1\n")}
    assert len(outcome.fixed) == 3
    assert outcome.report == Report()
    assert len(linter.runs) == 3  # to find what is wrong, to hold the file, to see that it is right
    assert path.read_bytes() == b"one + two\none\n"


def test_fixes_that_conflict_are_applied_one_after_the_other(path: Path) -> None:
    path.write_text("abc\n", encoding="utf-8")
    assert mend(Words(path, {"ab": "xb", "bc": "y"}), OwnFixes()).changes[str(path)].after == b"xy\n"


@pytest.mark.parametrize(("text", "rounds"), [("ab, cd\n", 1), ("abcd\n", 2)])
def test_fixes_that_touch_are_applied_one_after_the_other(path: Path, text: str, rounds: int) -> None:
    """What one writes may depend on what stands beside it: two imports at one place, say."""
    path.write_text(text, encoding="utf-8")
    linter = Words(path, {"ab": "x", "cd": "y"})
    outcome = mend(linter, OwnFixes())
    assert outcome.changes[str(path)].after == text.replace("ab", "x").replace("cd", "y").encode()
    assert len(linter.runs) == 2 + rounds


def test_two_fixes_that_undo_one_another_come_to_an_end(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text("a\n", encoding="utf-8")
    linter = Words(path, {"a": "b", "b": "a"})
    mend(linter, OwnFixes())
    assert len(linter.runs) == 2 + MAX_ROUNDS
    assert "stopped after 10 rounds" in caplog.text


def test_a_fix_that_does_not_help_is_not_applied_and_the_others_are(path: Path) -> None:
    path.write_text("a; b; c\n", encoding="utf-8")
    linter = Words(path, {"a": "xx", "b": "bb", "c": "yy"})
    outcome = mend(linter, OwnFixes())
    assert len(linter.runs) == 4  # it is not tried again where the others have moved it to
    assert outcome.changes[str(path)].after == b"xx; b; yy\n"
    assert [each.code for each in outcome.report.diagnostics] == ["b"]
    assert sorted(each.code for each in outcome.fixed) == ["a", "c"]


def test_a_fix_after_which_the_file_does_not_parse_is_not_applied(path: Path) -> None:
    path.write_text("a = 1\nb = 2\nc = 3\n", encoding="utf-8")
    outcome = mend(Words(path, {"a": "(", "b": "B", "c": "else"}), OwnFixes())
    assert outcome.changes[str(path)].after == b"a = 1\nB = 2\nc = 3\n"


@pytest.mark.parametrize(("applicability", "changed"), [("safe", True), ("unsafe", False), ("display", False)])
def test_only_safe_fixes_are_applied_unasked(path: Path, applicability: Applicability, changed: bool) -> None:
    path.write_text("a\n", encoding="utf-8")
    assert bool(mend(Words(path, {"a": "b"}, applicability), OwnFixes()).changes) is changed


def test_display_fixes_are_never_applied(path: Path) -> None:
    path.write_text("a\n", encoding="utf-8")
    both = OwnFixes(frozenset({"safe", "unsafe"}))
    assert mend(Words(path, {"a": "b"}, "unsafe"), both).changes
    assert not mend(Words(path, {"a": "b"}, "display"), both).changes


def test_the_same_edit_of_two_fixes_is_made_once(path: Path) -> None:
    path.write_text("a = b\n", encoding="utf-8")
    top = Position(1, 1)

    def lint(overlay: Mapping[str, bytes]) -> Report:
        text = (overlay.get(str(path)) or path.read_bytes()).decode()
        row = text.count("\n")
        line = text.split("\n")[row - 1]
        found = []
        for column, letter in enumerate(line, 1):
            if letter in "ab":
                place, end = Position(row, column), Position(row, column + 1)
                fix = Fix("safe", "", (Edit("import x\n", top, top), Edit(letter.upper(), place, end)))
                span = Span(str(path), place, end)
                found.append(Diagnostic(letter, "", "", span, "error", Confidence.HIGH, fix=fix))
        return Report(diagnostics=tuple(found))

    changes = mend(lint, OwnFixes()).changes
    assert changes[str(path)].after in {b"import x\nA = B\n", b"import x\nimport x\nA = B\n"}


def test_one_file_by_two_names_is_mended_once(path: Path) -> None:
    path.write_text("a\n", encoding="utf-8")
    link = path.with_name("b.py")
    link.symlink_to(path)
    one, other = Words(path, {"a": "aa"}), Words(link, {"a": "b"})

    def lint(overlay: Mapping[str, bytes]) -> Report:
        return Report(diagnostics=one(overlay).diagnostics + other(overlay).diagnostics)

    assert list(mend(lint, OwnFixes()).changes) == []  # `aa` does not help, and the link is not asked
    one.wanted = {"a": "c"}
    assert list(mend(lint, OwnFixes()).changes) == [str(path)]


def test_a_file_that_changed_in_between_is_left_alone(path: Path) -> None:
    path.write_text("a\n", encoding="utf-8")
    changes = mend(Words(path, {"a": "b"}), OwnFixes()).changes
    path.write_text("a  # edited\n", encoding="utf-8")
    written, left = write_changes(changes)
    assert written == []
    assert left == {str(path): "it changed on disk in the meantime"}
    assert path.read_text(encoding="utf-8") == "a  # edited\n"


def test_what_is_fixed_is_the_text_that_was_linted(path: Path) -> None:
    path.write_text("a\n", encoding="utf-8")
    linter = Words(path, {"a": "b"})

    def lint(overlay: Mapping[str, bytes]) -> Report:
        report = linter(overlay)
        if not overlay:
            path.write_text("  # moved\nxx a\n", encoding="utf-8")
        return report

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bglint.fixes.apply.parse", lambda text: None)
        assert mend(lint, OwnFixes()).changes[str(path)] == Change(b"  # moved\nxx a\n", b"  # moved\nxx b\n")


def test_a_file_that_is_gone_or_cannot_be_written_is_left_alone(path: Path) -> None:
    written, left = write_changes({str(path): Change(b"a", b"b")})
    assert (written, left) == ([], {str(path): "it cannot be written: No such file or directory"})


def test_a_file_whose_text_cannot_be_written_back_is_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_bytes(b"# coding: utf-7\na = '+AGE-'\n")
    assert not mend(Words(path, {"a": "b"}), OwnFixes()).changes
    assert "left alone: its text cannot be written back in utf-7" in caplog.text


# generated programs

PREAMBLE = """\
import asyncio
from fastapi import BackgroundTasks
from celery import shared_task
@shared_task
def job(*a, **k): ...
async def mail(*a, **k): ...
def store(*a, **k): ...
def rows(*a, **k):
    yield a
"""
arguments = st.lists(
    st.sampled_from(["x", "x.name", "1", "'é'", "key=x", "'''a\n   b'''", "*x", "[x]", "-1"]), max_size=3, unique=True
).map(lambda found: sorted(found, key=lambda each: "=" in each))
comments = st.sampled_from(["", "  # why", "  # ünï"])


@st.composite
def calls(draw: st.DrawFn, name: str, indent: str) -> str:
    given = draw(arguments)
    if not given or draw(st.booleans()):
        comma = "," if draw(st.booleans()) and given else ""
        return f"{name}({', '.join(given)}{comma})"
    lines = "".join(f"\n{indent}    {each},{draw(comments)}" for each in given)
    return f"{name}({lines}\n{indent})"


@st.composite
def statements(draw: st.DrawFn, indent: str) -> str:
    function = draw(st.sampled_from(["mail", "store", "x.save"]))
    broken = draw(st.booleans())
    inner = f"{indent}    " if broken else indent
    call = draw(calls(function, inner))
    extra = ", ".join(draw(arguments))
    target = draw(
        st.sampled_from(
            [
                call,
                f"await {call}",
                f"lambda: {call}",
                f"asyncio.run, {call}",
                f"asyncio.create_task, {call}",
                f"lambda: asyncio.run({call})",
                ", ".join(["job", *filter(None, [extra])]),
                ", ".join(["rows", *filter(None, [extra])]),
                ", ".join(["store", *filter(None, [extra])]),
                f"func={call}",
            ]
        )
    )
    comma = draw(st.sampled_from(["", ","]))
    opened, closed = (f"({draw(comments)}\n{inner}", f"{comma}{draw(comments)}\n{indent})") if broken else ("(", ")")
    await_ = draw(st.sampled_from(["", "await "]))
    return f"{indent}{await_}tasks.add_task{opened}{target}{closed}{draw(comments)}"


@st.composite
def programs(draw: st.DrawFn) -> bytes:
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8", "latin-1", "utf-8-sig"]))
    text = f"# coding: {encoding.removesuffix('-sig')}\n{PREAMBLE}"
    for number in range(draw(st.integers(1, 3))):
        text += f"async def endpoint_{number}(tasks: BackgroundTasks, x):\n"
        for _ in range(draw(st.integers(1, 3))):
            loop = draw(st.booleans())
            if loop:
                text += "    for x in x:\n"
            text += draw(statements("        " if loop else "    ")) + "\n"
    return text.replace("\n", ending).encode(encoding)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=programs(), unsafe=st.booleans())
def test_generated_programs_are_mended_within_ten_rounds(
    toy: ToyLinter, caplog: pytest.LogCaptureFixture, data: bytes, unsafe: bool
) -> None:
    caplog.clear()
    toy.path.write_bytes(data)
    applicabilities: frozenset[Applicability] = frozenset({"safe", "unsafe"} if unsafe else {"safe"})
    outcome = mend(toy, OwnFixes(applicabilities))
    assert not caplog.records
    before = toy({})
    fixable = [each for each in before.diagnostics if each.fix and each.fix.applicability in applicabilities]
    after = outcome.changes[str(toy.path)].after if outcome.changes else data
    assert bool(outcome.changes) is bool(fixable)
    assert len(outcome.fixed) >= len({each.span for each in fixable})
    assert toy({str(toy.path): after}) == outcome.report
    text = decode(after)
    ast.parse(text)
    assert after.startswith(b"\xef\xbb\xbf") is data.startswith(b"\xef\xbb\xbf")
    assert _endings(after) <= _endings(data)
    assert sorted(_comments(decode(data))) == sorted(_comments(text))
    assert _definitions(text) == _definitions(decode(data))
    toy.path.write_bytes(after)
    assert not mend(toy, OwnFixes(applicabilities)).changes


def _endings(data: bytes) -> set[bytes]:
    rest = data.replace(b"\r\n", b"")
    return {each for each, there in ((b"\r\n", rest != data), (b"\n", b"\n" in rest), (b"\r", b"\r" in rest)) if there}


def _comments(text: str) -> list[str]:
    return [part for line in re.split(r"[\r\n]", text) for part in line.split("#")[1:]]


def _definitions(text: str) -> list[str]:
    """The lines that no fix has any business with, endings included."""
    return [line for line in text.splitlines(keepends=True) if re.match(r"(async )?def |import |from |#|@", line)]
