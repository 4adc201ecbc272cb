"""Follows the calls of a callable to what they do, function by function.

A function's summary is made once per frame and kept. Cycles are cut where they close; what was cut is not kept,
so that the outcome does not depend on where the walk began.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.effects import graphs, iteration, library, loops, names, offloading, once, overrides, queues
from bglint.effects.bodies import TRIVIAL_METHODS, Bodies
from bglint.effects.hops import definition_hop
from bglint.effects.model import NOTHING, Effect, Hop, Summary, Where, heaviest_of, total, unread
from bglint.effects.policy import DECLARED_MS, Policy, heavy
from bglint.program import calling, members
from bglint.program.calling import Arguments
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

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.program.modules import Function
    from bglint.program.program import Program

MAX_STEPS = 800
"""How many function bodies one target may lead to before the rest counts as unread."""

_GENERATOR_METHODS = frozenset({
    "__next__", "__anext__", "send", "asend", "throw", "athrow", "close", "aclose", "__aiter__", "__iter__",
})  # fmt: skip
"""Methods that go on with a body whose cost is counted where it was called."""


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
        self._bodies = Bodies(program, self.run)
        self._declared: dict[Function, str | None] = {}
        self._hops: dict[Function, Hop] = {}

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
        declared = self._declaration(shown)
        hop = self._hop(shown)
        if declared == "light":
            return NOTHING
        if declared == "heavy":
            return heavy(replace(hop, detail="declared heavy"))
        if self.is_cached(shown):
            return NOTHING
        if shown.is_stub and not does_nothing(shown):
            judged = names.judge(shown.name) if function.owner is not None and not is_missing(shown) else None
            return library.guess(judged, hop) if judged else unread(shown.name)
        if queues.queue_task(self.program, value) == "Huey":
            return Summary((Effect.once("enqueue", None, 0, hop),))
        return self._body(value, calling.enter(self.program, value, arguments))

    def _declaration(self, function: Function) -> str | None:
        """`heavy` or `light` where a function is declared so."""
        if function not in self._declared:
            self._declared[function] = self.policy.of_function(function)
        return self._declared[function]

    def _hop(self, function: Function) -> Hop:
        """The hop that shows a function's definition; the same each time."""
        if function not in self._hops:
            self._hops[function] = definition_hop(function)
        return self._hops[function]

    def _body(self, value: FunctionValue, frame: Frame) -> Summary:
        """The summary of a function's body, its own hop in front of every trace."""
        hop = self._hop(value.origin or value.function)
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
        return NOTHING if name in TRIVIAL_METHODS else unread(hop.symbol)

    def _call_library(self, name: str, arguments: Arguments, hop: Hop) -> Summary:
        name = catalog.canonical(name)
        declared = self.policy.declared(name)
        if declared == "light":
            return NOTHING
        named = Hop(name.removeprefix("builtins."), hop.module, hop.row, hop.column, hop.detail)
        if declared == "heavy":
            return heavy(replace(named, detail="declared heavy"))
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
        overriding = [self.run(each, arguments, named) for each in overrides.called(self.program, name, arguments)]
        effect = (
            heaviest_of(overriding)
            if overriding
            else library.call_effect(self.program, name, arguments.call, frame, named)
        )
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
            summary = self._bodies.walk(function.scope, frame)
        finally:
            self._stack.pop()
        if self._lowest_cut >= position and self._truncated == truncated:
            self._known[key] = summary
        else:
            self._partial[key] = (position, summary)
        self._lowest_cut = min(cut, self._lowest_cut)
        return summary


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
