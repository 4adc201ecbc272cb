"""A run that takes over what an earlier one found, as far as all that rests on is as it was.

Where nothing has changed, the report is given again. Where the text of files has, what was found for each file that may
register a task is taken over, unless it rests on one of them: on what it says, or on a search that it now answers in
another way. Where files came or went, all is searched again, and what was found is taken over unless it asked for the
name of one of them. Where anything else has changed, all is done anew.
"""

from __future__ import annotations

import json
import logging
import os
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from bglint.cache import ShapeError
from bglint.cache.answers import Reference
from bglint.cache.codec import decoded, encoded
from bglint.cache.findings import Findings
from bglint.cache.own import of_bglint
from bglint.cache.snapshot import Snapshot
from bglint.cache.store import Entry, Store
from bglint.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from bglint.cache.answers import Looked
    from bglint.cache.snapshot import Changes
    from bglint.outcomes import Outcome

logger = logging.getLogger(__name__)

_SUFFIXES: Final = (".py", ".pyi")
_IGNORE_FILES: Final = (".gitignore", os.path.join(".git", "info", "exclude"))
"""Files that say which files are looked at, and nothing else."""
_NO_PACKAGES: Final = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages"})
"""Folders, beside those with a dot before their name, in which nobody looks for modules or dependencies."""
_FAULTS: Final = (ShapeError, TypeError, ValueError, KeyError, IndexError, AttributeError, zlib.error)
"""What reading an entry raises that somebody else has written."""


class Work(Protocol):
    """What is done where nothing is known, or not all."""

    jobs: int
    is_text: bool
    """Whether the one file that is looked at is not read from the disk."""

    def scan(self, listed: dict[str, list[os.DirEntry[str]]]) -> tuple[list[str], list[str]]:
        """Find the files that are looked at, and of those the ones that may register a task; see `scan`."""

    def is_candidate(self, path: str) -> bool | None:
        """Tell whether a file that is looked at may register a task; None where that cannot be told alone."""

    def words(self) -> object:
        """Return what tells by the bytes of any file whether it may register a task; None where folders differ."""

    def check(self, scanned: tuple[list[str], list[str]], known: dict[str, Outcome]) -> Report:
        """Check the candidates; see `engine.run`."""


def warm_report(
    folder: str, question: object, looked_for: Iterable[str], work: Work, looked: Looked | None = None
) -> tuple[Report, Reference]:
    """The report of the files as they are now, from what is kept in the folder as far as that still holds.

    With it comes the run that it will be kept as.

    `question` is what the report depends on beside files, as JSON has it; `looked_for` are files whose coming into
    being counts although nobody opens them. `looked` is what has changed, where that was looked at just before.
    """
    key = json.dumps([of_bglint(), os.getcwd(), question], default=repr)
    store = Store(folder)
    run = _Run(store, key, time.time(), sorted(set(looked_for)), work)
    try:
        found = _found(store, key, looked, work.jobs)
        if found is not None:
            report = run.after(*found)
            return report, Reference(folder, key, run.made)
    except _FAULTS as error:
        logger.debug("cache not understood: %r", error)
    return run.anew(), Reference(folder, key, run.made)


class _Earlier:
    """What an earlier run left."""

    def __init__(self, made: str, snapshot: Snapshot, report: bytes, outcomes: bytes) -> None:
        self.made = made
        self.snapshot = snapshot
        self._outcomes = outcomes
        warnings, self._report = json.loads(report)
        self.warnings: list[tuple[str, str]] = [(str(name), str(text)) for name, text in warnings]

    def report(self) -> Report:
        """What was reported."""
        report: Report = decoded(Report, self._report)
        return report

    def findings(self) -> Findings:
        """What was found for each candidate."""
        return Findings.decoded(self._outcomes)


def _found(store: Store, key: str, looked: Looked | None, jobs: int) -> tuple[_Earlier, Changes] | None:
    """What an earlier run left, if there is any, and what has changed since."""
    if looked is not None and looked.run.key == key:
        content = store.content(key, looked.run.made)
        if content is not None:
            return _Earlier(looked.run.made, looked.snapshot, *content), looked.changes
    entry = store.get(key)
    if entry is None:
        return None
    snapshot = Snapshot.decoded(*entry.ground)
    return _Earlier(entry.made, snapshot, entry.report, entry.outcomes), snapshot.changes(jobs)


