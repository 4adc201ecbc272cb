"""What a command line printed, kept with the run that it rests on."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

from bglint.cache import ShapeError, note
from bglint.cache.own import of_bglint
from bglint.cache.snapshot import Snapshot
from bglint.cache.store import Store
from bglint.parallel import processors

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def answer(folder: str, given: object, started: float) -> Answer | None:
    """The answer to a command line, if nothing has changed since that it rests on."""
    store = Store(folder)
    found = store.answer(json.dumps([of_bglint(), given]))
    if found is None:
        return None
    try:
        snapshot = Snapshot.decoded(*found.entry.ground)
        changes = snapshot.changes(processors())
        if changes:
            return None
        if changes.touched:
            renewed = snapshot.renewed(changes.touched, started)
            if renewed.marks != snapshot.marks or renewed.digests != snapshot.digests:
                store.put_ground(found.key, found.entry.made, renewed.encoded())
        status, encoding, printed = json.loads(zlib.decompress(found.printed))
        return Answer(int(status), str(encoding), [(str(stream), str(text)) for stream, text in printed])
    except (ShapeError, TypeError, ValueError, KeyError, IndexError, zlib.error) as error:
        note("cache not understood: %r", error)
    return None


def keep(reference: Reference, given: object, answer: Answer) -> None:
    """Keep an answer for as long as nothing changes that the run rests on."""
    if sum(len(text) for _, text in answer.printed) <= MAX_BYTES:
        printed = zlib.compress(json.dumps(answer).encode("ascii"), 1)
        Store(reference.folder).put_answer(json.dumps([of_bglint(), given]), reference.key, reference.made, printed)
