"""Loops that ask and wait until an answer comes, with no limit of their own."""

from __future__ import annotations

import ast
import builtins
import re
from typing import TYPE_CHECKING

from bglint.effects.loops import is_endless
from bglint.program import exceptions
from bglint.program.facts import names_in
from bglint.program.modules import last_name
from bglint.program.values import External

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.reach import Body
    from bglint.program.scopes import CallSite
    from bglint.program.values import Frame

_SLEEPS = frozenset({"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep"})
_CLOCKS = frozenset({"time", "monotonic", "perf_counter", "process_time", "now", "utcnow"})
_LIMITING = frozenset({"timeout", "timeout_at", "fail_after", "fail_at", "move_on_after", "move_on_at"})
_LIMITED = re.compile(r"(?i)timeout|deadline|elapsed|attempt|retr|tries|max|remaining|expir|until|limit|count")
_CONSUMING = frozenset({
    "read", "readline", "read1", "recv", "next", "anext", "pop", "popleft", "popitem", "get_nowait", "fetchone",
    "fetchmany", "send",
})  # fmt: skip
"""Calls that use something up: such a loop ends with what it reads."""
_BUILTINS = frozenset(dir(builtins))
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def unlimited_poll(program: Program, body: Body) -> ast.While | None:
    """The loop of a body that waits for an answer for as long as it takes; None where something limits it."""
    if any(_is_limited_around(frame.scope.node, site.node) for site, frame in body.way):
        return None
    function = body.function.function
    for site in function.scope.loops:
        loop = site.loop
        if not isinstance(loop, ast.While) or is_endless(loop):
            continue
        if not any(loop in each.loops and _is_pause(program, each, body.frame) for each in function.scope.calls):
            continue
        if not _is_limited(loop) and not _is_limited_around(function.node, loop) and _waits_for_answer(function, loop):
            return loop
    return None


def _is_pause(program: Program, site: CallSite, frame: Frame) -> bool:
    """Whether a call sleeps; `sleep(0)` only lets others run."""
    names = {value.name for value in program.infer(site.node.func, frame) if isinstance(value, External)}
    given = site.node.args[0] if site.node.args else None
    return bool(names & _SLEEPS) and not (isinstance(given, ast.Constant) and not given.value)


def _is_limited(loop: ast.While) -> bool:
    """Whether a loop counts its turns, or looks at the clock or at what is named for a limit."""
    counted = {n.target.id for n in ast.walk(loop) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and last_name(node.func) in _CLOCKS:
            return True
        if isinstance(node, ast.Compare) and (counted & names_in(node) or _LIMITED.search(ast.unparse(node))):
            return True
    return bool(_LIMITED.search(ast.unparse(loop.test)))


def _is_limited_around(root: ast.AST, node: ast.AST) -> bool:
    """Whether a node stands within `async with asyncio.timeout(…)` or its like."""
    return any(
        isinstance(around, ast.With | ast.AsyncWith)
        and any(
            isinstance(item.context_expr, ast.Call) and last_name(item.context_expr.func) in _LIMITING
            for item in around.items
        )
        for around, _ in exceptions.ancestors(root, node)
    )


def _waits_for_answer(function: Function, loop: ast.While) -> bool:
    """Whether a loop is left only by what the same question, asked in each turn, is answered."""
    own = list(_own(loop))
    changed = {n.id for n in own if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    answers = _answers(own, changed)
    tests = [loop.test] if not isinstance(loop.test, ast.Constant) else []
    tests += [
        around.test
        for node in own
        if isinstance(node, ast.Break | ast.Return | ast.Raise)
        for around, _ in exceptions.ancestors(function.node, node)
        if isinstance(around, ast.If) and around in own
    ]
    return any(names_in(test) & answers or any(_asks(node, changed) for node in ast.walk(test)) for test in tests)


def _answers(own: list[ast.AST], changed: set[str]) -> set[str]:
    """The names that hold what a question was answered, or something made of it."""
    assigned = [
        ({n.id for target in _targets(node) for n in ast.walk(target) if isinstance(n, ast.Name)}, value)
        for node in own
        if (value := getattr(node, "value", None)) is not None
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)
    ]
    found: set[str] = set()
    while True:
        more = {
            name
            for names, value in assigned
            if names_in(value) & found or any(_asks(node, changed) for node in ast.walk(value))
            for name in names
        }
        if more <= found:
            return found
        found |= more


def _targets(node: ast.AST) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]  # type: ignore[attr-defined]


def _asks(node: ast.AST, changed: set[str]) -> bool:
    """Whether a call asks the same in each turn: nothing that it is given is changed in the loop."""
    if not isinstance(node, ast.Call) or last_name(node.func) in _CONSUMING:
        return False
    if isinstance(node.func, ast.Name) and node.func.id in _BUILTINS:
        return False
    return not names_in(node) & changed


def _own(loop: ast.While) -> Iterator[ast.AST]:
    """The nodes of a loop, those of functions within it left out."""
    stack: list[ast.AST] = [*loop.body]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack += ast.iter_child_nodes(node)