class _Run:
    """One run, and what it leaves for the next."""

    def __init__(self, store: Store, key: str, started: float, looked_for: Sequence[str], work: Work) -> None:
        self._store = store
        self._key = key
        self._started = started
        self._looked_for = looked_for
        self._work = work
        self._listed: dict[str, list[str] | None] = {}
        self.made = f"{started!r} {os.getpid()}"
        """Which run of its key it is."""

    def after(self, earlier: _Earlier, changes: Changes) -> Report:
        """The report after an earlier run, of whose ground this has changed."""
        if not changes:
            logger.debug("nothing has changed: the report is that of an earlier run")
            return self._again(earlier, changes)
        if self._work.is_text:
            return self.anew()
        files = frozenset(earlier.snapshot.files)
        if _concerns_everything(changes) or not changes.files.isdisjoint(set(self._looked_for) - files):
            return self.anew()
        findings = earlier.findings()
        may = {path: self._work.is_candidate(path) for path in changes.files & files}
        ignores = any(path.endswith(_IGNORE_FILES) for path in changes.files)
        if changes.names or earlier.warnings or ignores or None in may.values():
            return self._scanned(earlier, changes, findings)
        candidates = {path for path in findings.candidates if may.get(path, True)}.union(
            path for path in may if may[path]
        )
        valid = findings.valid(changes.files, frozenset(), changes.files & files, files_differ=False)
        if valid == candidates == findings.candidates:
            logger.debug("no task leads to what has changed: the report is that of an earlier run")
            return self._again(earlier, changes)
        listed = dict(zip(earlier.snapshot.folders, earlier.snapshot.listing(), strict=True))
        chosen = [path for path in earlier.snapshot.files if path in candidates]
        known = _outcomes(findings, valid & candidates)
        return self._checked(
            (earlier.snapshot.files, chosen), known, _Seen(listed, findings.words), earlier, changes.touched
        )

    def anew(self) -> Report:
        """The report of a run that takes over nothing."""
        from bglint.cache.marks import names_in  # noqa: PLC0415 - of no use where nothing has changed

        if self._store.prepare():
            around = os.path.dirname(self._store.folder)
            self._listed = {around: names_in(around)}  # which has just changed, maybe
        return self._scanned()

    def _again(self, earlier: _Earlier, changes: Changes) -> Report:
        report = earlier.report()  # which may turn out to be none, before anything is said
        for name, text in earlier.warnings:
            logging.getLogger(name).warning("%s", text)
        if changes.touched:
            snapshot = earlier.snapshot.renewed(changes.touched, self._started)
            if changes or snapshot.marks != earlier.snapshot.marks or snapshot.digests != earlier.snapshot.digests:
                self._store.put_ground(self._key, earlier.made, snapshot.encoded())
        self.made = earlier.made
        return report

    def _scanned(
        self, earlier: _Earlier | None = None, changes: Changes | None = None, findings: Findings | None = None
    ) -> Report:
        """The report where other files may be looked at than before."""
        from bglint.cache.marks import counting  # noqa: PLC0415 - what follows is of no use where nothing has changed
        from bglint.noting import noting  # noqa: PLC0415

        entries: dict[str, list[os.DirEntry[str]]] = {}
        with _warnings() as warnings, noting() as noted:
            scanned = self._work.scan(entries)
        known: dict[str, Outcome] = {}
        touched: Collection[str] = ()
        if earlier is not None and changes is not None and findings is not None:
            touched = changes.touched
            differing = frozenset(earlier.snapshot.files) ^ frozenset(scanned[0])
            names = frozenset(_stem(name) for found in changes.names.values() for name in found)
            other = changes.files | differing
            valid = findings.valid(other, names, other.intersection(scanned[0]), files_differ=bool(differing))
            known = _outcomes(findings, valid.intersection(scanned[1]))
        listed = self._listed | {path: counting(found) for path, found in entries.items()}
        seen = _Seen(listed, self._work.words(), noted.files, noted.folders, warnings)
        return self._checked(scanned, known, seen, earlier, touched)

    def _checked(
        self,
        scanned: tuple[list[str], list[str]],
        known: dict[str, Outcome],
        seen: _Seen,
        earlier: _Earlier | None,
        touched: Collection[str],
    ) -> Report:
        from bglint.noting import noting  # noqa: PLC0415

        with _warnings() as warnings, noting() as noted:
            report = self._work.check(scanned, known)
        others, folders = {*self._looked_for, *seen.files, *noted.files}, {*seen.folders, *noted.folders}
        if earlier is not None:
            others.update(earlier.snapshot.others)
            folders.update(earlier.snapshot.folders)
        snapshot = Snapshot.take(
            [] if self._work.is_text else scanned[0],
            others,
            folders,
            started=self._started,
            listed=seen.listed,
            before=earlier.snapshot if earlier is not None else None,
            touched=touched,
        )
        kept = json.dumps([[*seen.warnings, *warnings], encoded(report)], separators=(",", ":")).encode("ascii")
        # Where something was warned of, that has to be looked at before anything is said again.
        words = None if seen.warnings or warnings or self._work.is_text else seen.words
        findings = _encoded_findings(scanned[1], known, words)
        self._store.put(self._key, Entry(self.made, *snapshot.encoded(), kept, findings))
        return report


