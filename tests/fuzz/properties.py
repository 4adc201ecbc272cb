"""What must be true of every run, whatever it is given."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bglint.engine import run
from bglint.reporters import DIAGNOSTIC_FORMATS, TASK_FORMATS, diagnostic_reporter, task_reporter
from bglint.reporters.context import RenderContext
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from bglint.diagnostics import Report

LIMIT_S: Final = 60
"""A run of one small program that takes longer hangs."""
LIMIT_BYTES: Final = 512 << 20
"""One that asks for more memory, beyond what the process has by then, is not bounded by what it reads."""


class HangsError(BaseException):
    """A run did not end in its time; nothing catches it on its way out."""


@contextmanager
def limited(seconds: int = LIMIT_S, memory: int = LIMIT_BYTES) -> Iterator[None]:
    """Raise `HangsError` in a body that takes longer, `MemoryError` where it takes more; in the main thread alone."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise HangsError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        with _bounded(memory):
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _bounded(memory: int) -> Iterator[None]:
    """Refuse the process more than so many further bytes; where the system tells how many it has, which is Linux."""
    if sys.platform != "linux":
        yield
        return
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now + memory, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def lint(paths: Sequence[Path | str], overlay: Mapping[str, bytes] | None = None, *, isolated: bool = True) -> Report:
    """Lint with all rules, within the limit, and render the report in every format."""
    resolver = SettingsResolver(cli_overrides={"select": ("ALL",), "min-confidence": "low"}, isolated=isolated)
    with limited():
        report = run([str(path) for path in paths], resolver, overlay=overlay, decisions=True)
        render(report)
    return report


def render(report: Report) -> None:
    """Render the report in every format; what is JSON is read."""
    context = RenderContext(cwd="/", root="/", slow_task_ms=100, lines=lambda _name: ["x"])
    for name in DIAGNOSTIC_FORMATS:
        text = "\n".join(diagnostic_reporter(name)(report, context))
        if name in {"json", "sarif", "gitlab"}:
            json.loads(text)
    for name in TASK_FORMATS:
        list(task_reporter(name)(report, context))


def write(files: Mapping[str, str | bytes], folder: Path) -> None:
    """Write the files below `folder`."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)


def verdicts(report: Report) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """What is said of each task, in order of place, without names and places."""
    return [(task.verdict, task.category, task.codes) for task in report.tasks]


def said(report: Report) -> list[object]:
    """All that a report says, for comparison with another of the same files."""
    return [*report.diagnostics, *report.tasks]
