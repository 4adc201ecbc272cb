"""The files and folders that a report rests on, as they were, and what has become of them since."""

from __future__ import annotations

import json
import os
from array import array
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bglint.cache import ShapeError
from bglint.cache.marks import UNTRUSTED, WIDTH, digest_of, holds_links, marks_of, names_in
from bglint.parallel import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SETTLED_S: Final = 2.0
"""How long ago something must have changed for its times to tell it from a later change."""
TICK_S: Final = 0.05
"""What changed no earlier than this before a run may have changed while it ran."""
_PART: Final = 512
_PATHS_FOR_A_PROCESS: Final = 4000
"""How many paths one more process is worth."""


class Changes(NamedTuple):
    """What is no longer as it was."""

    files: frozenset[str] = frozenset()
    """Files whose content changed, came or went; those that are looked at and others."""
    names: Mapping[str, frozenset[str]] = MappingProxyType({})
    """By folder, the entries that came, went, or became another kind of thing."""
    touched: frozenset[str] = frozenset()
    """Files and folders whose times are not those of the snapshot, changed or not."""

    def __bool__(self) -> bool:
        return bool(self.files or self.names)


class Snapshot:
    """Files that are looked at, other files, and folders, each as it was."""

    def __init__(self, files: list[str], others: list[str], folders: list[str]) -> None:
        self.files = files
        self.others = others
        self.folders = folders
        self.marks = array("q")
        self.digests: dict[str, str] = {}
        """The content of files whose times say too little; empty: not known."""
        self.names: list[list[str] | None] | bytes = []
        """The entries of each folder that count; as JSON until somebody asks."""

    @classmethod
    def take(
        cls,
        files: Sequence[str],
        others: Iterable[str],
        folders: Iterable[str],
        *,
        started: float,
        listed: Mapping[str, list[str] | None],
        before: Snapshot | None = None,
        touched: Iterable[str] = (),
    ) -> Snapshot:
        """Note how the files and folders are that a run has read which started then (s since the epoch).

        `listed` is what it found in folders, of what counts. What was in the snapshot `before`, and is not among the
        `touched`, is still as it was there.
        """
        known = before.known_without(touched) if before is not None else {}
        new = cls([*files], sorted(set(others).difference(files)), sorted(set(folders)))
        seen = dict(zip(before.folders, before.listing(), strict=True)) if before is not None else {}
        names: list[list[str] | None] = []
        for path in new.folders:
            if path in known and path in seen:
                names.append(seen[path])
            else:
                names.append(listed[path] if path in listed else names_in(path))
        new.names = names
        for paths, regular in new._parts():
            if known:
                for path in paths:
                    new.marks.extend(known.get(path) or marks_of([path], regular=regular))
            else:
                new.marks.extend(marks_of(paths, regular=regular))
        new._doubt(started, known, listed)
        if before is not None:
            new.digests |= {p: d for p, d in before.digests.items() if p in known and p not in new.digests}
        return new

    def known_without(self, touched: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The marks by path, without those of some."""
        numbers = iter(self.marks)
        marks = dict(zip(self._paths(), zip(*[numbers] * WIDTH, strict=True), strict=True))
        for path in touched:
            marks.pop(path, None)
        return marks

    def _parts(self) -> tuple[tuple[Sequence[str], bool], ...]:
        return (self.files, False), (self.others, True), (self.folders, False)

    def _paths(self) -> Iterator[str]:
        return chain(self.files, self.others, self.folders)

    def listing(self) -> list[list[str] | None]:
        """The entries of each folder that count."""
        if isinstance(self.names, bytes):
            self.names = json.loads(self.names)
        if not isinstance(self.names, list) or len(self.names) != len(self.folders):
            raise ShapeError("names")
        return self.names

    def _doubt(self, started: float, known: Mapping[str, object], listed: Mapping[str, object]) -> None:
        """Trust no times that are too recent to tell a later change, and no folder that holds links."""
        settled, before = int((started - SETTLED_S) * 1e9), int((started - TICK_S) * 1e9)
        names = self.listing()
        first_folder = len(self.files) + len(self.others)
        marks = self.marks
        for at, path in enumerate(self._paths()):
            if path in known:
                continue  # its times were old enough before
            changed = max(marks[WIDTH * at + 1], marks[WIDTH * at + 2])
            folder = at - first_folder
            if folder >= 0:
                found = names[folder]
                if changed <= settled and not (found and holds_links(found)):
                    continue
                if changed > before and (path not in listed or names_in(path) != found):
                    names[folder] = None  # what the run saw is not known
            elif changed <= settled:
                continue
            else:
                self.digests[path] = digest_of(path) if changed <= before else ""
            marks[WIDTH * at : WIDTH * (at + 1)] = array("q", UNTRUSTED)

    def changes(self, jobs: int = 1) -> Changes:
        """What is no longer as it was, found by up to `jobs` processes."""
        count = len(self.files) + len(self.others) + len(self.folders)
        if len(self.marks) != WIDTH * count:
            raise ShapeError("marks")
        differing: list[str] = []
        at = 0
        for paths, regular in self._parts():
            differing += _differing(paths, self.marks[WIDTH * at : WIDTH * (at + len(paths))], regular, jobs)
            at += len(paths)
        if not differing:
            return Changes()
        folders = {path: number for number, path in enumerate(self.folders)}
        files: set[str] = set()
        names: dict[str, frozenset[str]] = {}
        for path in differing:
            if path in folders:
                was, now = self.listing()[folders[path]], names_in(path)
                if was != now or was is None:
                    names[path] = frozenset(was or ()) ^ frozenset(now or ()) or frozenset({"?/"})
            elif not self.digests.get(path) or digest_of(path) != self.digests[path]:
                files.add(path)
        return Changes(frozenset(files), names, frozenset(differing))

    def renewed(self, touched: Iterable[str], started: float) -> Snapshot:
        """The same files and folders, unchanged, with their times as they are now where they are `touched`."""
        seen = dict(zip(self.folders, self.listing(), strict=True))
        return Snapshot.take(
            self.files, self.others, self.folders, started=started, listed=seen, before=self, touched=touched
        )

    def encoded(self) -> tuple[bytes, bytes, bytes]:
        """What `decoded` makes a snapshot of."""
        head = [_grouped(self.files), self.others, self.folders, self.digests]
        names = self.names if isinstance(self.names, bytes) else _json(self.names)
        return _json(head), self.marks.tobytes(), names

    @classmethod
    def decoded(cls, head: bytes, marks: bytes, names: bytes) -> Snapshot:
        """The snapshot that was encoded; raises `ShapeError` or `ValueError` where it was none."""
        groups, others, folders, digests = json.loads(head)
        files = [f"{folder}{os.sep}{name}" for folder, *found in groups for name in found]
        new = cls(files, _texts(others), _texts(folders))
        new.marks.frombytes(marks)
        new.digests = dict(digests)
        new.names = names
        return new


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise ShapeError("paths")
    return value


def _grouped(files: Iterable[str]) -> list[list[str]]:
    """The names of files by folder, each after its folder, in the order of the files."""
    groups: list[list[str]] = []
    for path in files:
        folder, _, name = path.rpartition(os.sep)
        if not groups or groups[-1][0] != folder:
            groups.append([folder])
        groups[-1].append(name)
    return groups


def _differing(paths: Sequence[str], marks: array[int], regular: bool, jobs: int) -> list[str]:
    """The paths whose marks are not those given."""
    parts = range(0, len(paths), _PART)

    def work(numbers: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
        for number in numbers:
            at = parts[number]
            now, was = marks_of(paths[at : at + _PART], regular=regular), marks[WIDTH * at : WIDTH * (at + _PART)]
            if now == was:
                yield number, []
                continue
            yield (
                number,
                [
                    at + each
                    for each in range(len(now) // WIDTH)
                    if now[WIDTH * each : WIDTH * (each + 1)] != was[WIDTH * each : WIDTH * (each + 1)]
                ],
            )

    found = dict(spread(len(parts), max(1, min(jobs, len(paths) // _PATHS_FOR_A_PROCESS)), work))
    return [paths[at] for number in sorted(found) for at in found[number]]
