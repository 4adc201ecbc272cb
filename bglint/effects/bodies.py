"""What the body of a function does: each call as often as the loops around it run, and the loops themselves."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.effects import alternatives, iteration, library, loops, names, once, queues, vocabulary
from bglint.effects.model import NOTHING, Effect, Hop, Summary, heaviest_of, total, unread
from bglint.effects.reading import Reading
from bglint.program import branches, members
from bglint.program.calling import Arguments
from bglint.program.modules import last_name
from bglint.program.values import ClassValue, External, Frame, FunctionValue, Instance, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bglint.effects.reading import Call
    from bglint.program.program import Program
    from bglint.program.scopes import LoopNode, Scope

TRIVIAL_METHODS = vocabulary.OF_VALUES | {
    "debug", "info", "warning", "error", "exception", "critical", "log", "isoformat", "strftime", "model_dump",
    "dict", "json", "model_validate", "group", "groups", "total_seconds", "timestamp", "replace", "resolve",
    "exists", "put_nowait", "set_result", "done", "cancel", "acquire", "release", "locked", "is_set",
    "model_validate_json", "model_dump_json", "model_copy", "model_construct", "model_json_schema", "parse_obj",
    "parse_raw", "from_orm", "mro", "__subclasses__", "get_secret_value", "astimezone", "weekday", "date", "item",
    "in_", "ilike", "desc", "asc", "raise_for_status",
}  # fmt: skip
"""Methods that are light whatever they belong to."""
_LAZY_BUILTINS = frozenset({"builtins.map", "builtins.filter", "builtins.zip", "itertools.starmap"})
_LISTENERS = {"add_done_callback", "add_event_handler", "connect", "subscribe", "on", "register", "add_listener"}


class Bodies:
    """Reads bodies. `run` says what calling a value with arguments does, at a place."""

    def __init__(self, program: Program, run: Callable[[Value, Arguments, Hop], Summary]) -> None:
        self._program = program
        self._run = run
        self._readings: dict[Scope, Reading] = {}

    def walk(self, scope: Scope, frame: Frame) -> Summary:
        """What a body does in a frame: its calls, the properties that it reads, and its loops."""
        reading = self._readings.get(scope)
        if reading is None:
            reading = self._readings[scope] = Reading(scope)
        idle = branches.skipped(self._program, frame)
        found = [
            (call.site.path, self._site(call, reading, frame))
            for call in reading.calls
            if not branches.within(call.site.node, idle)
        ]
        reads = [
            self._read(node, nest, reading, frame) for node, nest in scope.reads if not branches.within(node, idle)
        ]
        iterations = self._iterations(reading, frame, idle)
        return total([alternatives.one_way(found), *reads, *iterations, self._loops(reading, frame, idle)])

    def _site(self, call: Call, reading: Reading, frame: Frame) -> Summary:
        """What one call in a body does, as often as the loops around it run."""
        site = call.site
        summary = self._call(site.node, call.hop, reading, frame)
        if not summary.effects:
            return summary
        if id(site.node) in reading.left_alone:
            summary = Summary(tuple(e for e in summary.effects if e.kind != "slow-io"), summary.unread)
        if any(effect.kind == "endless" for effect in summary.effects) and once.is_started(site.node, reading.scope):
            summary = Summary(tuple(e for e in summary.effects if e.kind != "endless"), summary.unread)
        if site.awaited:
            summary = Summary(tuple(_as_awaited(effect) for effect in summary.effects), summary.unread)
        return self._repeated(summary, site.loops, reading, frame)

    def _read(self, node: ast.Attribute, nest: tuple[LoopNode, ...], reading: Reading, frame: Frame) -> Summary:
        """What reading an attribute does: nothing, but for a property of the project, whose body runs."""
        found = []
        hop = Hop(node.attr, frame.scope.module, node.lineno, node.col_offset)
        for owner in self._program.infer(node.value, frame):
            if isinstance(owner, Instance):
                getters = members.getters(self._program, owner, node.attr)
                found += [self._run(getter, Arguments.of(()), hop) for getter in getters]
        return self._repeated(heaviest_of(found), nest, reading, frame) if found else NOTHING

    def _repeated(self, summary: Summary, nest: tuple[LoopNode, ...], reading: Reading, frame: Frame) -> Summary:
        """What a summary comes to within loops."""
        if not summary.effects or not nest:
            return summary
        effects = summary.effects
        for loop in reversed(nest):
            times = loops.turns(self._program, loop, frame)
            if times is not None and times <= 20 and reading.is_left_early(loop):
                times = 1.0
            effects = tuple(effect.repeated(times) for effect in effects)
        return Summary(effects, summary.unread)

    def _call(self, node: ast.Call, hop: Hop, reading: Reading, frame: Frame) -> Summary:
        meanings = self._program.infer(node.func, frame)
        arguments = Arguments(self._program, node, frame)
        if not meanings:
            return unread(hop.symbol) if self._lacks(node.func, frame) else self._unresolved(node, arguments, hop)
        if id(node) in reading.idle and all(_is_lazy(value) for value in meanings):
            return NOTHING
        done = [self._run(value, arguments, hop) for value in meanings]
        if alternatives.are_many(meanings) and not alternatives.is_each(node.func, reading.scope):
            return alternatives.typical(done, hop)
        return heaviest_of(done)

    def _turns(self, nest: tuple[LoopNode, ...], reading: Reading, frame: Frame) -> float:
        """How often the body of the innermost of nested loops runs; 0 where one of them cannot be told."""
        product = 1.0
        for loop in nest:
            times = loops.turns(self._program, loop, frame)
            if times is None:
                return 0.0
            product *= times
        return 0.0 if product <= 20 and reading.is_left_early(nest[-1]) else product

    def _lacks(self, func: ast.expr, frame: Frame) -> bool:
        """Whether a method is called that a class of the project, read to its last base, does not have."""
        if not isinstance(func, ast.Attribute):
            return False
        owners = self._program.infer(func.value, frame)
        return bool(owners) and all(
            isinstance(owner, Instance)
            and all(isinstance(base, ClassValue) for base in members.ancestry(self._program, owner.cls))
            for owner in owners
        )

    def _unresolved(self, node: ast.Call, arguments: Arguments, hop: Hop) -> Summary:
        """A call of something of which nothing is known but the name."""
        name = last_name(node.func)
        if is_base_constructor(node.func):
            return NOTHING
        if name in queues.TELLING_METHODS:
            return Summary((Effect.once("enqueue", None, 0, hop, confidence=Confidence.MEDIUM),))
        if name == "encode" and node.args and not isinstance(node.args[0], ast.Constant):
            return unread(hop.symbol)
        if name in TRIVIAL_METHODS or name in _LISTENERS or (not name and isinstance(node.func, ast.Call)):
            return NOTHING
        judged = names.judge(name) if name else None
        if judged is not None:
            return library.guess(judged, hop)
        telling = vocabulary.library_name(node.func)
        if telling is not None:
            found = self._run(External(telling), arguments, hop)
            return Summary(tuple(library.less_sure(effect, hop) for effect in found.effects), found.unread)
        return unread(hop.symbol)

    def _iterations(self, reading: Reading, frame: Frame, idle: Sequence[branches.Stretch]) -> list[Summary]:
        """What the loops of a body make of the lazy results that they go through."""
        found = []
        for site in reading.scope.loops:
            loop = site.loop
            if isinstance(loop, ast.While) or (site.whole is not None and id(site.whole) in reading.idle):
                continue
            if branches.within(loop.iter, idle):
                continue
            hop = Hop("loop", reading.scope.module, loop.iter.lineno, loop.iter.col_offset)
            summary = iteration.of_loop(self._program.infer(loop.iter, frame), loop, hop)
            found.append(self._repeated(summary, site.outer, reading, frame))
        return found

    def _loops(self, reading: Reading, frame: Frame, idle: Sequence[branches.Stretch]) -> Summary:
        """What the loops of a body cost in Python of their own, where their length can be computed by reading."""
        found: list[Effect] = []
        for site, place, hop, is_endless, turn_ms in reading.loops:
            if branches.within(place, idle):
                continue
            if is_endless:
                found.append(Effect.once("endless", "loop", 0, replace(hop, detail="never ends")))
                continue
            if isinstance(site.whole, ast.GeneratorExp) and id(site.whole) in reading.idle:
                continue
            turns = self._turns((*site.outer, site.loop), reading, frame)
            ms = turns * turn_ms
            if ms >= 1:
                found.append(Effect.once("cpu", "loop", ms, replace(hop, detail=f"{turns:,.0f} turns of pure Python")))
        return total(Summary((effect,)) for effect in found)


def _is_lazy(value: Value) -> bool:
    """Whether a call costs nothing until its result is iterated."""
    if isinstance(value, FunctionValue):
        return value.function.is_generator
    if not isinstance(value, External):
        return False
    if value.name in _LAZY_BUILTINS:
        return True
    entry = catalog.lookup(catalog.canonical(value.name))
    return entry is not None and entry.lazy


def _as_awaited(effect: Effect) -> Effect:
    """A library call that is awaited gives the loop back, whatever the catalogue holds its name for."""
    if len(effect.trace) == 1 and effect.where == "here" and effect.kind in {"cpu", "blocking"} and not effect.guess:
        return replace(effect, kind="slow-io", gil_ms=0.0)
    return effect


def is_base_constructor(callee: ast.expr) -> bool:
    """Whether a callee is `super().__init__` or the like: of a base that cannot be read it is taken to be light."""
    match callee:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
            return name in {"__init__", "__new__", "__post_init__", "__init_subclass__"}
        case _:
            return False
