"""Which of several kinds of work a task is named after.

The costliest kind gives the word, unless a more specific word for the same work comes near it: who makes a PDF builds a
document, who recognises speech runs a model, and nearly everybody goes through data. Prices are estimates, good to an
order of magnitude, so that is how near it must come.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bglint.diagnostics import Confidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bglint.effects.model import Effect

NEAR: Final = 10.0
"""By what factor costs may differ and still be taken for much the same."""
GENERIC: Final = frozenset({"data", "loop"})
"""Kinds of computing that nearly every task does some of."""

_SPECIFIC: Final = frozenset({
    "video", "audio", "ocr", "pdf", "document", "image", "ml", "scrape", "plot", "crypto", "compression",
})  # fmt: skip
_MORE_TELLING: Final[dict[str | None, frozenset[str]]] = {
    "loop": _SPECIFIC,
    "data": _SPECIFIC - {"compression", "crypto"},
    "file": _SPECIFIC | {"http", "db", "subprocess"},
    "document": frozenset({"pdf", "ocr"}),
    "pdf": frozenset({"ocr"}),
    "image": frozenset({"video", "ocr"}),
    "ml": frozenset({"audio", "ocr"}),
    "http": frozenset({"scrape"}),
}
"""The words that say more of the same work than another."""


def most_telling(effects: Sequence[Effect]) -> Effect:
    """The effect that gives the word and the trace: the costliest of the kind that tells most."""
    costs: dict[str | None, float] = defaultdict(float)
    for effect in effects:
        costs[effect.category] += effect.ms
    word = max(costs, key=lambda category: costs[category])
    while near := [each for each in _MORE_TELLING.get(word, ()) if costs.get(each, 0.0) * NEAR >= costs[word]]:
        word = max(near, key=lambda category: costs[category])
    return max((each for each in effects if each.category == word), key=lambda effect: effect.ms)


def is_beside_the_point(computing: Sequence[Effect], blocking: Sequence[Effect]) -> bool:
    """Whether generic computing is so much shorter than the waiting beside it that the waiting is what matters."""
    if any(effect.category not in GENERIC for effect in computing):
        return False
    return sum(effect.ms for effect in computing) * NEAR <= sum(effect.ms for effect in blocking)


def lie_between(blocking: Sequence[Effect], waits: Sequence[Effect]) -> bool:
    """Whether all that blocks is statements in loops of unknown length, among waits that are awaited and far longer.

    Each is a matter of milliseconds, and the event loop goes on between them.
    """
    if any(effect.category != "db" or effect.confidence >= Confidence.HIGH for effect in blocking):
        return False
    return sum(effect.ms for effect in blocking) * NEAR <= sum(effect.ms for effect in waits)
