"""Follows the calls of a callable to what they do, function by function.

A function's summary is made once per frame and kept. Cycles are cut where they close; what was cut is not kept,
so that the outcome does not depend on where the walk began.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.effects import alternatives, graphs, iteration, library, loops, names, offloading, once, queues, vocabulary
from bglint.effects.hops import definition_hop, written
from bglint.effects.model import NOTHING, Effect, Hop, Summary, Where, heaviest_of, total, unread
from bglint.program import branches, calling, members
from bglint.program.calling import Arguments
from bglint.program.modules import last_name
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Coroutine,
    Display,
    External,
    ExternalObject,
    Frame,
    FunctionValue,
    Generator,
    Instance,
    Member,
    Partial,
    Value,
)
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.scopes import CallSite, LoopNode, Scope

DECLARED_MS = 1000.0
"""What a callable that is declared heavy is taken to cost."""
MAX_STEPS = 800
"""How many function bodies one target may lead to before the rest counts as unread."""

_DECLARATION = re.compile(r"#\s*bglint:\s*(light|heavy)\b")
_TRIVIAL_METHODS = frozenset(
    name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind) if not name.startswith("__")
) | {
    "debug", "info", "warning", "error", "exception", "critical", "log", "isoformat", "strftime", "model_dump",
    "dict", "json", "model_validate", "group", "groups", "total_seconds", "timestamp", "replace", "resolve",
    "exists", "put_nowait", "set_result", "done", "cancel", "acquire", "release", "locked", "is_set",
    "model_validate_json", "model_dump_json", "model_copy", "model_construct", "model_json_schema", "parse_obj",
    "parse_raw", "from_orm", "mro", "__subclasses__", "get_secret_value", "astimezone", "weekday", "date", "item",
    "in_", "ilike", "desc", "asc",
}  # fmt: skip
_LAZY_BUILTINS = frozenset({"builtins.map", "builtins.filter", "builtins.zip", "itertools.starmap"})
_GENERATOR_METHODS = frozenset({
    "__next__", "__anext__", "send", "asend", "throw", "athrow", "close", "aclose", "__aiter__", "__iter__",
})  # fmt: skip
"""Methods that go on with a body whose cost is counted where it was called."""
_LISTENERS = {"add_done_callback", "add_event_handler", "connect", "subscribe", "on", "register", "add_listener"}


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of effects: the user's own heavy and light callables, and how far calls are followed."""

    heavy: tuple[str, ...] = ()
    light: tuple[str, ...] = ()
    max_depth: int = 10

    def declared(self, symbol: str) -> str | None:
        """`heavy` or `light` where a pattern names the symbol (from the project's root or from any package)."""
        for word, patterns in (("light", self.light), ("heavy", self.heavy)):
            if any(fnmatchcase(symbol, p) or fnmatchcase(symbol, f"*.{p}") for p in patterns):
                return word
        return None


