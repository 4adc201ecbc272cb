"""What checking each file gave, and how all of it becomes one report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bglint.diagnostics import Diagnostic, Report, Span, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bglint.suppression import Silencer


@dataclass(frozen=True, slots=True)
class Judged:
    """A task, and what the rules say of it; no task where they speak of the module."""

    task: Task | None
    findings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that had to be read and could not be."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What an outcome rests on.

    `modules` are the files that were asked for, whether they could be read or not; `names` what was looked for in
    folders, without what follows a dot; `searches` the patterns for which the files were searched, as Latin-1, and
    `is_partial` whether they are too many to search all. `opened` and `listed` are the paths that were, for it first.
    """

    modules: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    is_partial: bool = False
    opened: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What checking one file gave, and what that rests on."""

    judged: tuple[Judged, ...]
    unreadable: tuple[Unreadable, ...]
    ground: Ground = Ground()


class Gathering:
    """Makes one report of what the candidates gave, in the order in which that is added.

    A registration that several files lead to counts once. `found`, if given, gets each part of the report that has
    something in it: what a file gave when it is added, what is said of unreadable files and of comments in the end.
    """

    def __init__(
        self, silencer: Silencer, candidates: Iterable[str], found: Callable[[Report], None] | None = None
    ) -> None:
        self._silencer = silencer
        self._to_come = set(candidates)
        self._found = found
        self._seen: set[object] = set()
        self._waiting: list[Task] = []
        self._tasks: list[Task] = []
        self._kept: dict[Diagnostic, None] = {}
        self._codes: dict[Span, set[str]] = {}
        self._silenced: list[Diagnostic] = []
        self.unreadable: dict[str, str] = {}
        """The files that had to be read and could not be, and why."""

    def add(self, path: str, outcome: Outcome) -> None:
        """Take over what a candidate gave."""
        self._to_come.discard(path)
        findings: list[Diagnostic] = []
        for judged in outcome.judged:
            if judged.task is not None:
                key = (judged.task.span, judged.task.target)
                if key in self._seen:
                    continue
                self._seen.add(key)
                self._waiting.append(judged.task)
            findings += judged.findings
        self.unreadable |= {each.path: each.reason for each in outcome.unreadable}
        self._keep(self._silencer.split(findings))

    def end(self, findings: Iterable[Diagnostic], files: Sequence[str], candidates: Sequence[str]) -> Report:
        """The whole report, with what is said of files that cannot be read, and of comments in the candidates."""
        self._to_come.clear()
        self._keep(self._silencer.split(findings))
        self._keep(self._silencer.about_comments(candidates))
        diagnostics = sorted(self._kept, key=_place)
        tasks = sorted(map(self._with_codes, self._tasks), key=_task_place)
        return Report(
            diagnostics=tuple(diagnostics),
            tasks=tuple(tasks),
            files=len(files),
            suppressed=tuple(sorted(dict.fromkeys(self._silenced), key=_place)),
            order=_order([*self._kept], diagnostics),
            task_order=_order([_task_place(each) for each in self._tasks], [_task_place(each) for each in tasks]),
        )

    def _with_codes(self, task: Task) -> Task:
        """A task with the codes of the rules that fire there."""
        return replace(task, codes=tuple(sorted(self._codes.get(task.span, ()))))

    def _keep(self, split: tuple[Iterable[Diagnostic], Iterable[Diagnostic]]) -> None:
        """Take over findings, and the tasks of which no file is left that might say more."""
        new = sorted((each for each in dict.fromkeys(split[0]) if each not in self._kept), key=_place)
        self._kept |= dict.fromkeys(new)
        for finding in new:
            self._codes.setdefault(finding.span, set()).add(finding.code)
        self._silenced += split[1]
        settled = [task for task in self._waiting if task.span.filename not in self._to_come]
        self._waiting = [task for task in self._waiting if task.span.filename in self._to_come]
        settled = sorted(map(self._with_codes, settled), key=_task_place)
        self._tasks += settled
        if self._found is not None and (new or settled):
            self._found(Report(diagnostics=tuple(new), tasks=tuple(settled)))


def _place(diagnostic: Diagnostic) -> Any:
    return diagnostic.sort_key


def _task_place(task: Task) -> Any:
    return task.span, task.registration, task.target


def _order(found: Sequence[Any], ordered: Sequence[Any]) -> tuple[int, ...]:
    """The indexes by which `ordered` is in the order in which it was found; none where it is already."""
    indexes = {each: index for index, each in enumerate(ordered)}
    order = tuple(indexes[each] for each in found)
    return () if order == tuple(range(len(ordered))) else order
