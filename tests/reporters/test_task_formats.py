"""The inventory as a table and as a tree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bglint.diagnostics import Report
from bglint.reporters.text import display_width

if TYPE_CHECKING:
    from collections.abc import Callable

    Render = Callable[..., str]


def test_the_table_has_a_line_a_task(report: Report, render_tasks: Render) -> None:
    reached = "PIL.Image.Image.resize (app/services/media.py:66)"
    assert render_tasks(report).splitlines() == [
        "Verdict     Work    Task            Registered at             Reaches",
        f"cpu-async   image   make_previews   app/api/uploads.py:42:5   {reached}",
        "light               send_mail       app/api/uploads.py:43:5",
    ]


def test_on_a_narrow_terminal_nothing_is_cut(report: Report, render_tasks: Render) -> None:
    text = render_tasks(report, width=60)
    assert max(map(display_width, text.splitlines())) <= 60
    assert text.splitlines()[:3] == [
        "cpu-async  make_previews (image)",
        "    app/api/uploads.py:42:5",
        "    → PIL.Image.Image.resize (app/services/media.py:66)",
    ]
    assert max(map(display_width, render_tasks(report, width=36).splitlines())) <= 36


def test_verdicts_have_their_colour(report: Report, render_tasks: Render) -> None:
    for width in (None, 60):
        text = render_tasks(report, color=True, width=width)
        assert "\x1b[1;31mcpu-async\x1b[0m" in text
        assert "\x1b[32mlight\x1b[0m" in text


def test_without_tasks_there_is_no_table(render_tasks: Render) -> None:
    assert render_tasks(Report()) == ""


def test_the_tree_shows_each_task_with_its_trace(report: Report, render_tasks: Render) -> None:
    assert render_tasks(report, "tree") == (
        "app/api/uploads.py\n"
        "├─ 42:5 make_previews  cpu-async, image\n"
        "│  ├─ make_previews            app/services/media.py:18   async\n"
        "│  ├─ _thumbnail               app/services/media.py:61\n"
        "│  ╰─ PIL.Image.Image.resize   app/services/media.py:66   CPU, category image\n"
        "╰─ 43:5 send_mail  light\n"
    )


def test_the_tree_names_what_could_not_be_read(report: Report, render_tasks: Render) -> None:
    task = replace(report.tasks[1], verdict="unknown", unread=("plugin.run", "a", "b", "c", "d"))
    assert (
        render_tasks(Report(tasks=(task,)), "tree").splitlines()[-1] == "   ╰─ not read: plugin.run, a, b, c and 1 more"
    )


def test_two_equal_tasks_are_two_branches(report: Report, render_tasks: Render) -> None:
    light = report.tasks[1]
    lines = render_tasks(Report(tasks=(light, replace(light))), "tree").splitlines()
    assert [line[:2] for line in lines[1:3]] == ["├─", "╰─"]


def test_a_target_of_several_lines_takes_one(report: Report, render_tasks: Render) -> None:
    task = replace(report.tasks[1], target="lambda: send(\n    user,\n)")
    for name in ("table", "tree"):
        assert "lambda: send( user, )" in render_tasks(Report(tasks=(task,)), name)
    long = replace(task, target="f" * 500)
    assert max(map(len, render_tasks(Report(tasks=(long,))).splitlines())) < 120