class Analyzer:
    """Summaries of callables, for one policy."""

    def __init__(self, program: Program, policy: Policy) -> None:
        self.program = program
        self.policy = policy
        self._known: dict[tuple[int, Frame], Summary] = {}
        self._partial: dict[tuple[int, Frame], tuple[int, Summary]] = {}
        self._stack: list[tuple[int, Frame]] = []
        self._lowest_cut = 1 << 30
        self._truncated = 0
        self._steps = 0
        self._kept: dict[int, frozenset[int]] = {}
        self._idle: dict[int, frozenset[int]] = {}
        self._alone: dict[int, frozenset[int]] = {}
        self._early: dict[int, bool] = {}

    def run(self, value: Value, arguments: Arguments, hop: Hop) -> Summary:
        """What calling a value with arguments does. `hop` is the place that shows a call that cannot be followed."""
        if self._stack:
            return self._run(value, arguments, hop)
        self._steps = 0
        self._partial.clear()
        return iteration.settled(self._run(value, arguments, hop))

    def _run(self, value: Value, arguments: Arguments, hop: Hop) -> Summary:
        match value:
            case FunctionValue():
                return self._call_function(value, arguments)
            case ClassValue():
                return self._construct(value, arguments)
            case Instance():
                called = [m for m in members.member(self.program, value, "__call__") if m != value]
                return heaviest_of([self.run(m, arguments, hop) for m in called]) if called else unread(hop.symbol)
            case Partial(target=target, call=earlier, frame=frame):
                bound = arguments.behind(0, Arguments(self.program, earlier, frame))
                return self.run(target, bound, hop)
            case External(name):
                return self._call_library(name, arguments, hop)
            case ExternalObject(name):
                return self._call_library(f"{name}.__call__", arguments, hop)
            case Member(owner=owner, name=name):
                return self._call_member(owner, name, arguments, hop)
            case Coroutine(function=function, frame=frame) | Generator(function=function, frame=frame):
                return self._body(function, frame)
            case Constant():
                return NOTHING
            case _:
                return unread(hop.symbol)

    def _call_function(self, value: FunctionValue, arguments: Arguments) -> Summary:
        function = value.function
        shown = value.origin or function
        declared = self._declared(shown)
        hop = definition_hop(shown)
        if declared == "light":
            return NOTHING
        if declared == "heavy":
            return _heavy(replace(hop, detail="declared heavy"))
        if self.is_cached(shown):
            return NOTHING
        if shown.is_stub and not does_nothing(shown):
            judged = names.judge(shown.name) if function.owner is not None and not is_missing(shown) else None
            return library.guess(judged, hop) if judged else unread(shown.name)
        if queues.queue_task(self.program, value) == "Huey":
            return Summary((Effect.once("enqueue", None, 0, hop),))
        return self._body(value, calling.enter(self.program, value, arguments))

    def _body(self, value: FunctionValue, frame: Frame) -> Summary:
        """The summary of a function's body, its own hop in front of every trace."""
        hop = definition_hop(value.origin or value.function)
        inner = self._summary(value.function, frame)
        effects = tuple(effect if effect.trace[0] == hop else effect.behind(hop) for effect in inner.effects)
        return Summary(effects, inner.unread)

    def _construct(self, value: ClassValue, arguments: Arguments) -> Summary:
        made = Instance(value)
        found = []
        for name in ("__init__", "__post_init__"):
            for method in members.member(self.program, made, name):
                if isinstance(method, FunctionValue):
                    found.append(self._call_function(method, arguments))
                elif isinstance(method, External):
                    base = method.name.rpartition(".")[0]
                    entry = catalog.lookup(base)
                    if entry is not None and entry.effect != "light":
                        found.append(unread(base))
        return total(found)

    def _call_member(self, owner: Value, name: str, arguments: Arguments, hop: Hop) -> Summary:
        if isinstance(owner, FunctionValue):
            if name in queues.METHODS_THAT_RUN_HERE:
                return self._body(owner, calling.enter(self.program, owner, arguments))
            if name in queues.METHODS_THAT_ENQUEUE:
                return Summary((Effect.once("enqueue", None, 0, hop),))
            return unread(hop.symbol)
        if isinstance(owner, Display | Collection | Constant):
            return NOTHING
        if isinstance(owner, Generator | Coroutine) and name in _GENERATOR_METHODS:
            return NOTHING
        if isinstance(owner, Member) and name in queues.METHODS_THAT_ENQUEUE:
            return self._call_member(owner.owner, name, arguments, hop)
        return NOTHING if name in _TRIVIAL_METHODS else unread(hop.symbol)

    def _call_library(self, name: str, arguments: Arguments, hop: Hop) -> Summary:
        name = catalog.canonical(name)
        declared = self.policy.declared(name)
        if declared == "light":
            return NOTHING
        named = Hop(name.removeprefix("builtins."), hop.module, hop.row, hop.column, hop.detail)
        if declared == "heavy":
            return _heavy(replace(named, detail="declared heavy"))
        iterated = iteration.of_call(name, arguments, hop)
        boundary = offloading.boundary(name)
        if boundary is not None:
            return total([self._cross(boundary, name, arguments, named), iterated])
        handed = [
            self.run(value, Arguments.of(()), hop)
            for value in arguments.positional(0)
            if isinstance(value, Coroutine) and arguments.frame is not None and not self._inside(arguments.frame)
        ]
        frame = arguments.frame or self.program.module_frame(hop.module)
        effect = library.call_effect(self.program, name, arguments.call, frame, named)
        return total([effect, iterated, *handed, *self._graph(name, arguments, named)])

    def _graph(self, name: str, arguments: Arguments, hop: Hop) -> list[Summary]:
        """What the nodes of a graph do that a library's method runs; what of them cannot be read is the library's."""
        found = []
        for meanings in graphs.nodes(self.program, name, arguments):
            for node in meanings:
                inner = self.run(node, Arguments.of(()), hop).effects
                if graphs.runs_in_thread(name, node):
                    inner = tuple(replace(e, where="thread") if e.where == "here" else e for e in inner)
                found.append(Summary(tuple(effect.behind(hop) for effect in inner)))
        return found

    def _inside(self, frame: Frame) -> bool:
        """Whether a frame is that of the body being summarised: its calls are counted as its own."""
        return bool(self._stack) and self._stack[-1][1] is frame

    def _cross(self, boundary: offloading.Boundary, name: str, arguments: Arguments, hop: Hop) -> Summary:
        """What the callable handed over a boundary does there."""
        where: Where = boundary.where
        if name.endswith(("run_in_executor", "Executor.submit", "Executor.map")):
            executors = arguments.positional(0) if name.endswith("run_in_executor") else ()
            if any(isinstance(v, ExternalObject) and offloading.runs_in_processes(v.type_name) for v in executors):
                where = "process"
        keywords = arguments.keywords()
        handed = keywords.get(boundary.keyword or "", ())
        skipped = 0
        if not handed and boundary.argument is not None:
            handed, skipped = arguments.positional(boundary.argument), boundary.argument + 1
        if where == "process":
            return Summary((Effect.once("offload", None, 0, hop, where="process"),))
        if name.startswith("threading.") and "args" in keywords:
            given = Arguments.of([g for v in keywords["args"] if isinstance(v, Display) for g in self._display(v)])
        else:
            given = arguments.behind(skipped)
        found = heaviest_of([self.run(value, given, hop) for value in handed]) if handed else unread(hop.symbol)
        if where == "here":
            moved = self._for_each(found.effects, handed, arguments, hop) if boundary.many else found.effects
            return Summary(moved, found.unread)
        moved = tuple(replace(e, where=where) if e.where == "here" else e for e in found.effects)
        if boundary.many:
            moved = self._for_each(moved, handed, arguments, hop)
        frame = arguments.frame
        if offloading.goes_on_by_itself(name) and frame is not None and not once.joins(frame.scope):
            waits = [e for e in moved if e.kind in {"slow-io", "blocking", "endless"}]
            moved = tuple(e for e in moved if e not in waits)
            if any(e.kind == "endless" or e.ms >= DECLARED_MS for e in waits):
                moved += (Effect.once("offload", waits[0].category, 0, hop, where=where),)
        if found.unread and handed:
            moved += (Effect.once("offload", None, 0, hop, where=where),)
        return Summary(tuple(effect.behind(hop) if effect.trace[0] != hop else effect for effect in moved))

    def _for_each(
        self, effects: tuple[Effect, ...], handed: Iterable[Value], arguments: Arguments, hop: Hop
    ) -> tuple[Effect, ...]:
        """What calling something for each element of the next argument costs."""
        call, frame = arguments.call, arguments.frame
        times = None
        if call is not None and frame is not None and len(call.args) > 1:
            times = loops.length(self.program, call.args[1], frame)
        repeated = tuple(effect.repeated(times) for effect in effects)
        if times is not None and times * loops.CALL_MS >= 1 and any(isinstance(v, FunctionValue) for v in handed):
            detail = f"{times:,.0f} calls"
            repeated += (Effect.once("cpu", "loop", times * loops.CALL_MS, replace(hop, detail=detail)),)
        return repeated

    def _display(self, value: Display) -> list[tuple[Value, ...]]:
        node = value.node
        return (
            [self.program.infer(each, value.frame) for each in node.elts]
            if isinstance(node, ast.Tuple | ast.List)
            else []
        )

    def _declared(self, function: Function) -> str | None:
        node = function.node
        if not isinstance(node, ast.Lambda):
            for row in range(node.lineno, node.body[0].lineno + 1):
                line = function.module.source.lines[row - 1] if row <= len(function.module.source.lines) else ""
                if "bglint" in line and (found := _DECLARATION.search(line)):
                    return found.group(1)
        return self.policy.declared(function.symbol)

    def is_cached(self, function: Function) -> bool:
        """Whether a function without parameters keeps its result for the process."""
        if not function.decorator_names & {"lru_cache", "cache", "cached_property", "alru_cache", "singleton"}:
            return False
        arguments = function.node.args
        own = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return len(own) <= (1 if function.owner is not None else 0) or function.name.startswith(
            ("get_", "load_", "_get", "_load")
        )

    def _summary(self, function: Function, frame: Frame) -> Summary:
        """What a body does in a frame. What was cut short is kept for this run only, where it was met as deep."""
        key = (id(function.node), frame)
        known = self._known.get(key)
        if known is not None:
            return known
        position = len(self._stack)
        if key in self._stack:
            self._lowest_cut = min(self._lowest_cut, self._stack.index(key))
            return NOTHING
        depth, partial = self._partial.get(key, (position + 1, NOTHING))
        if depth <= position:
            self._truncated += 1
            return partial
        self._steps += 1
        if position > self.policy.max_depth or self._steps > MAX_STEPS:
            self._truncated += 1
            return unread(f"{function.name} (calls are followed {self.policy.max_depth} deep)")
        if function.scope.unread:
            return unread(function.name)
        truncated, cut = self._truncated, self._lowest_cut
        self._stack.append(key)
        self._lowest_cut = position + 1
        try:
            summary = self._walk(function.scope, frame)
        finally:
            self._stack.pop()
        if self._lowest_cut >= position and self._truncated == truncated:
            self._known[key] = summary
        else:
            self._partial[key] = (position, summary)
        self._lowest_cut = min(cut, self._lowest_cut)
        return summary

    def _walk(self, scope: Scope, frame: Frame) -> Summary:
        kept = self._kept.get(id(scope))
        if kept is None:
            kept = self._kept[id(scope)] = once.kept_calls(scope)
        idle = branches.skipped(self.program, frame)
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
        for owner in self.program.infer(node.value, frame):
            if isinstance(owner, Instance):
                getters = members.getters(self.program, owner, node.attr)
                found += [self._call_function(getter, Arguments.of(())) for getter in getters]
        return self._repeated(heaviest_of(found), nest, frame) if found else NOTHING

    def _repeated(self, summary: Summary, nest: tuple[LoopNode, ...], frame: Frame) -> Summary:
        """What a summary comes to within loops."""
        if not summary.effects or not nest:
            return summary
        effects = summary.effects
        for loop in reversed(nest):
            times = loops.turns(self.program, loop, frame)
            if times is not None and times <= 20 and self._is_left_early(loop):
                times = 1.0
            effects = tuple(effect.repeated(times) for effect in effects)
        return Summary(effects, summary.unread)

    def _call(self, node: ast.Call, scope: Scope, frame: Frame) -> Summary:
        hop = Hop(written(node.func), scope.module, node.lineno, node.col_offset)
        meanings = self.program.infer(node.func, frame)
        arguments = Arguments(self.program, node, frame)
        if not meanings:
            return unread(hop.symbol) if self._lacks(node.func, frame) else self._unresolved(node, arguments, hop)
        if self._is_idle(node, scope) and all(_is_lazy(value) for value in meanings):
            return NOTHING
        done = [self.run(value, arguments, hop) for value in meanings]
        if alternatives.are_many(meanings) and not alternatives.is_each(node.func, scope):
            return alternatives.typical(done, hop)
        return heaviest_of(done)

    def _turns(self, nest: tuple[LoopNode, ...], frame: Frame) -> float:
        """How often the body of the innermost of nested loops runs; 0 where one of them cannot be told."""
        product = 1.0
        for loop in nest:
            times = loops.turns(self.program, loop, frame)
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
        owners = self.program.infer(func.value, frame)
        return bool(owners) and all(
            isinstance(owner, Instance)
            and all(isinstance(base, ClassValue) for base in members.ancestry(self.program, owner.cls))
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
        if name in _TRIVIAL_METHODS or name in _LISTENERS or (not name and isinstance(node.func, ast.Call)):
            return NOTHING
        judged = names.judge(name) if name else None
        if judged is not None:
            return library.guess(judged, hop)
        telling = vocabulary.library_name(node.func)
        if telling is not None:
            found = self._call_library(telling, arguments, hop)
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
            summary = iteration.of_loop(self.program.infer(loop.iter, frame), loop, hop)
            found.append(self._repeated(summary, site.outer, frame))
        return found

    def _loops(self, scope: Scope, frame: Frame) -> Summary:
        """What the loops of a body cost in Python of their own, where their length can be computed by reading."""
        found: list[Effect] = []
        idle = branches.skipped(self.program, frame)
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


def _heavy(hop: Hop) -> Summary:
    return Summary((Effect.once("cpu", None, DECLARED_MS, hop),))


def does_nothing(function: Function) -> bool:
    """Whether a function's body is `pass` or a docstring, and stands there to be run, not to be implemented."""
    if isinstance(function.node, ast.Lambda) or function.module.path.endswith(".pyi"):
        return False
    if any(not isinstance(each, ast.Pass) and not _is_text(each) for each in function.node.body):
        return False
    bases = function.owner.node.bases if function.owner is not None else []
    return not function.decorator_names & {"abstractmethod", "overload"} and not bases


def is_missing(function: Function) -> bool:
    """Whether a method says that it is not there yet: it raises NotImplementedError, and its class has no base."""
    if isinstance(function.node, ast.Lambda) or function.owner is None or function.owner.node.bases:
        return False
    return isinstance(function.node.body[-1], ast.Raise) and "abstractmethod" not in function.decorator_names


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(getattr(statement.value, "value", None), str)
