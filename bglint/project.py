"""A project kept in memory, and brought up to date file by file: for editors, and for those who wait for changes.

What checking a file gave is kept with what it rests on: the modules that were read, and the searches that were made. A
change makes wrong what rests on the changed file, and only that is checked again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bglint import outcomes
from bglint.advice import DEPENDENCY_FILES
from bglint.diagnostics import Diagnostic, Report, Task
from bglint.discovery import SUFFIXES, Discovery
from bglint.engine import Session
from bglint.outcomes import Gathering, Judged
from bglint.project_root import project_roots
from bglint.registrations.scan import scan, words_of
from bglint.source import read_regular
from bglint.suppression import Silencer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bglint.settings import SettingsResolver


def is_configuration(path: str) -> bool:
    """Whether a file may say what is looked at, and how: a configuration may `extend` a TOML file of any name."""
    return path.endswith(".toml") or os.path.basename(path) == ".gitignore"


def is_dependency_file(path: str) -> bool:
    """Whether a file may say what a project depends on."""
    name = os.path.basename(path)
    return bool(DEPENDENCY_FILES.fullmatch(name)) or name.endswith((".txt", ".in", ".lock", ".toml"))


def matters(path: str) -> bool:
    """Whether something else may be found once a file has changed."""
    return path.endswith(SUFFIXES) or is_configuration(path) or is_dependency_file(path)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be said of one file. `text` is the text that it is said of; None where that cannot be read."""

    diagnostics: tuple[Diagnostic, ...] = ()
    tasks: tuple[Task, ...] = ()
    suppressed: tuple[Diagnostic, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    """What checking a file gave, and what that rests on."""

    judged: Sequence[tuple[Task | None, list[Diagnostic]]]
    modules: frozenset[str]
    patterns: frozenset[bytes]
    unreadable: frozenset[str]

    def files(self) -> set[str]:
        """The files of which something is said."""
        found = {task.span.filename for task, _ in self.judged if task is not None}
        return found.union(self.unreadable, (each.span.filename for _, found in self.judged for each in found))


class Project:
    """The files at or below some paths. Nothing of it may be called from two threads at a time.

    `check_next` raises `ConfigError` for a configuration that cannot be read, as does making a project.
    """

    def __init__(
        self, paths: Sequence[str], root: str, resolver: SettingsResolver, overlay: Mapping[str, bytes] | None = None
    ) -> None:
        """`root` is the folder beyond which nothing belongs to the project.

        `overlay` holds the text of files that stands for what is on the disk, such as an editor's.
        """
        self.resolver = resolver
        self.paths = tuple(paths)
        self._session = Session(root, (), resolver)
        present = [path for path in paths if os.path.lexists(path)]
        self._session.index.confine(project_roots(present or [root], resolver))
        self._session.index.overlay.update(overlay or {})
        self._editing = set(overlay or ())
        self._files: frozenset[str] = frozenset()
        self._candidates: set[str] = set()
        self._checked: dict[str, _Checked] = {}
        self._dirty: set[str] = set()
        self.look_around()

    @property
    def files(self) -> Collection[str]:
        """The files that are looked at."""
        return self._files

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to check."""
        return not self._dirty

    def look_around(self) -> set[str]:
        """Find the files anew, since some came or went, and check all again.

        Returns those of which nothing is said now.
        """
        found, candidates = scan([path for path in self.paths if os.path.lexists(path)], self.resolver)
        self._discovery = Discovery(self.paths, self.resolver)
        known = set(found)
        files = [*found, *(path for path in sorted(self._editing - known) if self._belongs(path))]
        index = self._session.index
        for path in self._files.difference(files, self._editing):
            index.renew(path, None)
        index.forget_layout()
        self._session = Session(index.root, files, self.resolver, index)
        self._files = frozenset(files)
        self._candidates = set(candidates)
        for path in self._editing & self._files:
            self._judge_candidate(path, index.overlay[path])
        before = self.said_of()
        self._checked = {path: each for path, each in self._checked.items() if path in self._candidates}
        self._dirty = set(self._candidates)
        return before - self.said_of()

    def comes_or_goes(self, path: str) -> bool:
        """Whether a file that is looked at is gone from the disk, or one is there that is not looked at."""
        return path.endswith(SUFFIXES) and os.path.lexists(path) is not (path in self._files)

    def change(self, path: str, data: bytes | None) -> set[str]:
        """Take another text for a file, `data` or what is on the disk; returns the files of which nothing is said now.

        `data` that is not Python leaves all as it was: somebody is typing.
        """
        index = self._session.index
        if data is None:
            self._editing.discard(path)
            if not os.path.lexists(path):
                index.renew(path, None)
                return self.look_around()
        else:
            self._editing.add(path)
            if path not in self._files and self._belongs(path):
                index.renew(path, data)
                return self.look_around()
        text = data if data is not None else _read(path)
        if index.data_of(path) == text:
            index.put_over(path, data)
            return set()
        if not index.renew(path, data):
            return set()
        patterns = self._session.program.search.texts.renew(path, text)
        self._dirty.update(
            each
            for each, checked in self._checked.items()
            if path in checked.modules or not patterns.isdisjoint(checked.patterns)
        )
        return self._changed_candidate(path, text) if path in self._files else set()

    def _changed_candidate(self, path: str, text: bytes) -> set[str]:
        self._judge_candidate(path, text)
        if path in self._candidates:
            self._dirty.add(path)
            return set()
        self._dirty.discard(path)
        checked = self._checked.pop(path, None)
        return checked.files() - self.said_of() if checked is not None else set()

    def check_everything_again(self) -> None:
        """Leave nothing that was concluded: what lies outside the modules has changed."""
        self._dirty = set(self._candidates)

    def check_next(self, first: Iterable[str] = ()) -> set[str]:
        """Check one file, of those `first` where one has to be.

        Returns the files of which something else may be said now. An error of a rule is raised; the file counts as
        checked all the same.
        """
        if not self._dirty:
            return set()
        path = next((each for each in first if each in self._dirty), None) or min(self._dirty)
        self._dirty.discard(path)
        before = self._checked.pop(path, None)
        session = self._session
        session.renew()
        index, texts = session.index, session.program.search.texts
        index.begin()
        texts.asked.clear()
        judged: Sequence[tuple[Task | None, list[Diagnostic]]] = ()
        try:
            judged = list(session.check(path))
        finally:
            index.failures |= index.too_deep()
            modules = frozenset(index.asked)
            checked = _Checked(judged, modules, frozenset(texts.asked), modules.intersection(index.failures))
            self._checked[path] = checked
        return {path, *checked.files(), *(before.files() if before is not None else ())}

    def said_of(self) -> set[str]:
        """The files of which something is said."""
        return {each for checked in self._checked.values() for each in checked.files()}

    def outcome(self, path: str) -> Outcome:
        """What is to be said of a file as far as it has been checked."""
        if path not in self._files and path not in self._session.index.failures:
            return Outcome()
        tasks, findings = self._found(path)
        candidates = [path] if path in self._checked else []
        gathering = Gathering(Silencer(self._session.index, self.resolver), candidates)
        gathering.add(path, outcomes.Outcome(tuple(Judged(task, ()) for task in tasks), ()))
        report = gathering.end(findings, [path], candidates)
        return Outcome(report.diagnostics, report.tasks, report.suppressed, self.text_of(path))

    def text_of(self, path: str) -> str | None:
        """The text that what is said of a file rests on; None where it cannot be read."""
        module = self._session.index.load(path, optional=True)
        return module.source.text if module is not None else None

    def report(self) -> Report:
        """What a run over all files reports."""
        outcomes = [self.outcome(path) for path in sorted(self.said_of() | self._checked.keys())]
        return Report(
            tuple(diagnostic for outcome in outcomes for diagnostic in outcome.diagnostics),
            tuple(task for outcome in outcomes for task in outcome.tasks),
            len(self._files),
            tuple(diagnostic for outcome in outcomes for diagnostic in outcome.suppressed),
        )

    def _found(self, path: str) -> tuple[list[Task], list[Diagnostic]]:
        """The tasks and the findings in a file. A registration that several files lead to counts once."""
        tasks: dict[tuple[object, str], Task] = {}
        findings: list[Diagnostic] = []
        for checked in (self._checked[each] for each in sorted(self._checked)):
            for task, diagnostics in checked.judged:
                if task is not None:
                    key = (task.span, task.target)
                    if key in tasks:
                        continue
                    tasks[key] = task
                findings += [each for each in diagnostics if each.span.filename == path]
        if any(path in checked.unreadable for checked in self._checked.values()):
            self._session.needed = {path}
            findings += self._session.unreadable()
        return [task for task in tasks.values() if task.span.filename == path], findings

    def _judge_candidate(self, path: str, data: bytes) -> None:
        if words_of(self.resolver.for_file(path)).may_register(data) and not self._discovery.is_ignored_file(path):
            self._candidates.add(path)
        else:
            self._candidates.discard(path)

    def _belongs(self, path: str) -> bool:
        """Whether a file that is not on the disk would be looked at if it were."""
        if not path.endswith(SUFFIXES) or self._discovery.is_ignored_file(path):
            return False
        folders = [folder for folder in map(os.path.abspath, self.paths) if Path(path).is_relative_to(folder)]
        return any(not self.resolver.for_file(path).excluded.matches_tree(path, folder) for folder in folders)


def _read(path: str) -> bytes:
    try:
        return read_regular(path)
    except OSError:
        return b""
