"""The words of the room: an effect, its trace, and the summary of a callable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bglint.catalog import LOOP_GUESS
from bglint.diagnostics import Confidence

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from bglint.program.modules import Module

Where = Literal["here", "thread", "process"]
Kind = Literal["cpu", "blocking", "slow-io", "sleep", "enqueue", "offload", "endless"]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a trace: what is reached, and the place that shows it (UTF-8 column from 0, as `ast` has it)."""

    symbol: str
    module: Module
    row: int
    column: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that matters and that running a callable leads to.

    `ms` is the estimated cost of one run; `loop_ms` what it comes to in a loop of unknown length. `gil_ms` is the
    part of it spent in single C calls that keep the GIL, so that a thread does not help.
    """

    kind: Kind
    category: str | None
    ms: float
    loop_ms: float
    where: Where
    trace: tuple[Hop, ...]
    confidence: Confidence = Confidence.HIGH
    gil_ms: float = 0.0
    program: str | None = None
    guess: bool = False
    call: ast.Call | None = None

    @property
    def key(self) -> tuple[str, str | None, str, bool]:
        """Effects with the same key add up."""
        return self.kind, self.category, self.where, self.program is not None

    def behind(self, hop: Hop) -> Effect:
        """The same effect, reached through one more call."""
        return replace(self, trace=(hop, *self.trace))

    def repeated(self, times: float | None) -> Effect:
        """The effect of running it `times` times; None for a loop of unknown length."""
        if times is None:
            certain = (
                self.confidence if self.loop_ms > self.ms * LOOP_GUESS else min(self.confidence, Confidence.MEDIUM)
            )
            share = self.gil_ms / self.ms if self.ms else 0.0
            return replace(
                self,
                ms=self.loop_ms,
                loop_ms=self.loop_ms * LOOP_GUESS,
                confidence=certain,
                gil_ms=self.loop_ms * share,
            )
        return replace(self, ms=self.ms * times, loop_ms=self.loop_ms * max(times, 1), gil_ms=self.gil_ms * times)


@dataclass(frozen=True, slots=True)
class Summary:
    """What running a callable does, as far as it can be read.

    `effects` has one entry per kind, category and place, the costs added up, with the trace of the costliest.
    `unread` names what could not be read, empty where everything could.
    """

    effects: tuple[Effect, ...] = ()
    unread: tuple[str, ...] = ()


NOTHING = Summary()
MAX_UNREAD = 5


def unread(name: str) -> Summary:
    """The summary of something that cannot be read."""
    return Summary((), (name,))


def total(summaries: Iterable[Summary]) -> Summary:
    """The summary of doing all of these."""
    effects: dict[tuple[object, ...], Effect] = {}
    heaviest: dict[tuple[object, ...], float] = {}
    names: dict[str, None] = {}
    for summary in summaries:
        names.update(dict.fromkeys(summary.unread))
        for effect in summary.effects:
            known = effects.get(effect.key)
            if known is None:
                effects[effect.key] = effect
                heaviest[effect.key] = effect.ms
                continue
            better = _rank(effect, effect.ms) > _rank(known, heaviest[effect.key])
            shown = effect if better else known
            if better:
                heaviest[effect.key] = effect.ms
            effects[effect.key] = replace(
                shown,
                ms=known.ms + effect.ms,
                loop_ms=known.loop_ms + effect.loop_ms,
                gil_ms=known.gil_ms + effect.gil_ms,
                confidence=max(known.confidence, effect.confidence)
                if min(known.ms, effect.ms) > 0
                else shown.confidence,
            )
    return Summary(tuple(effects.values()), tuple(names)[:MAX_UNREAD])


def _rank(effect: Effect, ms: float) -> tuple[float, int]:
    """The costliest trace is shown; among equals the shortest."""
    return ms, -len(effect.trace)


def heaviest_of(summaries: list[Summary]) -> Summary:
    """The summary of doing one of these, whichever: of each effect the costliest."""
    if len(summaries) == 1:
        return summaries[0]
    effects: dict[tuple[object, ...], Effect] = {}
    names: dict[str, None] = {}
    for summary in summaries:
        names.update(dict.fromkeys(summary.unread))
        for effect in summary.effects:
            known = effects.get(effect.key)
            if known is None or _rank(effect, effect.ms) > _rank(known, known.ms):
                effects[effect.key] = effect
    return Summary(tuple(effects.values()), tuple(names)[:MAX_UNREAD])
