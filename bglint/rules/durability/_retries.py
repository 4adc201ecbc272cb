"""What retrying looks like: a decorator, or a loop around `try` that waits and comes again."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from bglint.program.modules import last_name
from bglint.program.values import External, ExternalObject
from bglint.rules.durability._waiting import waiting

if TYPE_CHECKING:
    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.scopes import CallSite
    from bglint.program.values import Frame

_DECORATORS = re.compile(r"(?i)(^|_)(a?retry|retries|retrying|backoff)(_|$)|^on_exception$|^on_predicate$")
_RETRIERS = ("tenacity.", "stamina.", "retrying.")
_COUNTED = re.compile(r"(?i)attempt|retr(y|ies)|tries")
_POLLS = re.compile(r"(?i)(^|_)(poll\w*|wait(_\w+|s|ing)?|await_\w+)($|_)")
"""Names of functions that ask again until something is there: to them a failure is one more "not yet"."""
_BRIEF = 10.0
"""Seconds: attempts that are over by then bridge a broken connection, no outage and no deploy."""
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def retrying_decorator(function: Function) -> str | None:
    """The decorator that has a function retried, by its name."""
    for decorator in function.decorators:
        name = last_name(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if _DECORATORS.search(name):
            return name
    return None


def retrying_loop(program: Program, function: Function, frame: Frame, *, brief: bool) -> ast.stmt | None:
    """A loop of a function that comes again when what it tries has failed; `brief`: also one that is soon over."""
    if _POLLS.search(function.name):
        return None
    for site in function.scope.loops:
        loop = site.loop
        if isinstance(loop, ast.For | ast.AsyncFor) and _iterates_attempts(program, loop.iter, frame):
            return loop
        if isinstance(loop, ast.For | ast.AsyncFor | ast.While) and _retries(loop):
            sleeps = [
                each.node
                for each in function.scope.calls
                if loop in each.loops and _is_sleep(program, each, frame) and not _paces(loop, each.node)
            ]
            if sleeps and (brief or not _is_brief(program, loop, sleeps, frame)):
                return loop
    return None


def _is_brief(program: Program, loop: ast.stmt, sleeps: list[ast.Call], frame: Frame) -> bool:
    seconds = waiting(program, loop, sleeps, frame)
    return seconds is not None and seconds < _BRIEF


def _paces(loop: ast.For | ast.AsyncFor | ast.While, sleep: ast.Call) -> bool:
    """Whether a loop sleeps first thing in every turn: it asks again until something is there, it does not retry."""
    for statement in loop.body:
        if isinstance(statement, ast.Try):
            return False
        if isinstance(statement, ast.Expr) and any(node is sleep for node in ast.walk(statement)):
            return True
    return False


def _iterates_attempts(program: Program, node: ast.expr, frame: Frame) -> bool:
    """`for attempt in Retrying(…)`: tenacity's and stamina's loops."""
    return any(
        isinstance(value, External | ExternalObject)
        and (value.name if isinstance(value, External) else value.type_name).startswith(_RETRIERS)
        for value in program.infer(node, frame)
    )


def _is_sleep(program: Program, site: CallSite, frame: Frame) -> bool:
    names = {value.name for value in program.infer(site.node.func, frame) if isinstance(value, External)}
    return bool(names & {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep"})


def _retries(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    """Whether a loop is left when its `try` has worked, and goes on when a handler has caught something."""
    counted = _COUNTED.search(ast.unparse(loop.test if isinstance(loop, ast.While) else loop.target)) or (
        not isinstance(loop, ast.While) and _COUNTED.search(ast.unparse(loop.iter))
    )
    for node in _own(loop):
        if not isinstance(node, ast.Try) or all(_leaves(handler.body) for handler in node.handlers):
            continue
        if _leaves(node.body) or _leaves(node.orelse) or (counted and _may_leave(node)) or _left_behind(loop, node):
            return True
    return False


def _own(loop: ast.AST) -> list[ast.AST]:
    """The nodes of a loop's own turns: nested loops and functions are left out."""
    found: list[ast.AST] = []
    stack = list(ast.iter_child_nodes(loop))
    while stack:
        node = stack.pop()
        if isinstance(node, (*_SCOPES, ast.For, ast.AsyncFor, ast.While)):
            continue
        found.append(node)
        stack += ast.iter_child_nodes(node)
    return found


def _leaves(statements: list[ast.stmt]) -> bool:
    """Whether a block leaves the loop whenever it is run to its end."""
    return any(isinstance(each, ast.Return | ast.Break | ast.Raise) for each in statements)


def _may_leave(node: ast.Try) -> bool:
    """Whether a `try` may leave the loop from its body."""
    return any(
        isinstance(each, ast.Return | ast.Break) for part in [*node.body, *node.orelse] for each in [part, *_own(part)]
    )


def _left_behind(loop: ast.For | ast.AsyncFor | ast.While, node: ast.Try) -> bool:
    """Whether the statements behind the `try` leave the loop."""
    return node in loop.body and _leaves(loop.body[loop.body.index(node) + 1 :])
