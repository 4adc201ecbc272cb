"""Registration and effects → one word, with its trace."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bglint import catalog, profiling
from bglint.contract import gives_coroutine
from bglint.diagnostics import Confidence, Definition
from bglint.effects import library, names, queues, telling
from bglint.effects.model import Effect, Hop, Summary, heaviest_of, unread
from bglint.program import members
from bglint.program.modules import last_name
from bglint.program.values import (
    ClassValue,
    Constant,
    Coroutine,
    External,
    FunctionValue,
    Instance,
    Member,
    Partial,
    Value,
)
from bglint.registrations import runtime_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.effects.analyzer import Analyzer
    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.registrations.registration import Registration

SLOW_IO_MS = 1000.0
"""From how many milliseconds of waiting on a task is `slow-io`: seconds, as CONTRACT's words have it."""
TELLING_SHARE = 0.25
"""The part of the threshold that one call, its loops included, must reach by itself: trifles do not add up to work."""
STATEMENTS_SHARE = 0.4
"""The same for statements to a database that only loops of unknown length make many: over a few rows they are a task's
everyday work, and no reviewer takes them for a stop of the event loop."""
NEAR_CALLS = 8
"""The length of a trace up to which the threshold holds as it is."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is thought of one registration. `deciding` is the effect behind the verdict, if there is one."""

    verdict: str
    category: str | None
    confidence: Confidence
    summary: Summary
    deciding: Effect | None
    is_async: bool
    threshold_ms: float

    def effects(self, *kinds: str, where: str | None = None) -> list[Effect]:
        """The effects of some kinds, the costliest first."""
        found = [e for e in self.summary.effects if e.kind in kinds and (where is None or e.where == where)]
        return sorted(found, key=lambda effect: -effect.ms)

    def cpu(self) -> Effect | None:
        """The CPU work where it runs that tells most, if it is heavy."""
        return self._heavy("cpu")

    def blocking(self) -> Effect | None:
        """The wait that stops the event loop and tells most, if all such waits pass the threshold."""
        if not self.is_async or telling.lie_between(self._telling("blocking"), self.effects("slow-io", where="here")):
            return None
        return self._heavy("blocking")

    def waits_rather(self) -> bool:
        """Whether what stops the event loop is waiting, and the computing beside it is generic and far shorter."""
        return self.is_async and telling.is_beside_the_point(self._telling("cpu"), self._telling("blocking"))

    def _heavy(self, kind: str) -> Effect | None:
        """The effect of a kind that tells most: those that are a good part of the threshold come to more than it."""
        found = self._telling(kind)
        heavy = bool(found) and sum(e.ms for e in found) >= self.threshold_ms
        return telling.most_telling(found) if heavy else None

    def _telling(self, kind: str) -> list[Effect]:
        """The effects of a kind that are a good part of the threshold."""
        found = [e for e in self.effects(kind, where="here") if e.confidence >= Confidence.MEDIUM]
        return [e for e in found if e.top_ms >= self.threshold_ms * _share(e) and not self._incidental(e)]

    def _incidental(self, effect: Effect) -> bool:
        """Whether an effect lies so many calls away that only much of it is the task's work.

        In 75 labelled tasks of real applications, four calls or fewer lead to all heavy work but one; longer chains
        pass through conditions that reading cannot judge, and with each call twice as much is asked for.
        """
        return effect.top_ms < self.threshold_ms * 2.0 ** (len(effect.trace) - NEAR_CALLS)


def _share(effect: Effect) -> float:
    """The part of the threshold that the costliest call of an effect must reach."""
    if effect.category == "db" and effect.kind == "blocking" and effect.confidence < Confidence.HIGH:
        return STATEMENTS_SHARE
    return TELLING_SHARE


@profiling.stage("verdicts")
def judge(registration: Registration, analyzer: Analyzer, threshold_ms: float) -> Judgement:
    """Run a registration's target through the analysis and say one word about it."""
    source = registration.module
    hop = Hop(registration.target_text, source, registration.call.lineno, registration.call.col_offset)
    summary = _offloaded(registration, analyzer.program, hop)
    if summary is None:
        summaries = [analyzer.run(value, registration.arguments, hop) for value in runnable(registration)]
        summary = heaviest_of(summaries) if summaries else _unresolved(registration, hop)
    is_async = runs_on_loop(registration, analyzer.program)
    judgement = Judgement("", None, Confidence.HIGH, summary, None, is_async, threshold_ms)
    return _decide(judgement, registration.confidence)


def unknown(registration: Registration, threshold_ms: float) -> Judgement:
    """What is thought of a registration of which nothing can be read."""
    return Judgement(
        "unknown", None, registration.confidence, unread(""), None, is_async=False, threshold_ms=threshold_ms
    )


def _offloaded(registration: Registration, program: Program, hop: Hop) -> Summary | None:
    """What a task does that `bglint.runtime` runs elsewhere; None for one that runs here."""
    option = runtime_options.offload(registration, program)
    if option is None:
        return None
    there = replace(hop, symbol=runtime_options.offload_name(option, program))
    return Summary((Effect.once("offload", None, 0, there, where="process"),))


def runnable(registration: Registration) -> list[Value]:
    """The meanings of a target that can be run; a literal None that stands for "not yet" cannot."""
    return [value for value in registration.meanings if not isinstance(value, Constant) and not _is_guessed(value)]


