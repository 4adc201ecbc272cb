"""What the body of a function does: each call as often as the loops around it run, and the loops themselves."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.effects import alternatives, iteration, library, loops, names, once, queues, vocabulary
from bglint.effects.hops import written
from bglint.effects.model import NOTHING, Effect, Hop, Summary, heaviest_of, total, unread
from bglint.program import branches, members
from bglint.program.calling import Arguments
from bglint.program.modules import last_name
from bglint.program.values import ClassValue, External, Frame, FunctionValue, Instance, Value
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bglint.program.program import Program
    from bglint.program.scopes import CallSite, LoopNode, Scope

TRIVIAL_METHODS = frozenset(
    name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind) if not name.startswith("__")
) | {
    "debug", "info", "warning", "error", "exception", "critical", "log", "isoformat", "strftime", "model_dump",
    "dict", "json", "model_validate", "group", "groups", "total_seconds", "timestamp", "replace", "resolve",
    "exists", "put_nowait", "set_result", "done", "cancel", "acquire", "release", "locked", "is_set",
    "model_validate_json", "model_dump_json", "model_copy", "model_construct", "model_json_schema", "parse_obj",
    "parse_raw", "from_orm", "mro", "__subclasses__", "get_secret_value", "astimezone", "weekday", "date", "item",
    "in_", "ilike", "desc", "asc",
}  # fmt: skip
"""Methods that are light whatever they belong to."""
_LAZY_BUILTINS = frozenset({"builtins.map", "builtins.filter", "builtins.zip", "itertools.starmap"})
_LISTENERS = {"add_done_callback", "add_event_handler", "connect", "subscribe", "on", "register", "add_listener"}


class Bodies:
    """Reads bodies. `run` says what calling a value with arguments does, at a place."""

    def __init__(self, program: Program, run: Callable[[Value, Arguments, Hop], Summary]) -> None:
        self._program = program
        self._run = run
        self._kept: dict[int, frozenset[int]] = {}
        self._idle: dict[int, frozenset[int]] = {}
        self._alone: dict[int, frozenset[int]] = {}
        self._early: dict[int, bool] = {}

    def walk(self, scope: Scope, frame: Frame) -> Summary:
        """What a body does in a frame: its calls, the properties that it reads, and its loops."""
        kept = self._kept.get(id(scope))
        if kept is None:
            kept = self._kept[id(scope)] = once.kept_calls(scope)
        idle = branches.skipped(self._program, frame)
        found = [
            (site.path, self._site(site, scope, frame))
            for site in scope.calls
            if not site.on_failure and id(site.node) not in kept and not branches.within(site.node, idle)
        ]
        reads = [self._read(node, nest, frame) for node, nest in scope.reads if not branches.within(node, idle)]
        iterations = self._iterations(scope, frame, idle)
        return total([alternatives.one_way(found), *reads, *iterations, self._loops(scope, frame)])

    def _site(self, site: CallSite, scope: Scope, frame: Frame) -> Summary:
        """What one call in a body does, as often as the loops around it run."""
        summary = self._call(site.node, scope, frame)
        if id(site.node) in self._left_alone(scope):
            summary = Summary(tuple(e for e in summary.effects if e.kind != "slow-io"), summary.unread)
        if any(effect.kind == "endless" for effect in summary.effects) and once.is_started(site.node, scope):
            summary = Summary(tuple(e for e in summary.effects if e.kind != "endless"), summary.unread)
        if site.awaited:
            summary = Summary(tuple(_as_awaited(effect) for effect in summary.effects), summary.unread)
        return self._repeated(summary, site.loops, frame)

    def _read(self, node: ast.Attribute, nest: tuple[LoopNode, ...], frame: Frame) -> Summary:
        """What reading an attribute does: nothing, but for a property of the project, whose body runs."""
        found = []
        hop = Hop(node.attr, frame.scope.module, node.lineno, node.col_offset)
        for owner in self._program.infer(node.value, frame):
            if isinstance(owner, Instance):
                getters = members.getters(self._program, owner, node.attr)
                found += [self._run(getter, Arguments.of(()), hop) for getter in getters]
        return self._repeated(heaviest_of(found), nest, frame) if found else NOTHING

    def _repeated(self, summary: Summary, nest: tuple[LoopNode, ...], frame: Frame) -> Summary:
        """What a summary comes to within loops."""
        if not summary.effects or not nest:
            return summary
        effects = summary.effects
        for loop in reversed(nest):
            times = loops.turns(self._program, loop, frame)
            if times is not None and times <= 20 and self._is_left_early(loop):
                times = 1.0
            effects = tuple(effect.repeated(times) for effect in effects)
        return Summary(effects, summary.unread)

    def _call(self, node: ast.Call, scope: Scope, frame: Frame) -> Summary:
        hop = Hop(written(node.func), scope.module, node.lineno, node.col_offset)
        meanings = self._program.infer(node.func, frame)
        arguments = Arguments(self._program, node, frame)
        if not meanings:
            return unread(hop.symbol) if self._lacks(node.func, frame) else self._unresolved(node, arguments, hop)
        if self._is_idle(node, scope) and all(_is_lazy(value) for value in meanings):
            return NOTHING
        done = [self._run(value, arguments, hop) for value in meanings]
        if alternatives.are_many(meanings) and not alternatives.is_each(node.func, scope):
            return alternatives.typical(done, hop)
        return heaviest_of(done)

    def _turns(self, nest: tuple[LoopNode, ...], frame: Frame) -> float:
        """How often the body of the innermost of nested loops runs; 0 where one of them cannot be told."""
        product = 1.0
        for loop in nest:
            times = loops.turns(self._program, loop, frame)
            if times is None:
                return 0.0
            product *= times
        return 0.0 if product <= 20 and self._is_left_early(nest[-1]) else product

    def _is_left_early(self, loop: LoopNode) -> bool:
        """Whether a loop is a retry; what its syntax tells is worked out once."""
        early = self._early.get(id(loop))
        if early is None:
            early = self._early[id(loop)] = _left_early(loop)
        return early

    def _left_alone(self, scope: Scope) -> frozenset[int]:
        """The calls that start an asyncio task nobody waits for: its waits are not the body's."""
        alone = self._alone.get(id(scope))
        if alone is None:
            alone = self._alone[id(scope)] = once.left_alone(scope)
        return alone

    def _is_idle(self, node: ast.expr, scope: Scope) -> bool:
        """Whether nothing uses what a call gives."""
        idle = self._idle.get(id(scope))
        if idle is None:
            idle = self._idle[id(scope)] = once.idle_nodes(scope)
        return id(node) in idle

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

    def _iterations(self, scope: Scope, frame: Frame, idle: Sequence[branches.Stretch]) -> list[Summary]:
        """What the loops of a body make of the lazy results that they go through."""
        found = []
        for site in scope.loops:
            loop = site.loop
            if isinstance(loop, ast.While) or (site.whole is not None and self._is_idle(site.whole, scope)):
                continue
            if branches.within(loop.iter, idle):
                continue
            hop = Hop("loop", scope.module, loop.iter.lineno, loop.iter.col_offset)
            summary = iteration.of_loop(self._program.infer(loop.iter, frame), loop, hop)
            found.append(self._repeated(summary, site.outer, frame))
        return found

    def _loops(self, scope: Scope, frame: Frame) -> Summary:
        """What the loops of a body cost in Python of their own, where their length can be computed by reading."""
        found: list[Effect] = []
        idle = branches.skipped(self._program, frame)
        for site in scope.loops:
            loop = site.loop
            if branches.within(loop.iter if isinstance(loop, ast.comprehension) else loop, idle):
                continue
            place = loop.iter if isinstance(loop, ast.comprehension) else loop
            name = "while loop" if isinstance(loop, ast.While) else "loop"
            hop = Hop(name, scope.module, place.lineno, place.col_offset)
            if loops.is_endless(loop):
                found.append(Effect.once("endless", "loop", 0, replace(hop, detail="never ends")))
                continue
            if isinstance(site.whole, ast.GeneratorExp) and self._is_idle(site.whole, scope):
                continue
            turns = self._turns((*site.outer, loop), frame)
            ms = turns * loops.body_ms(site.body)
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


def _left_early(loop: ast.AST) -> bool:
    """Whether a loop is a retry: left by break or return once it worked."""
    if isinstance(loop, ast.comprehension):
        return False
    nodes = walk(loop)
    return any(isinstance(node, ast.Break | ast.Return) for node in nodes) and any(
        isinstance(node, ast.Try) for node in nodes
    )
