"""Mending files: fixes are applied in rounds, each of which is linted again before anything is written."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bglint.fixes.editing import Document, Replacement, UneditableError
from bglint.fixes.writing import write_atomically
from bglint.program.syntax import parse
from bglint.source import UnreadableSourceError, decode, read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bglint.diagnostics import Applicability, Diagnostic, Fix, Position, Report

MAX_ROUNDS = 10
"""After so many rounds nothing more is mended: two fixes that undo one another would go on for ever."""

logger = logging.getLogger(__name__)


class Remedy(Protocol):
    """What is to be done about findings."""

    def wants(self, diagnostic: Diagnostic) -> bool:
        """Tell whether something may be done about a finding."""

    def fixes(self, diagnostics: Sequence[Diagnostic], data: bytes) -> Iterable[tuple[Diagnostic, Fix]]:
        """Return what is to be done about the wanted findings of one file with the content `data`."""


@dataclass(frozen=True, slots=True)
class OwnFixes:
    """The fixes that the findings bring along, of the given applicabilities."""

    applicabilities: frozenset[Applicability] = frozenset({"safe"})

    def wants(self, diagnostic: Diagnostic) -> bool:
        """Tell whether a finding has a fix that may be applied."""
        return diagnostic.fix is not None and diagnostic.fix.applicability in self.applicabilities

    def fixes(self, diagnostics: Sequence[Diagnostic], data: bytes) -> Iterable[tuple[Diagnostic, Fix]]:
        """Return the findings with their fixes."""
        del data
        return [(diagnostic, diagnostic.fix) for diagnostic in diagnostics if diagnostic.fix is not None]


@dataclass(frozen=True, slots=True)
class Change:
    """The content of a file before and after."""

    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What mending comes to: the report of the mended files, their contents, and the findings that are gone by it."""

    report: Report
    changes: Mapping[str, Change]
    fixed: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _File:
    """A file that is being mended. `refused` are the findings whose fix did not help."""

    before: bytes
    now: bytes
    refused: set[tuple[str, Position]] = field(default_factory=set)


@dataclass(slots=True)
class _Draft:
    """Fixes of one file that do not conflict, and what they make of it."""

    document: Document
    fixes: list[tuple[Diagnostic, tuple[Replacement, ...]]]

    def replacements(self) -> list[Replacement]:
        """All edits in order of place, each once."""
        return sorted({each for _, edits in self.fixes for each in edits})

    def data(self) -> bytes:
        return self.document.applied(self.replacements())

    def after(self, diagnostic: Diagnostic) -> tuple[str, Position]:
        """What a finding would be found by once the fixes are applied."""
        return diagnostic.code, self.document.moved(diagnostic.span.start, self.replacements())


def mend(
    relint: Callable[[Mapping[str, bytes]], Report],
    remedy: Remedy,
    read: Callable[[str], bytes] = read_regular,
) -> Outcome:
    """Apply the remedy until nothing is left to do, in memory; `relint` gets the contents that are not on disk yet."""
    return _Mender(relint, remedy, read).run()


