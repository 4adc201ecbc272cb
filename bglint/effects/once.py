"""Once is not now: the calls of a function whose result is kept for the process, and those whose result nobody uses."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.modules import last_name
from bglint.program.scopes import own_nodes
from bglint.program.walking import walk

if TYPE_CHECKING:
    from bglint.program.scopes import Scope


def kept_calls(scope: Scope) -> frozenset[int]:
    """The calls (by identity) that fill something only where it is still empty: `if model is None: model = load()`."""
    tested: set[str] = set()
    guards: list[tuple[ast.If, set[str]]] = []
    assignments: list[tuple[list[ast.expr], ast.expr]] = []
    for node in own_nodes(scope):
        match node:
            case ast.If():
                targets = {ast.dump(each) for each in _emptiness(node.test) if _outlives(each, scope)}
                if targets:
                    tested |= targets
                    guards.append((node, targets))
            case ast.Assign():
                assignments.append((node.targets, node.value))
            case ast.AnnAssign(value=ast.expr() as value):
                assignments.append(([node.target], value))
    if not tested:
        return frozenset()
    kept: set[int] = set()
    for targets_, value in assignments:
        if any(_stored(each) in tested for each in targets_):
            kept.update(id(node) for node in walk(value) if isinstance(node, ast.Call))
    for guard, targets in guards:
        stores = {_stored(each) for statement in guard.body for each in _targets(statement)}
        if stores & targets:
            kept.update(id(n) for statement in guard.body for n in walk(statement) if isinstance(n, ast.Call))
    return frozenset(kept)


def _targets(statement: ast.stmt) -> list[ast.expr]:
    return [target for node in walk(statement) if isinstance(node, ast.Assign) for target in node.targets]


def _stored(target: ast.expr) -> str:
    """What a later test for emptiness would name: the variable itself, or the mapping that an entry goes into."""
    if isinstance(target, ast.Subscript):
        target = target.value
    return ast.dump(target).replace("ctx=Store()", "ctx=Load()")


def _emptiness(test: ast.expr) -> list[ast.expr]:
    """What a condition tests for being there or not."""
    match test:
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return [left]
        case ast.Compare(ops=[ast.NotIn() | ast.In()], comparators=[mapping]):
            return [mapping]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _emptiness(operand) or [operand]
        case ast.BoolOp(values=values):
            return [each for value in values for each in _emptiness(value)]
        case ast.Name() | ast.Attribute():
            return [test]
        case ast.Call(func=ast.Name(id="hasattr"), args=[owner, ast.Constant(value=str(name))]):
            return [ast.Attribute(owner, name, ast.Load())]
        case _:
            return []


def _outlives(node: ast.expr, scope: Scope) -> bool:
    """Whether a variable lives longer than one call: an attribute, a global, a module's mapping."""
    match node:
        case ast.Attribute():
            return True
        case ast.Name(id=name):
            return name in scope.outer_names or name not in scope.bindings
        case _:
            return False


_STARTING = frozenset({
    "create_task", "ensure_future", "run_coroutine_threadsafe", "call_soon", "call_soon_threadsafe", "Thread", "submit",
    "start_soon", "spawn",
})  # fmt: skip
"""Calls that start something which goes on by itself."""


def is_started(node: ast.Call, scope: Scope) -> bool:
    """Whether what a call runs goes on by itself: the body around it does not wait for its end."""
    if last_name(node.func) in _STARTING:
        return True
    return any(
        isinstance(around, ast.Call)
        and last_name(around.func) in _STARTING
        and any(each is node for each in [*around.args, *(keyword.value for keyword in around.keywords)])
        for around in own_nodes(scope)
    )


_LOOKS_ONLY = frozenset({"next", "anext", "type", "isinstance", "id", "repr", "iter", "aiter", "print", "callable"})


def idle_nodes(scope: Scope) -> frozenset[int]:
    """The calls and generator expressions (by identity) whose result is never iterated.

    That is a bare statement, what is returned, what is only looked at, and a name of which the same holds.
    """
    idle: set[int] = set()
    looked_at: set[int] = set()
    named: list[tuple[str, ast.expr]] = []
    for node in own_nodes(scope):
        match node:
            case ast.Expr(value=ast.expr() as value) | ast.Return(value=ast.expr() as value):
                passed = [value]
            case ast.Call(func=ast.Name(id=name), args=passed) if name in _LOOKS_ONLY:
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=(ast.Call() | ast.GeneratorExp()) as value):
                named.append((name, value))
                continue
            case _:
                continue
        idle.update(id(each) for each in passed if isinstance(each, ast.Call | ast.GeneratorExp))
        looked_at.update(id(each) for each in passed if isinstance(each, ast.Name))
    if named:
        names = {name for name, _ in named}
        used = {
            node.id
            for node in walk(scope.node)
            if isinstance(node, ast.Name)
            and node.id in names
            and isinstance(node.ctx, ast.Load)
            and id(node) not in looked_at
        }
        idle.update(id(value) for name, value in named if name not in used)
    return frozenset(idle)


_TASK_MAKERS = frozenset({"create_task", "ensure_future", "run_coroutine_threadsafe"})


def left_alone(scope: Scope) -> frozenset[int]:
    """The calls (by identity) that start an asyncio task for whose end nothing in the scope waits, and its coroutine's.

    What they give is dropped, or is kept under a name which, like the collections that it is put into, no `await`
    or `return` of the scope mentions.
    """
    started: list[tuple[ast.Call, str]] = []
    holders: dict[str, set[str]] = {}
    waited: set[str] = set()
    for node in own_nodes(scope):
        match node:
            case ast.Expr(value=ast.Call() as call) if _makes_task(call):
                started.append((call, ""))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if _makes_task(call):
                started.append((call, name))
            case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Call() as call) if _makes_task(call):
                started.append((call, name))
            case ast.Call(ast.Attribute(ast.Name(id=holder), "add" | "append"), [ast.Name(id=name)]):
                holders.setdefault(name, set()).add(holder)
            case ast.Await() | ast.Return() | ast.Yield() | ast.AsyncFor():
                waited.update(last_name(each) for each in walk(node) if isinstance(each, ast.Name | ast.Attribute))
    alone = [call for call, name in started if not name or not ({name} | holders.get(name, set())) & waited]
    return frozenset(id(each) for call in alone for each in (call, *call.args))


def _makes_task(call: ast.Call) -> bool:
    """Whether a call starts an asyncio task that no group waits for."""
    owner = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    return last_name(call.func) in _TASK_MAKERS and owner not in {"tg", "group", "task_group", "nursery"}


def joins(scope: Scope) -> bool:
    """Whether a scope waits for threads that it started: `thread.join()`."""
    return any(
        isinstance(site.node.func, ast.Attribute)
        and site.node.func.attr == "join"
        and not isinstance(site.node.func.value, ast.Constant)
        and all(isinstance(each, ast.Constant) for each in site.node.args)
        for site in scope.calls
    )
