"""Every folder of `fixtures/` gets the verdicts and the diagnostics that its comments ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bglint.diagnostics import Confidence, Definition, Diagnostic, Position, Report, Span, Task
from bglint.engine import run
from bglint.settings import SettingsResolver
from tests.want import Expectations, Expected, MalformedExpectationError, Want, differences, expectations, parse

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
FOLDERS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir() and path.name.isidentifier())


@pytest.mark.parametrize("name", FOLDERS)
def test_fixture_is_judged_as_its_comments_say(name: str) -> None:
    folder = FIXTURES / name
    report = run([str(folder)], SettingsResolver(cli_overrides={}))

    differing = differences(expectations(folder), report, folder)

    assert not differing, "\n" + "\n".join(differing)


@pytest.mark.parametrize("name", FOLDERS)
def test_fixture_expects_something_or_says_that_nothing_is_there(name: str) -> None:
    expected = expectations(FIXTURES / name)

    assert expected.tasks or name == "unrelated"


# the parser


def test_a_task_comment_holds_verdict_category_symbol_and_wants() -> None:
    source = b'add(f)  # task: cpu-async image -> app.media.f  want BG101 "image work" BG201 "a \\"b\\""\n'

    assert parse(source, "m.py") == Expectations(
        (Expected("m.py", 1, "cpu-async", "image", "app.media.f"),),
        (Want("m.py", 1, "BG101", "image work"), Want("m.py", 1, "BG201", 'a \\"b\\"')),
    )


def test_category_symbol_and_wants_may_be_left_out() -> None:
    source = b'a()  # task: light\nb()  # task: cpu -> b\nc()  # task: slow-io want BG203 "x"\n'

    assert parse(source, "m.py") == Expectations(
        (
            Expected("m.py", 1, "light", None, None),
            Expected("m.py", 2, "cpu", None, "b"),
            Expected("m.py", 3, "slow-io", None, None),
        ),
        (Want("m.py", 3, "BG203", "x"),),
    )


def test_an_expectation_may_follow_another_comment() -> None:
    source = b"add(f)  # bglint: ignore[BG101]  # task: cpu image\n"

    assert parse(source, "m.py").tasks == (Expected("m.py", 1, "cpu", "image", None),)


def test_a_want_needs_no_task_and_may_stand_for_the_whole_file() -> None:
    source = b'x = 1  # want BG902 "unused"\n# want-file BG901 "parse"\n'

    assert parse(source, "m.py") == Expectations(
        (), (Want("m.py", 1, "BG902", "unused"), Want("m.py", None, "BG901", "parse"))
    )


def test_text_in_strings_is_no_expectation() -> None:
    assert parse(b's = "# task: light"\nt = """\n# task: cpu image\n"""\n', "m.py") == Expectations((), ())


@pytest.mark.parametrize(
    "source", ["def f(:\nx = (\nadd(f)  # task: light\n", "x = '''\nadd(f)\nadd(g)  # task: light\n"]
)
def test_comments_of_files_that_do_not_parse_are_found(source: str) -> None:
    assert parse(source.encode(), "m.py").tasks == (Expected("m.py", 3, "light", None, None),)


def test_coding_cookies_are_obeyed_and_undecodable_bytes_do_no_harm() -> None:
    assert parse("# coding: latin-1\nadd('é')  # task: light\n".encode("latin-1"), "m.py").tasks
    assert parse(b"s = '\xff'\nadd(s)  # task: light\n", "m.py").tasks


@pytest.mark.parametrize(
    "comment",
    [
        "# task: heavy",
        "# task light",
        "# task: cpu pictures",
        "# task: cpu image app.media.f",
        "# task: light want",
        "# task: cpu image want BG101",
        '# task: cpu image want BG101 "a" and more',
        "# want something",
    ],
)
def test_what_looks_like_an_expectation_and_is_none_is_refused(comment: str) -> None:
    with pytest.raises(MalformedExpectationError, match=r"m\.py:1"):
        parse(f"add(f)  {comment}\n".encode(), "m.py")


# the comparison

FOLDER = Path("/fixtures/shop")
TASK = Expected("app/m.py", 3, "cpu", "image", "media.resize")
WANT = Want("app/m.py", 3, "BG101", "IMAGE work")


def span(row: int) -> Span:
    return Span("/fixtures/shop/app/m.py", Position(row, 5), Position(row, 30))


def task(row: int = 3, verdict: str = "cpu", category: str | None = "image", symbol: str = "app.media.resize") -> Task:
    resolved = Definition(symbol, "/fixtures/shop/app/media.py", Position(1, 1))
    return Task(span(row), "fastapi", "add_task", "resize", "sync", resolved, verdict, category, Confidence.HIGH)


def diagnostic(row: int = 3, code: str = "BG101", message: str = "`resize` is CPU-bound image work") -> Diagnostic:
    return Diagnostic(code, "image-processing", message, span(row), "warning", Confidence.HIGH)


def test_what_was_expected_once_and_found_once_does_not_differ() -> None:
    report = Report(tasks=(task(),), diagnostics=(diagnostic(),))

    assert differences(Expectations((TASK,), (WANT,)), report, FOLDER) == []


def test_a_task_that_is_not_listed_fails() -> None:
    assert differences(Expectations((TASK,), ()), Report(), FOLDER) == [
        "shop/app/m.py:3",
        "  - expected: task cpu image -> media.resize",
        "  + got:      nothing is listed here",
    ]


def test_a_task_that_nobody_expected_fails() -> None:
    assert differences(Expectations((), ()), Report(tasks=(task(),)), FOLDER) == [
        "shop/app/m.py:3",
        "  - expected: no task",
        "  + got:      task cpu image -> app.media.resize  (resize)",
    ]


def test_a_second_task_on_the_line_fails() -> None:
    assert differences(Expectations((TASK,), ()), Report(tasks=(task(), task())), FOLDER)


@pytest.mark.parametrize(
    "other", [task(verdict="light"), task(category="video"), task(symbol="app.media.presize"), task(row=4)]
)
def test_a_task_judged_otherwise_fails(other: Task) -> None:
    assert differences(Expectations((TASK,), ()), Report(tasks=(other,)), FOLDER)


def test_a_missed_want_fails() -> None:
    assert differences(Expectations((), (WANT,)), Report(), FOLDER) == [
        "shop/app/m.py:3",
        '  - expected: BG101 "IMAGE work"',
    ]


@pytest.mark.parametrize("other", [diagnostic(code="BG102"), diagnostic(message="video work"), diagnostic(row=4)])
def test_a_diagnostic_that_does_not_match_is_missed_and_unwanted(other: Diagnostic) -> None:
    lines = differences(Expectations((), (WANT,)), Report(diagnostics=(other,)), FOLDER)

    assert any(line.startswith("  - expected: BG101") for line in lines)
    assert any(line.startswith("  + got:      BG10") for line in lines)


def test_a_want_is_used_once() -> None:
    report = Report(diagnostics=(diagnostic(), diagnostic()))

    assert differences(Expectations((), (WANT,)), report, FOLDER) == [
        "shop/app/m.py:3",
        "  + got:      BG101 `resize` is CPU-bound image work",
    ]


def test_a_want_of_the_file_matches_on_any_line() -> None:
    want = Want("app/m.py", None, "BG101", "image")

    assert differences(Expectations((), (want,)), Report(diagnostics=(diagnostic(row=9),)), FOLDER) == []
