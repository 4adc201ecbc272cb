"""The ways on from a call through the function around it: what can run afterwards, and how the function is left.

Statements are walked as they would run, with what is known of conditions. A loop is taken to run up to twice. Any
statement of a `try` may fail before the call is reached; after it only an explicit `raise` counts, or an exception
that a handler is there for, in a `try` that begins afterwards (`supposed`).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeGuard

from bglint.program import exceptions
from bglint.program.facts import NOTHING_KNOWN, Known, conditions, forget, truth
from bglint.program.values import FunctionValue
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bglint.program.program import Program
    from bglint.program.values import Frame

MAX_STATES = 64
"""How many ways are told apart by what is known of conditions; beyond, nothing is known any more."""
MAX_HELPERS = 3
"""How deep functions are looked into that may end every way by raising."""


@dataclass(frozen=True, slots=True)
class State:
    """One way to a statement: whether the call has run on it, and what it rests on."""

    seen: bool = False
    repeated: bool = False
    supposed: bool = False
    known: Known = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Exit:
    """A statement that leaves the function after the call.

    `repeated`: in a later turn of a loop; `supposed`: where something fails that a handler is there for.
    """

    statement: ast.stmt
    repeated: bool
    supposed: bool


@dataclass(slots=True)
class After:
    """What can happen in a function after a call."""

    statements: list[ast.stmt] = field(default_factory=list)
    raises: list[Exit] = field(default_factory=list)
    returns: list[ast.Return] = field(default_factory=list)
    falls_off: bool = False

    @property
    def always_raises(self) -> bool:
        """Whether no way on leads to an ordinary end."""
        return bool(self.raises) and not self.returns and not self.falls_off


@dataclass(slots=True)
class _Ends:
    """The ways out of a piece of code."""

    through: set[State] = field(default_factory=set)
    breaks: set[State] = field(default_factory=set)
    continues: set[State] = field(default_factory=set)
    raises: set[tuple[ast.stmt, State]] = field(default_factory=set)
    returns: set[tuple[ast.Return, State]] = field(default_factory=set)

    def add(self, other: _Ends) -> None:
        """Take over the ways out other than the one to the next statement."""
        self.breaks |= other.breaks
        self.continues |= other.continues
        self.raises |= other.raises
        self.returns |= other.returns


def after(program: Program, frame: Frame, marks: Iterable[ast.AST]) -> After:
    """What can happen in a frame's function once one of the marked expressions of its own code has run."""
    node = frame.scope.node
    if isinstance(node, ast.Lambda):
        return After(falls_off=True)
    question = (frame, frozenset(marks))
    if question not in program.ways:
        program.ways[question] = _after(program, frame, node.body, question[1])
    return program.ways[question]


def _after(program: Program, frame: Frame, body: list[ast.stmt], marks: frozenset[ast.AST]) -> After:
    walk = _Walk(program, frame, marks)
    ends = walk.block(body, {State()})
    result = After(statements=list(walk.visited), falls_off=any(state.seen for state in ends.through))
    result.returns = list(dict.fromkeys(each for each, state in ends.returns if state.seen))
    exits = {Exit(each, state.repeated, state.supposed) for each, state in ends.raises if state.seen}
    result.raises = sorted(exits, key=lambda e: (e.supposed, e.repeated, e.statement.lineno))
    return result


def never_returns(program: Program, function: FunctionValue, depth: int = MAX_HELPERS) -> bool:
    """Whether every way through a function of the project ends in a `raise`."""
    node = function.function.node
    if isinstance(node, ast.Lambda) or function.function.is_generator or not function.function.scope.raises:
        return False
    if function.function.is_stub:
        return False
    walk = _Walk(program, program.frame_of(function.function.scope), frozenset(), depth - 1)
    ends = walk.block(node.body, {State()})
    return bool(ends.raises) and not ends.through and not ends.returns