def _is_guessed(value: Value) -> bool:
    """Whether a target is a method of what some library's function returned, of which the catalogue knows no type."""
    if not isinstance(value, External) or "()" not in value.name:
        return False
    if value.name.partition(".")[0] in sys.stdlib_module_names:
        return False
    entry = catalog.lookup(value.name)
    if entry is None or entry.effect != "light" or queues.enqueues(value.name):
        return False
    return entry.name.rpartition(".")[0] != value.name.rpartition(".")[0]


def _unresolved(registration: Registration, hop: Hop) -> Summary:
    """A target of which nothing is known but its name."""
    if registration.target is None:
        return unread("the target is not written in the call")
    name = last_name(registration.target)
    judged = names.judge(name) if name else None
    return library.guess(judged, hop) if judged is not None else unread(registration.target_text)


def runs_on_loop(registration: Registration, program: Program) -> bool:
    """Whether the target runs on the event loop: an async callable, or a form that has no threads."""
    if registration.form.sync_in == "loop":
        return True
    return any(is_async(value, program) for value in registration.meanings)


def is_async(value: Value, program: Program) -> bool:
    """Whether calling a value gives a coroutine, by the decision that the runtime makes of the object itself."""
    return gives_coroutine(value, SourceFacts(program))


class SourceFacts:
    """What the source tells of a callable; see `contract.CallableFacts`."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def wrapped(self, function: Value) -> Value | None:
        """The target of a partial."""
        return function.target if isinstance(function, Partial) else None

    def is_coroutine_function(self, function: Value) -> bool:
        """Whether it is an `async def` that is no generator, or a call of the catalogue that is awaited."""
        match function:
            case FunctionValue(function=defined):
                return defined.is_async and not defined.is_generator
            case Coroutine():
                return True
            case External(name):
                entry = catalog.lookup(name)
                return entry is not None and (entry.asynchronous or entry.effect == "slow-io")
            case _:
                return False

    def call_methods(self, function: Value) -> Iterable[Value]:
        """What `__call__` of an instance's class can be, inherited ones as well."""
        return members.member(self._program, function.cls, "__call__") if isinstance(function, Instance) else ()


def _decide(judged: Judgement, certain: Confidence) -> Judgement:
    """The heaviest effect decides: by severity, then by cost."""
    cpu, blocking = judged.cpu(), judged.blocking()
    if cpu is not None and (blocking is None or not judged.waits_rather()):
        return _as("cpu-async" if judged.is_async else "cpu", cpu, judged, certain)
    if blocking is not None:
        return _as("blocking-async", blocking, judged, certain)
    moved = [e for e in judged.effects("cpu") if e.where != "here"]
    if moved and sum(e.ms for e in moved) >= judged.threshold_ms:
        return _as("offloaded", moved[0], judged, certain)
    if offloads := judged.effects("offload", where="process"):
        return _as("offloaded", offloads[0], judged, certain)
    waits = judged.effects("slow-io", "blocking")
    if waits and sum(e.ms for e in waits) >= SLOW_IO_MS:
        return _as("slow-io", waits[0], judged, certain)
    if endless := judged.effects("endless"):
        return _as("slow-io", endless[0], judged, certain)
    if started := judged.effects("offload"):
        return _as("offloaded", started[0], judged, certain)
    if enqueues := judged.effects("enqueue"):
        return _as("enqueue", enqueues[0], judged, certain)
    if judged.summary.unread:
        return _as("unknown", None, judged, certain)
    return _as("light", None, judged, certain)


def _as(verdict: str, effect: Effect | None, judged: Judgement, certain: Confidence) -> Judgement:
    return Judgement(
        verdict=verdict,
        category=effect.category if effect is not None else None,
        confidence=min(certain, effect.confidence) if effect is not None else certain,
        summary=judged.summary,
        deciding=effect,
        is_async=judged.is_async,
        threshold_ms=judged.threshold_ms,
    )


def target_kind(registration: Registration) -> str:
    """The target's kind: sync, async, method, lambda, partial, nested, generator, class, library or unresolvable."""
    for value in runnable(registration):
        match value:
            case FunctionValue(function=function, origin=origin):
                shown = origin or function
                if isinstance(shown.node, ast.Lambda):
                    return "lambda"
                if shown.is_generator:
                    return "generator"
                if shown.owner is not None:
                    return "method"
                if shown.parent.parent is not None:
                    return "nested"
                return "async" if shown.is_async else "sync"
            case Partial():
                return "partial"
            case ClassValue() | Instance():
                return "class"
            case External() | Member():
                return "library"
    return "unresolvable"


def target_definition(registration: Registration) -> Definition | None:
    """Where the target is defined in the project; None for a library's, or where that is not known."""
    for given in runnable(registration):
        value = given
        while isinstance(value, Partial):
            value = value.target
        if isinstance(value, Coroutine):
            value = value.function
        if isinstance(value, FunctionValue):
            function = value.origin or value.function
            return _defined(function.symbol, function.module, function.node)
        if isinstance(value, Member) and isinstance(value.owner, FunctionValue):
            function = value.owner.origin or value.owner.function
            return _defined(function.symbol, function.module, function.node)
        if isinstance(value, ClassValue):
            return _defined(value.cls.symbol, value.cls.module, value.cls.node)
        if isinstance(value, Instance):
            return _defined(value.cls.cls.symbol, value.cls.cls.module, value.cls.cls.node)
    return None


def _defined(symbol: str, module: Module, node: ast.AST) -> Definition:
    row, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    return Definition(symbol, module.path, module.source.position(row, column))
