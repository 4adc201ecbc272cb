"""What people read: `full`, `concise`, `grouped`, and what they are spared."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bglint.diagnostics import Fix, Position, Report, Span
from bglint.reporters import DIAGNOSTIC_FORMATS, TASK_FORMATS, statistics
from bglint.reporters.text import display_width, harmless, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.diagnostics import Diagnostic, Task
    from bglint.reporters.context import RenderContext

    Render = Callable[..., str]

CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def test_full_shows_the_source_the_trace_and_the_help(previews: Diagnostic, render: Render) -> None:
    assert render(Report((previews,))) == (
        "app/api/uploads.py:42:5: BG101 error  background task `make_previews` is CPU-bound image work "
        "and stops the event loop\n"
        "   │\n"
        "42 │     background_tasks.add_task(make_previews, upload.id)\n"
        "   │     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n"
        "   ├─ make_previews            app/services/media.py:18   async\n"
        "   ├─ _thumbnail               app/services/media.py:61\n"
        "   ╰─ PIL.Image.Image.resize   app/services/media.py:66   CPU, category image\n"
        "   = help: this project has Celery: make it a task and call `make_previews.delay(upload.id)`\n"
    )


def test_full_marks_every_line_of_a_call_of_several(mail: Diagnostic, render: Render) -> None:
    assert "43 ┃     background_tasks.add_task(\n44 ┃         send_mail,\n" in render(Report((mail,)))


def test_full_leaves_out_the_middle_of_a_long_call(mail: Diagnostic, render: Render) -> None:
    lines = [f"line {number}" for number in range(1, 30)]
    long = replace(mail, span=Span("/repo/x.py", Position(5, 1), Position(25, 2)))
    text = render(Report((long,)), lines=lambda _filename: lines)
    assert "line 5\n" in text
    assert "┃ …" in text
    assert "line 25\n" in text
    assert "line 15\n" not in text


def test_full_says_how_a_fix_is_applied(mail: Diagnostic, render: Render) -> None:
    assert "= fix: make it a sync function (with --fix)" in render(Report((mail,)))
    unsafe = replace(mail, fix=Fix("unsafe", "try this", ()))
    assert "= fix: try this (with --fix --unsafe-fixes)" in render(Report((unsafe,)))


def test_full_does_without_the_source_where_it_cannot_be_read(previews: Diagnostic, render: Render) -> None:
    text = render(Report((previews,)), lines=lambda _filename: ())
    assert "│" not in text
    assert "├─ make_previews" in text


@pytest.mark.parametrize("width", [30, 50, 80, 120, 200])
def test_full_fits_the_terminal_and_keeps_what_matters(report: Report, render: Render, width: int) -> None:
    text = render(report, width=width)
    too_wide = [line for line in text.splitlines() if display_width(line) > width]
    # A path or a call cannot be broken without losing what it is for.
    assert all(" " not in line.strip(" │├╰─") or line.startswith("app/") for line in too_wide)
    for word in ("make_previews", "PIL.Image.Image.resize", "app/services/media.py:66", "CPU,", "event", "Celery"):
        assert word in text


def test_the_call_stays_in_sight_on_a_narrow_terminal(previews: Diagnostic, render: Render) -> None:
    line = f"{' ' * 8}return templates.TemplateResponse(request, 'page.html', background=BackgroundTask(f, x))"
    start = line.index("BackgroundTask(")
    span = Span("/repo/x.py", Position(1, start + 1), Position(1, len(line)))
    text = render(Report((replace(previews, span=span),)), width=50, lines=lambda _filename: [line])
    lines = text.splitlines()
    underlined = next(index for index, shown in enumerate(lines) if "━" in shown)
    source, underline = lines[underlined - 1 : underlined + 1]
    assert source[underline.index("━") :].startswith("BackgroundTask(f, x)")
    assert underline.count("━") == len("BackgroundTask(f, x)")


@pytest.mark.parametrize("name", ["f", "日本語の関数", "e\u0301te\u0301", "😀"])
def test_wide_and_combining_characters_are_underlined_where_they_are(
    previews: Diagnostic, render: Render, name: str
) -> None:
    line = f"    {name}.x = tasks.add_task({name})"
    start = line.index("tasks")
    span = Span("/repo/x.py", Position(1, start + 1), Position(1, len(line) + 1))
    trace = tuple(replace(step, symbol=name) for step in previews.trace[:1]) + previews.trace[1:]
    text = render(Report((replace(previews, span=span, trace=trace),)), lines=lambda _filename: [line])
    _, _, source, underline, first, second, *_ = text.splitlines()
    marked = underline.index("━")
    assert display_width(source[: source.index("tasks")]) == marked
    assert display_width(source) == display_width(underline)
    columns = [display_width(row[: row.index("app/")]) for row in (first, second)]
    assert columns[0] == columns[1]


def test_tabs_are_drawn_as_blanks(previews: Diagnostic, render: Render) -> None:
    span = Span("/repo/x.py", Position(1, 3), Position(1, 6))
    text = render(Report((replace(previews, span=span),)), lines=lambda _filename: ["\t\tf()"])
    assert "1 │         f()\n  │         ━━━" in text


def test_concise_prints_what_ruff_prints(report: Report, render: Render) -> None:
    assert render(report, "concise").splitlines() == [
        f"app/api/uploads.py:42:5: BG101 {report.diagnostics[0].message}",
        "app/api/uploads.py:43:5: BG201 [*] background task `send_mail` blocks the event loop",
    ]


def test_grouped_prints_the_file_once(report: Report, render: Render) -> None:
    lines = render(report, "grouped").splitlines()
    assert lines[0] == "app/api/uploads.py:"
    assert [line[:12] for line in lines[1:3]] == ["  42:5 BG101", "  43:5 BG201"]


def test_a_path_outside_of_the_working_directory_is_absolute(report: Report, render: Render) -> None:
    assert render(report, "concise", cwd="/rep").startswith("/repo/app/api/uploads.py:42:5:")


@pytest.mark.parametrize("name", [*DIAGNOSTIC_FORMATS])
@pytest.mark.parametrize("width", [None, 40])
def test_no_text_of_the_code_acts_on_the_terminal(
    hostile: Diagnostic, render: Render, name: str, width: int | None
) -> None:
    text = render(Report((hostile,)), name, width=width)
    assert not CONTROLS.search(text)
    assert "[red]a" in text
    text.encode()


@pytest.mark.parametrize("name", [*TASK_FORMATS])
def test_no_text_of_a_task_acts_on_the_terminal(
    hostile: Diagnostic, previews_task: Task, render_tasks: Render, name: str
) -> None:
    task = replace(previews_task, target=hostile.target, span=hostile.span, trace=hostile.trace)
    text = render_tasks(Report(tasks=(task,)), name)
    assert not CONTROLS.search(text)
    assert "[red]a" in text


def test_without_colour_there_is_no_escape_and_with_it_the_text_is_the_same(report: Report, render: Render) -> None:
    plain = render(report)
    coloured = render(report, color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mBG101\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize("name", ["full", "concise", "grouped"])
def test_a_terminal_without_unicode_gets_ascii(report: Report, render: Render, name: str) -> None:
    assert render(report, name, ascii_only=True).isascii()


def test_plain_output_imports_neither_rich_nor_libcst() -> None:
    code = (
        "import sys\n"
        "from bglint.reporters import *\n"
        "[diagnostic_reporter(name) for name in DIAGNOSTIC_FORMATS]\n"
        "[task_reporter(name) for name in TASK_FORMATS]\n"
        "print({'rich', 'libcst', 'click'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_statistics_put_the_most_frequent_rule_first(
    previews: Diagnostic, mail: Diagnostic, context: RenderContext
) -> None:
    report = Report((mail, previews, previews))
    assert list(statistics.render(report, context)) == ["2   BG101   image-processing", "1   BG201   blocking-call"]
    assert list(statistics.render(Report(), context)) == []


def test_controls_are_made_visible() -> None:
    assert harmless("a\x1b[0m\x9b\u202e\ud800[red]") == "a\\x1b[0m\\x9b\\u202e\\ud800[red]"
    assert harmless("é 日本 😀") == "é 日本 😀"


def test_words_are_wrapped_between_and_never_within() -> None:
    assert wrap("one two extraordinarily three", 9) == ["one two", "extraordinarily", "three"]
