"""A report as the engine makes them, over two files that exist only here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from bglint.diagnostics import (
    Confidence,
    Definition,
    Diagnostic,
    Edit,
    Fix,
    Position,
    Report,
    Span,
    Step,
    Task,
)
from bglint.reporters import diagnostic_reporter, task_reporter
from bglint.reporters.context import RenderContext

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = "/repo"
UPLOADS = f"{ROOT}/app/api/uploads.py"
MEDIA = f"{ROOT}/app/services/media.py"
SOURCES = {
    UPLOADS: [
        *[""] * 41,
        "    background_tasks.add_task(make_previews, upload.id)",
        "    background_tasks.add_task(",
        "        send_mail,",
        "        user,",
        "    )",
    ],
    MEDIA: [*[""] * 17, "async def make_previews(upload_id):"],
}


@dataclass(frozen=True)
class Rule:
    """What reporters ask of a rule."""

    code: str
    name: str
    summary: str
    documentation: str


def source_lines(filename: str) -> Sequence[str]:
    return SOURCES.get(filename, ())


@pytest.fixture
def context() -> RenderContext:
    rule = Rule("BG101", "image-processing", "The target reaches image manipulation.", "## What it does\nFinds images.")
    return RenderContext(
        cwd=ROOT, root=ROOT, slow_task_ms=100, version="1.2.3", lines=source_lines, rules={"BG101": rule}
    )


@pytest.fixture
def previews() -> Diagnostic:
    return Diagnostic(
        code="BG101",
        name="image-processing",
        message="background task `make_previews` is CPU-bound image work and stops the event loop",
        span=Span(UPLOADS, Position(42, 5), Position(42, 56)),
        severity="error",
        confidence=Confidence.HIGH,
        category="image",
        target="make_previews",
        verdict="cpu-async",
        trace=(
            Step("make_previews", MEDIA, Position(18, 1), "async"),
            Step("_thumbnail", MEDIA, Position(61, 5)),
            Step("PIL.Image.Image.resize", MEDIA, Position(66, 12), "CPU, category image"),
        ),
        help="this project has Celery: make it a task and call `make_previews.delay(upload.id)`",
    )


@pytest.fixture
def mail() -> Diagnostic:
    return Diagnostic(
        code="BG201",
        name="blocking-call",
        message="background task `send_mail` blocks the event loop",
        span=Span(UPLOADS, Position(43, 5), Position(46, 6)),
        severity="warning",
        confidence=Confidence.MEDIUM,
        target="send_mail",
        verdict="blocking-async",
        fix=Fix("safe", "make it a sync function", (Edit("def", Position(44, 9), Position(44, 12)),)),
    )


@pytest.fixture
def previews_task(previews: Diagnostic) -> Task:
    return Task(
        span=previews.span,
        framework="fastapi",
        registration="BackgroundTasks.add_task",
        target="make_previews",
        target_kind="function",
        resolved=Definition("app.services.media.make_previews", MEDIA, Position(18, 1)),
        verdict="cpu-async",
        category="image",
        confidence=Confidence.HIGH,
        trace=previews.trace,
        codes=("BG101",),
    )


@pytest.fixture
def light_task(mail: Diagnostic) -> Task:
    return Task(
        span=mail.span,
        framework="fastapi",
        registration="BackgroundTasks.add_task",
        target="send_mail",
        target_kind="function",
        resolved=None,
        verdict="light",
        category=None,
        confidence=Confidence.HIGH,
    )


@pytest.fixture
def report(previews: Diagnostic, mail: Diagnostic, previews_task: Task, light_task: Task) -> Report:
    return Report(diagnostics=(previews, mail), tasks=(previews_task, light_task), files=214)


class Render(Protocol):
    """Renders a report in a format, as one text."""

    def __call__(self, report: Report, name: str = ..., **changes: Any) -> str: ...


@pytest.fixture
def hostile(previews: Diagnostic) -> Diagnostic:
    """A finding whose every text tries to do something to the terminal."""
    evil = "[red]a\x1b[31m\x9b2J\u202eb\r\n::error::%\ud800"
    return replace(
        previews,
        message=evil,
        target=evil,
        help=evil,
        span=replace(previews.span, filename=f"{ROOT}/\x1b]0;x\x07.py"),
        trace=tuple(replace(step, symbol=evil, detail=evil, filename=f"{ROOT}/\x1b.py") for step in previews.trace),
    )


@pytest.fixture
def render(context: RenderContext) -> Render:
    """Render diagnostics; `changes` are changes of the context."""

    def rendered(report: Report, name: str = "full", **changes: Any) -> str:
        return "\n".join(diagnostic_reporter(name)(report, replace(context, **changes)))

    return rendered


@pytest.fixture
def render_tasks(context: RenderContext) -> Render:
    """Render tasks; `changes` are changes of the context."""

    def rendered(report: Report, name: str = "table", **changes: Any) -> str:
        return "\n".join(task_reporter(name)(report, replace(context, **changes)))

    return rendered