@dataclass(frozen=True, slots=True)
class _Seen:
    """What looking for the files has come upon: the entries of folders that count, files and folders, warnings.

    `words` tells by its bytes whether any of the files may register a task; None where folders differ in that.
    """

    listed: Mapping[str, list[str] | None]
    words: object
    files: Collection[str] = ()
    folders: Collection[str] = ()
    warnings: Sequence[tuple[str, str]] = ()


def _concerns_everything(changes: Changes) -> bool:
    """Whether what has changed may tell for every file: a setting, a dependency, a folder in which both may lie."""
    return any(not path.endswith((*_SUFFIXES, *_IGNORE_FILES)) or _is_setup(path) for path in changes.files) or any(
        not _is_module(name) for names in changes.names.values() for name in names
    )


def _is_setup(path: str) -> bool:
    """Whether a Python file says what the project depends on."""
    return os.path.basename(path) == "setup.py"


def _is_module(name: str) -> bool:
    """Whether an entry that came or went is a module, or a folder in which nobody looks for one."""
    if name.endswith("/"):
        plain = name.rstrip("/@")
        return "@" not in name and (plain.startswith(".") or plain in _NO_PACKAGES) and plain != ".git"
    return name.rstrip("@!?").endswith((*_SUFFIXES, ".gitignore")) and not _is_setup(name.rstrip("@!?"))


def _stem(name: str) -> str:
    return name.partition(".")[0].rstrip("/@!?")


class _Warnings(logging.Handler):
    """Keeps what is warned of, which is to be said again the next time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning."""
        self.texts.append((record.name, record.getMessage()))


@contextmanager
def _warnings() -> Iterator[list[tuple[str, str]]]:
    """Keep what is warned of, with the name of who does."""
    handler, root = _Warnings(), logging.getLogger("bglint")
    root.addHandler(handler)
    try:
        yield handler.texts
    finally:
        root.removeHandler(handler)


def _encoded_findings(candidates: Sequence[str], outcomes: Mapping[str, Outcome], words: object) -> bytes:
    """The outcomes of the candidates: paths, names and patterns that they have in common are written once."""
    from bglint.program.scopes import TOO_DEEP  # noqa: PLC0415 - expensive to import

    table: dict[str, int] = {}

    def numbers(texts: Iterable[str]) -> list[int]:
        return [table.setdefault(text, len(table)) for text in texts]

    rows = {}
    for path, outcome in outcomes.items():
        if any(each.reason.startswith(TOO_DEEP) for each in outcome.unreadable):
            continue  # how deep is too deep depends on what was asked before
        ground = outcome.ground
        grounds = [numbers(ground.modules), numbers(ground.names), numbers(ground.searches), ground.is_partial]
        rows[path] = [*grounds, encoded(outcome.judged), encoded(outcome.unreadable)]
    return Findings.encoded(candidates, [*table], rows, words)


def _outcomes(findings: Findings, paths: Iterable[str]) -> dict[str, Outcome]:
    """What was found for some of the candidates."""
    from bglint.outcomes import Ground, Judged, Outcome, Unreadable  # noqa: PLC0415 - of no use where nothing has changed

    outcomes: dict[str, Outcome] = {}
    for path in paths:
        modules, names, searches, is_partial, judged, unreadable = findings.rows[path]
        asked = findings.texts(modules), findings.texts(names), findings.texts(searches)
        said = decoded(tuple[Judged, ...], judged), decoded(tuple[Unreadable, ...], unreadable)
        outcomes[path] = Outcome(*said, Ground(*asked, bool(is_partial)))
    return outcomes
