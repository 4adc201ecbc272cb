"""`tree` of the inventory: the tasks under their file, each with its trace."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from bglint.reporters.task_table import painted_verdict
from bglint.reporters.text import Pen, display_width, harmless, one_line, wrap
from bglint.reporters.trace import trace_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Report, Task
    from bglint.reporters.context import RenderContext

MOST_UNREAD = 4
"""How many of the calls that could not be read are named."""


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Yield a heading a file, and below it each task with the calls that its verdict rests on."""
    pen = Pen.of(context)
    for filename, group in groupby(report.tasks, key=lambda task: task.span.filename):
        yield pen.paint(harmless(context.shown_path(filename)), "strong")
        tasks = list(group)
        for task in tasks:
            yield from _branch(task, context, pen, is_last=task is tasks[-1])
        yield ""


def _branch(task: Task, context: RenderContext, pen: Pen, *, is_last: bool) -> Iterator[str]:
    start = task.span.start
    work = f", {task.category}" if task.category else ""
    branch = pen.paint(pen.glyphs.last_branch if is_last else pen.glyphs.branch, "frame")
    named = f"{start.row}:{start.column} {one_line(task.target)}"
    verdict = f"{painted_verdict(task.verdict, pen)}{work}"
    margin = "   " if is_last else f"{pen.glyphs.bar}  "
    if pen.fits(len(margin) + display_width(f"{named}  {task.verdict}{work}")):
        yield f"{branch} {named}  {verdict}"
    else:
        yield f"{branch} {named}"
        yield f"{margin}  {verdict}"
    yield from trace_tree(task.trace, context, pen, margin)
    if task.unread:
        named = ", ".join(map(one_line, task.unread[:MOST_UNREAD]))
        more = f" and {len(task.unread) - MOST_UNREAD} more" if len(task.unread) > MOST_UNREAD else ""
        first, *rest = wrap(f"not read: {named}{more}", pen.width and pen.width - len(margin) - 5)
        yield f"{margin}{pen.paint(pen.glyphs.last_branch, 'frame')} {first}"
        yield from (f"{margin}     {line}" for line in rest)