class _Mender:
    def __init__(
        self, relint: Callable[[Mapping[str, bytes]], Report], remedy: Remedy, read: Callable[[str], bytes]
    ) -> None:
        self.relint = relint
        self.remedy = remedy
        self.read = read
        self.files: dict[str, _File | None] = {}
        self.owners: dict[str, str] = {}
        self.fixed: list[Diagnostic] = []

    def run(self) -> Outcome:
        report = self.relint({})
        rounds = 0
        while found := self._wanted(report):
            if self._take_hold(found):  # what was linted may differ from what is now held
                report = self.relint(self._contents())
                continue
            drafts = self._drafts(found)
            if not drafts:
                break
            if rounds == MAX_ROUNDS:
                logger.warning("fixing stopped after %d rounds; run again to go on", MAX_ROUNDS)
                break
            report = self._round(drafts, report)
            rounds += 1
        changes = {
            path: Change(file.before, file.now)
            for path, file in sorted(self.files.items())
            if file is not None and file.before != file.now
        }
        return Outcome(report, changes, tuple(self.fixed))

    def _wanted(self, report: Report) -> dict[str, list[Diagnostic]]:
        """The findings to do something about, by file; those refused and those of unreadable files left out."""
        found: dict[str, list[Diagnostic]] = {}
        for diagnostic in report.diagnostics:
            path = diagnostic.span.filename
            file = self.files.get(path)
            if not self.remedy.wants(diagnostic) or (path in self.files and file is None):
                continue
            if file is None or (diagnostic.code, diagnostic.span.start) not in file.refused:
                found.setdefault(path, []).append(diagnostic)
        return found

    def _take_hold(self, paths: Iterable[str]) -> bool:
        """Read the files that are not held yet; tell whether there were any."""
        new = [path for path in paths if path not in self.files]
        for path in new:
            self.files[path] = None
            real = os.path.realpath(path)
            if self.owners.setdefault(real, path) != path:
                continue  # the same file by another name: mended by the first
            try:
                data = self.read(path)
                Document(data)
            except (OSError, UneditableError) as error:
                logger.warning("%s: left alone: %s", path, getattr(error, "strerror", None) or error)
                continue
            self.files[path] = _File(data, data)
        return bool(new)

    def _contents(self) -> dict[str, bytes]:
        return {path: file.now for path, file in self.files.items() if file is not None}

    def _drafts(self, found: Mapping[str, list[Diagnostic]]) -> dict[str, _Draft]:
        drafts = {}
        for path, diagnostics in found.items():
            file = self.files[path]
            assert file is not None
            draft = _draft(file, self.remedy.fixes(diagnostics, file.now))
            if draft.fixes:
                drafts[path] = draft
        return drafts

    def _round(self, drafts: dict[str, _Draft], report: Report) -> Report:
        """Lint what the drafts make of the files; leave out the fixes that do not help; keep the rest."""
        while drafts:
            proposed = {path: draft.data() for path, draft in drafts.items()}
            result = self.relint({**self._contents(), **proposed})
            if not self._refuse_useless(drafts, result):
                for path, draft in drafts.items():
                    self._accept(path, draft, proposed[path])
                return result
            drafts = {path: draft for path, draft in drafts.items() if draft.fixes}
        return report

    def _refuse_useless(self, drafts: Mapping[str, _Draft], result: Report) -> bool:
        """Take the fixes whose finding is still there out of the drafts; tell whether there were any."""
        remaining: dict[str, set[tuple[str, Position]]] = {}
        for each in result.diagnostics:
            remaining.setdefault(each.span.filename, set()).add((each.code, each.span.start))
        any_useless = False
        for path, draft in drafts.items():
            here = remaining.get(path, set())
            useless = [diagnostic for diagnostic, _ in draft.fixes if draft.after(diagnostic) in here]
            for diagnostic in useless:
                self._refuse(path, diagnostic)
            draft.fixes = [pair for pair in draft.fixes if pair[0] not in useless]
            any_useless = any_useless or bool(useless)
        return any_useless

    def _refuse(self, path: str, diagnostic: Diagnostic) -> None:
        file = self.files[path]
        assert file is not None
        file.refused.add((diagnostic.code, diagnostic.span.start))
        logger.debug("%s:%d: the fix of %s does not help", path, diagnostic.span.start.row, diagnostic.code)

    def _accept(self, path: str, draft: _Draft, data: bytes) -> None:
        file = self.files[path]
        assert file is not None
        edits = draft.replacements()
        file.refused = {(code, draft.document.moved(position, edits)) for code, position in file.refused}
        file.now = data
        self.fixed += [diagnostic for diagnostic, _ in draft.fixes]


def _draft(file: _File, fixes: Iterable[tuple[Diagnostic, Fix]]) -> _Draft:
    """Choose the fixes, in order of place, that conflict with none before them and after which the file parses."""
    document = Document(file.now)
    draft = _Draft(document, [])
    pairs = []
    for diagnostic, fix in fixes:
        try:
            if edits := document.replacements(fix.edits):
                pairs.append((diagnostic, edits))
        except UneditableError:
            file.refused.add((diagnostic.code, diagnostic.span.start))
    pairs.sort(key=lambda pair: (pair[1], pair[0].sort_key))
    for diagnostic, edits in pairs:
        taken = {each for _, others in draft.fixes for each in others}
        if any(each.meets(other) for each in edits if each not in taken for other in taken):
            continue
        draft.fixes.append((diagnostic, edits))
        if not _is_python(draft):
            draft.fixes.pop()
            if not draft.fixes:  # else it may be another's fault, and is tried again
                file.refused.add((diagnostic.code, diagnostic.span.start))
    return draft


def _is_python(draft: _Draft) -> bool:
    try:
        parse(decode(draft.data()))
    except (UnreadableSourceError, UneditableError):
        return False
    return True


def write_changes(changes: Mapping[str, Change]) -> tuple[list[str], dict[str, str]]:
    """Write the changed files; return those written, and by path why others were left alone."""
    written = []
    left: dict[str, str] = {}
    for path, change in changes.items():
        try:
            if read_regular(path) != change.before:
                left[path] = "it changed on disk in the meantime"
                continue
            write_atomically(path, change.after)
        except OSError as error:
            left[path] = f"it cannot be written: {error.strerror or error}"
        else:
            written.append(path)
    return written, left
