"""The words of the room: an effect, its trace, and the summary of a callable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

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
    part of it spent in single C calls that keep the GIL, so that a thread does not help. `top_ms` is the costliest
    part: a thousand trifles on as many lines are not heavy work. `lazy` names the callable whose result does the work
    when it is `iterated`: the effect is that of the iteration, or else of the call.
    """

    kind: Kind
    category: str | None
    ms: float
    loop_ms: float
    where: Where
    trace: tuple[Hop, ...]
    confidence: Confidence = Confidence.HIGH
    gil_ms: float = 0.0
    top_ms: float = 0.0
    program: str | None = None
    guess: bool = False
    call: ast.Call | None = None
    lazy: str | None = None
    iterated: bool = False

    @classmethod
    def once(cls, kind: Kind, category: str | None, ms: float, hop: Hop, **more: Any) -> Effect:
        """The effect of one call, shown by one hop."""
        loop_ms = more.pop("loop_ms", ms * LOOP_GUESS)
        return cls(kind, category, ms, loop_ms, more.pop("where", "here"), (hop,), top_ms=ms, **more)

    @property
    def key(self) -> tuple[str, str | None, str, bool, str | None, bool]:
        """Effects with the same key add up."""
        return self.kind, self.category, self.where, self.program is not None, self.lazy, self.iterated

    def behind(self, hop: Hop) -> Effect:
        """The same effect, reached through one more call."""
        return replace(self, trace=(hop, *self.trace))

    def repeated(self, times: float | None) -> Effect:
        """The effect of running it `times` times; None for a loop of unknown length, of which only one is counted."""
        if times is not None:
            return replace(
                self,
                ms=self.ms * times,
                loop_ms=self.loop_ms * max(times, 1),
                gil_ms=self.gil_ms * times,
                top_ms=self.top_ms * times,
            )
        share = self.loop_ms / self.ms if self.ms else 1.0
        sure = self.confidence if share <= LOOP_GUESS else min(self.confidence, Confidence.MEDIUM)
        return replace(
            self,
            ms=self.loop_ms,
            gil_ms=self.gil_ms * share,
            top_ms=self.top_ms * share,
            confidence=sure,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """What running a callable does, as far as it can be read.

    `effects` has one entry per kind, category and place, the costs added up, with the trace of the costliest.
    `unread` names what could not be read, empty where everything could.
    """

    effects: tuple[Effect, ...] = ()
    unread: tuple[str, ...] = ()


def kind_of(effect: str) -> Kind:
    """The kind of effect that the catalogue's word stands for."""
    return "cpu" if effect == "cpu" else "blocking" if effect == "blocking" else "slow-io"


NOTHING = Summary()
MAX_UNREAD = 5
REMOTENESS = 1.5
"""By how much an effect must weigh more to be shown, for each call that it is further away."""


def unread(name: str) -> Summary:
    """The summary of something that cannot be read."""
    return Summary((), (name,))


def total(summaries: Iterable[Summary]) -> Summary:
    """The summary of doing all of these."""
    effects: dict[tuple[object, ...], Effect] = {}
    names: dict[str, None] = {}
    for summary in summaries:
        names.update(dict.fromkeys(summary.unread))
        for effect in summary.effects:
            known = effects.get(effect.key)
            effects[effect.key] = effect if known is None else _added(known, effect)
    return Summary(tuple(effects.values()), tuple(names)[:MAX_UNREAD])


def _added(one: Effect, other: Effect) -> Effect:
    """Two effects of a kind as one: the costs summed, the trace of the costlier shown."""
    shown = other if _rank(other) > _rank(one) else one
    return replace(shown, ms=one.ms + other.ms, loop_ms=one.loop_ms + other.loop_ms, gil_ms=one.gil_ms + other.gil_ms)


def _rank(effect: Effect) -> tuple[float, int]:
    """The costliest trace is shown; the longer one is, the more it must cost, for it is less likely to be the one."""
    return effect.top_ms / REMOTENESS ** len(effect.trace), -len(effect.trace)


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
            if known is None or (effect.ms, -len(effect.trace)) > (known.ms, -len(known.trace)):
                effects[effect.key] = effect
    return Summary(tuple(effects.values()), tuple(names)[:MAX_UNREAD])
