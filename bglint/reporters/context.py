"""What a reporter knows besides the report: where it prints, and how source text and rules are looked up."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bglint.diagnostics import Report


class RuleInfo(Protocol):
    """What reporters show of a rule."""

    @property
    def code(self) -> str:
        """The code, such as BG101."""

    @property
    def name(self) -> str:
        """The name, such as image-processing."""

    @property
    def summary(self) -> str:
        """One sentence on what the rule finds."""

    @property
    def documentation(self) -> str:
        """All that is to be said, in Markdown."""


def _no_lines(_filename: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class RenderContext:
    """Where a report goes. `width` is in terminal columns; None where there is no limit.

    `root` is the repository that URIs are relative to; `lines` returns the lines of a file, empty if it cannot be read.
    `slow_task_ms` is what a task may take, in milliseconds, where a project says nothing else.
    """

    cwd: str
    root: str
    slow_task_ms: float
    version: str = ""
    width: int | None = None
    color: bool = False
    ascii_only: bool = False
    lines: Callable[[str], Sequence[str]] = _no_lines
    rules: Mapping[str, RuleInfo] = field(default_factory=dict)

    def shown_path(self, filename: str) -> str:
        """Return the path as a user in the working directory writes it."""
        return relative_path(filename, self.cwd)

    def repository_path(self, filename: str) -> str:
        """Return the path from the repository's root, with forward slashes; absolute for a file elsewhere."""
        return relative_path(filename, self.root).replace(os.sep, "/")

    def line(self, filename: str, row: int) -> str | None:
        """Return one line of a file, if it has it."""
        lines = self.lines(filename)
        return lines[row - 1] if 1 <= row <= len(lines) else None


Reporter = Callable[[Report, RenderContext], Iterable[str]]
"""Renders a report as lines without their line ends."""


def relative_path(filename: str, base: str) -> str:
    """Return the path from `base` for what lies below it, the path as it is for what does not."""
    prefix = base.rstrip(os.sep) + os.sep
    return filename.removeprefix(prefix)
