"""What a command line printed, kept with the run that it rests on."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bglint.cache import ShapeError, note
from bglint.cache.own import of_bglint
from bglint.cache.snapshot import Snapshot
from bglint.cache.store import Store
from bglint.parallel import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bglint.cache.snapshot import Changes

MAX_BYTES: Final = 4 << 20
"""How much of what is printed is kept."""


class Reference(NamedTuple):
    """A run that is kept: the folder of the cache, the key of the run, and which run of that key it is."""

    folder: str
    key: str
    made: str


class Answer(NamedTuple):
    """The exit status, the encoding of stdout where it is not the terminal's, and what goes to `out` and to `err`."""

    status: int
    encoding: str
    printed: Sequence[tuple[str, str]]


class Looked(NamedTuple):
    """A kept run, what it rests on, and what of that is no longer as it was, so that nobody need look once more."""

    run: Reference
    snapshot: Snapshot
    changes: Changes


def answer(folder: str, given: object, started: float, registers: Callable[[str, Any], bool]) -> Answer | Looked | None:
    """The answer to a command line, if nothing has changed since that it rests on, and else what has.

    `registers` tells of a file whether it may register a task, from `Findings.words`.
    """
    store = Store(folder)
    found = store.answer(json.dumps([of_bglint(), given]))
    if found is None:
        return None
    try:
        snapshot = Snapshot.decoded(*found.entry.ground)
        changes = snapshot.changes(processors())
        if changes and not _is_unrelated(changes, snapshot, store.content(found.key, found.entry.made), registers):
            return Looked(Reference(folder, found.key, found.entry.made), snapshot, changes)
        if changes.touched:
            renewed = snapshot.renewed(changes.touched, started)
            if changes or renewed.marks != snapshot.marks or renewed.digests != snapshot.digests:
                store.put_ground(found.key, found.entry.made, renewed.encoded())
        status, encoding, printed = json.loads(zlib.decompress(found.printed))
        return Answer(int(status), str(encoding), [(str(stream), str(text)) for stream, text in printed])
    except (ShapeError, TypeError, ValueError, LookupError, AttributeError, RecursionError, zlib.error) as error:
        note("cache not understood: %r", error)
    return None


def _is_unrelated(
    changes: Changes, snapshot: Snapshot, content: tuple[bytes, bytes] | None, registers: Callable[[str, Any], bool]
) -> bool:
    """Whether only the text of files has changed to which no task leads."""
    names_dependencies = any(path.endswith("setup.py") for path in changes.files)
    if content is None or changes.names or names_dependencies or not changes.files.issubset(snapshot.files):
        return False
    from bglint.cache.findings import Findings  # noqa: PLC0415 - of no use where nothing has changed

    findings = Findings.decoded(content[1])
    if findings.words is None or not changes.files.isdisjoint(findings.candidates):
        return False
    if any(registers(path, findings.words) for path in changes.files):
        return False
    return findings.valid(changes.files, frozenset(), changes.files, files_differ=False) == findings.candidates


def keep(reference: Reference, given: object, answer: Answer) -> None:
    """Keep an answer for as long as nothing changes that the run rests on."""
    if sum(len(text) for _, text in answer.printed) <= MAX_BYTES:
        printed = zlib.compress(json.dumps(answer).encode("ascii"), 1)
        Store(reference.folder).put_answer(json.dumps([of_bglint(), given]), reference.key, reference.made, printed)
