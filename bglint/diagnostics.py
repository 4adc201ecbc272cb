"""The values that bglint reports: diagnostics, and the inventory of tasks.

Both are frozen and know nothing of how they were found, so that a reporter is a pure function of them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe", "display"]
Place = Literal["background task", "thread", "process pool", "job queue", "unclear"]
"""Where work belongs that a request leaves behind."""


class Confidence(enum.IntEnum):
    """How sure bglint is; ordered, so that a minimum can be asked for."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def label(self) -> str:
        """The word that users write and read."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: row and column count from 1, columns count Unicode code points."""

    row: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file; `end` is exclusive."""

    filename: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a trace: the symbol that is reached, where, and what is known of it there."""

    symbol: str
    filename: str
    location: Position
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text between two positions of the diagnostic's file."""

    content: str
    location: Position
    end_location: Position


@dataclass(frozen=True, slots=True)
class Fix:
    """A set of edits that mends a diagnostic; they are applied together or not at all."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding of one rule. `span.filename` is absolute."""

    code: str
    name: str
    message: str
    span: Span
    severity: Severity
    confidence: Confidence
    category: str | None = None
    target: str = ""
    verdict: str = ""
    trace: tuple[Step, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def url(self) -> str | None:
        """The page that documents the rule; None while there is none, and `bglint rule` prints what it would say."""
        return None

    @property
    def sort_key(self) -> tuple[str, Position, str, str]:
        """File, row, column, code: the order of every output."""
        return self.span.filename, self.span.start, self.code, self.message

    def with_severity(self, severity: Severity) -> Diagnostic:
        """Return the same finding under a severity that the user chose."""
        return replace(self, severity=severity)


@dataclass(frozen=True, slots=True)
class Definition:
    """Where a target is defined."""

    symbol: str
    filename: str
    location: Position


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the decision tree, answered for a task. `answer` is yes, no, or the word between them."""

    question: str
    answer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Where the work of a task belongs. `advice` says how it gets there; code in it stands between backticks."""

    answers: tuple[Answer, ...]
    place: Place
    advice: str


@dataclass(frozen=True, slots=True)
class Task:
    """One registration of the inventory, judged. `span.filename` is absolute.

    `unread` names, of a task whose verdict is `unknown`, the calls that could not be read.
    """

    span: Span
    framework: str
    registration: str
    target: str
    target_kind: str
    resolved: Definition | None
    verdict: str
    category: str | None
    confidence: Confidence
    trace: tuple[Step, ...] = ()
    codes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one run, sorted by place: byte-stable whatever the number of jobs.

    `order` and `task_order` hold the indexes of the diagnostics and tasks in the order in which they were found; they
    are empty where that is the order of places.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    tasks: tuple[Task, ...] = ()
    files: int = 0
    suppressed: tuple[Diagnostic, ...] = field(default=())
    order: tuple[int, ...] = ()
    task_order: tuple[int, ...] = ()

    @property
    def diagnostics_as_found(self) -> Sequence[Diagnostic]:
        """The diagnostics in the order in which they were found."""
        return [self.diagnostics[index] for index in self.order] if self.order else self.diagnostics

    @property
    def tasks_as_found(self) -> Sequence[Task]:
        """The tasks in the order in which they were found."""
        return [self.tasks[index] for index in self.task_order] if self.task_order else self.tasks