class _Walk:
    """The walk behind `after`: from a block and the ways to it, to the ways out of it."""

    def __init__(self, program: Program, frame: Frame, marks: frozenset[ast.AST], depth: int = MAX_HELPERS) -> None:
        self.program = program
        self.frame = frame
        self.marks = marks
        self.depth = depth
        self.conditions = conditions(frame.scope.node)
        self.rows = {getattr(mark, "lineno", 0) for mark in marks}
        self.visited: dict[ast.stmt, None] = {}

    def block(self, statements: Iterable[ast.stmt], states: set[State]) -> _Ends:
        """Run statements one after the other."""
        ends = _Ends()
        for statement in statements:
            if not states:
                break
            if len(states) > MAX_STATES:
                states = {replace(state, known=NOTHING_KNOWN) for state in states}
            if any(state.seen for state in states):
                self.visited.setdefault(statement)
            handler = _STATEMENTS.get(type(statement), _Walk.simple)
            one = handler(self, statement, states)
            ends.add(one)
            states = one.through
        ends.through = states
        return ends

    def marked(self, states: set[State], *nodes: ast.AST | None) -> set[State]:
        """The states once some expressions have been evaluated."""
        if any(each in self.marks for node in nodes if self._may_be_marked(node) for each in walk(node)):
            return {replace(state, seen=True, supposed=False) for state in states}
        return states

    def _may_be_marked(self, node: ast.AST | None) -> TypeGuard[ast.AST]:
        """Whether a marked expression may lie within a node, by the rows that it takes."""
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 1 << 60
        return node is not None and any(first <= row <= last for row in self.rows)

    def simple(self, statement: ast.stmt, states: set[State]) -> _Ends:
        states = self.marked(states, statement)
        match statement:
            case ast.Return():
                return _Ends(returns={(statement, state) for state in states})
            case ast.Raise():
                return _Ends(raises={(statement, state) for state in states})
            case ast.Break():
                return _Ends(breaks=states)
            case ast.Continue():
                return _Ends(continues=states)
            case ast.Expr(value=value) if self._leaves(value):
                return _Ends(raises={(statement, state) for state in states})
            case ast.Expr(value=ast.Call() as call):
                states = {replace(s, known=self.conditions.call(s.known, call)) for s in states}
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    states = self._assigned(states, target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                states = self._assigned(states, target, value)
            case ast.AugAssign(target=target, op=op, value=added):
                states = self._assigned(states, target, ast.BinOp(target, op, added))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                states = {replace(s, known=forget(s.known, frozenset({name}))) for s in states}
        return _Ends(through=states)

    def _assigned(self, states: set[State], target: ast.expr, value: ast.expr | None) -> set[State]:
        return {replace(s, known=self.conditions.assign(s.known, target, value)) for s in states}

    def _leaves(self, value: ast.expr) -> bool:
        """Whether an expression is a call of a function that only ever raises."""
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call) or self.depth <= 0:
            return False
        callees = self.program.infer(call.func, self.frame)
        awaited = isinstance(value, ast.Await)
        return bool(callees) and all(
            isinstance(callee, FunctionValue)
            and callee.function.is_async is awaited
            and never_returns(self.program, callee, self.depth)
            for callee in callees
        )

    def if_(self, node: ast.If, states: set[State]) -> _Ends:
        states = self.marked(states, node.test)
        ends = _Ends()
        for outcome, body in ((True, node.body), (False, node.orelse)):
            entering = {
                replace(s, known=self.conditions.learn(s.known, node.test, outcome))
                for s in states
                if truth(s.known, node.test) is not (not outcome)
            }
            one = self.block(body, entering)
            ends.add(one)
            ends.through |= one.through
        return ends

    def for_(self, node: ast.For | ast.AsyncFor, states: set[State]) -> _Ends:
        states = self.marked(states, node.iter)

        def enter(entering: set[State]) -> tuple[set[State], set[State]]:
            return self._assigned(entering, node.target, None), entering

        return self._loop(node, states, enter)

    def while_(self, node: ast.While, states: set[State]) -> _Ends:
        def enter(entering: set[State]) -> tuple[set[State], set[State]]:
            entering = self.marked(entering, node.test)
            inside = {s for s in entering if truth(s.known, node.test) is not False}
            return inside, {s for s in entering if truth(s.known, node.test) is not True}

        return self._loop(node, states, enter)

    def _loop(
        self,
        node: ast.For | ast.AsyncFor | ast.While,
        states: set[State],
        enter: Callable[[set[State]], tuple[set[State], set[State]]],
    ) -> _Ends:
        """Up to two turns; `enter` splits the ways to a loop's head into those that go in and those that go past."""
        ends = _Ends()
        broken: set[State] = set()
        passed: set[State] = set()
        for _ in range(2):
            inside, past = enter(states)
            passed |= past
            one = self.block(node.body, inside)
            ends.raises |= one.raises
            ends.returns |= one.returns
            broken |= one.breaks
            states = {replace(s, repeated=s.repeated or s.seen) for s in one.through | one.continues}
        passed |= enter(states)[1]
        rest = self.block(node.orelse, _outside(passed))
        ends.add(rest)
        ends.through = rest.through | _outside(broken)
        return ends

    def with_(self, node: ast.With | ast.AsyncWith, states: set[State]) -> _Ends:
        states = self.marked(states, *(item.context_expr for item in node.items))
        for item in node.items:
            if item.optional_vars is not None:
                states = self._assigned(states, item.optional_vars, None)
        ends = self.block(node.body, states)
        if exceptions.swallows(node):
            ends.through |= {state for _, state in ends.raises} | states
            ends.raises = set()
        return ends

    def match_(self, node: ast.Match, states: set[State]) -> _Ends:
        states = self.marked(states, node.subject)
        ends = _Ends()
        for case in node.cases:
            one = self.block(case.body, {replace(s, known=forget(s.known, _bound(case.pattern))) for s in states})
            ends.add(one)
            ends.through |= one.through
            if case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None:
                return ends
        ends.through |= states
        return ends

    def try_(self, node: ast.Try | ast.TryStar, states: set[State]) -> _Ends:
        body = self.block(node.body, states)
        entering, escaped = self._caught(node, body.raises)
        body.raises = escaped
        assigned = frozenset(n.id for s in node.body for n in walk(s) if isinstance(n, ast.Name) and _is_store(n))
        failed = {replace(s, supposed=s.seen, known=forget(s.known, assigned)) for s in states}
        after_body = self.block(node.orelse, body.through)
        body.add(after_body)
        body.through = after_body.through
        for handler in node.handlers:
            one = self.block(handler.body, entering.get(handler, set()) | failed)
            body.add(one)
            body.through |= one.through
        return self._finally(node.finalbody, body) if node.finalbody else body

    def _caught(
        self, node: ast.Try | ast.TryStar, raises: set[tuple[ast.stmt, State]]
    ) -> tuple[dict[ast.ExceptHandler, set[State]], set[tuple[ast.stmt, State]]]:
        """What explicit raises of a body lead to: handlers, or further out. What may be caught is taken to be."""
        entering: dict[ast.ExceptHandler, set[State]] = {}
        escaped: set[tuple[ast.stmt, State]] = set()
        for raising, state in raises:
            names = (
                exceptions.raised_names(self.program, self.frame, raising) if isinstance(raising, ast.Raise) else None
            )
            for handler in node.handlers:
                caught = exceptions.catches(self.program, self.frame, handler, names)
                if caught is not False:
                    entering.setdefault(handler, set()).add(state)
                    break
            else:
                escaped.add((raising, state))
        return entering, escaped

    def _finally(self, statements: list[ast.stmt], ends: _Ends) -> _Ends:
        """Run a `finally` on every way out; it may replace the way by one of its own."""
        result = _Ends()

        def run(states: set[State]) -> set[State]:
            one = self.block(statements, states)
            result.add(one)
            return one.through

        result.through = run(ends.through)
        result.breaks |= run(ends.breaks)
        result.continues |= run(ends.continues)
        for statement, state in ends.returns:
            result.returns |= {(statement, each) for each in run({state})}
        for raising, state in ends.raises:
            result.raises |= {(raising, each) for each in run({state})}
        return result


def _outside(states: set[State]) -> set[State]:
    return {replace(state, repeated=False) for state in states}


def _bound(pattern: ast.pattern) -> frozenset[str]:
    names = (getattr(node, "name", None) or getattr(node, "rest", None) for node in walk(pattern))
    return frozenset(name for name in names if isinstance(name, str))


def _is_store(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Store)


_STATEMENTS: dict[type, Callable[..., _Ends]] = {
    ast.If: _Walk.if_,
    ast.For: _Walk.for_,
    ast.AsyncFor: _Walk.for_,
    ast.While: _Walk.while_,
    ast.With: _Walk.with_,
    ast.AsyncWith: _Walk.with_,
    ast.Match: _Walk.match_,
    ast.Try: _Walk.try_,
    ast.TryStar: _Walk.try_,
}
