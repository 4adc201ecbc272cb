"""`table` of the inventory: one line a task, two where the terminal is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bglint.reporters.text import Pen, columns, display_width, harmless, one_line, wrap
from bglint.reporters.verdicts import style_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Report, Task
    from bglint.reporters.context import RenderContext

_MAX_TARGET_COLUMNS: Final = 60
_MARGIN: Final = "    "
_HEADINGS: Final = ("Verdict", "Work", "Task", "Registered at", "Reaches")


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield the headings and a line a task."""
    pen = Pen.of(context)
    if not report.tasks:
        return
    rows = [_cells(task, context, pen) for task in report.tasks]
    lines = columns([_HEADINGS, *rows])
    if all(pen.fits(display_width(line)) for line in lines):
        yield pen.paint(lines[0], "strong")
        for row, line in zip(rows, lines[1:], strict=True):
            yield painted_verdict(row[0], pen) + line[len(row[0]) :]
    else:
        yield from _stacked(rows, pen)


def painted_verdict(verdict: str, pen: Pen) -> str:
    """Return the verdict in its colour."""
    return pen.paint(verdict, style_of(verdict))


def _cells(task: Task, context: RenderContext, pen: Pen) -> tuple[str, ...]:
    start = task.span.start
    place = f"{harmless(context.shown_path(task.span.filename))}:{start.row}:{start.column}"
    target = pen.crop(one_line(task.target), _MAX_TARGET_COLUMNS)
    return task.verdict, task.category or "", target, place, _reached(task, context)


def _reached(task: Task, context: RenderContext) -> str:
    """Return the end of the trace, which is what the verdict rests on."""
    if not task.trace:
        return ""
    step = task.trace[-1]
    return f"{harmless(step.symbol)} ({harmless(context.shown_path(step.filename))}:{step.location.row})"


def _stacked(rows: list[tuple[str, ...]], pen: Pen) -> Iterator[str]:
    verdict_width = max(display_width(row[0]) for row in rows)
    room = pen.width and pen.width - len(_MARGIN)
    for verdict, category, target, place, reached in rows:
        head = f"{painted_verdict(verdict, pen)}{' ' * (verdict_width - len(verdict))}  "
        named = f"{target} ({category})" if category else target
        if pen.fits(verdict_width + 2 + display_width(named)):
            yield head + named
        else:
            yield f"{head}{category}".rstrip()
            yield f"{_MARGIN}{target}"
        yield f"{_MARGIN}{place}"
        if reached:
            yield from (f"{_MARGIN}{line}" for line in wrap(f"{pen.glyphs.arrow} {reached}", room))
