"""What `Depends(…)` puts into a parameter, and whether it is closed when the request is over."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from bglint.diagnostics import Confidence
from bglint.program import exceptions, members
from bglint.program.values import ClassValue, FunctionValue, Instance
from bglint.rules.misuse._resources import Resource, kind_of

if TYPE_CHECKING:
    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.values import Frame, Meanings, Value
    from bglint.rules.misuse._resources import Closed

_CLOSING = frozenset(
    {"close", "aclose", "release", "disconnect", "putconn", "remove", "dispose", "__aexit__", "__exit__"}
)


class Follower(Protocol):
    """Who follows expressions back to what they are."""

    @property
    def program(self) -> Program:
        """The program that the expressions belong to."""

    def of(self, node: ast.expr, frame: Frame) -> Resource | None:
        """The resource that an expression is or carries."""

    def first(self, nodes: list[ast.expr], frame: Frame) -> Resource | None:
        """The first resource among some expressions."""

    def carried(self, value: Instance) -> Resource | None:
        """The resource that an object keeps."""


def injected(follower: Follower, name: str, provider: tuple[ast.Call, Frame], declared: Meanings) -> Resource | None:
    """What a `Depends(…)` call gives: what a generator yields and closes, or what a plain function's result carries."""
    call, frame = provider
    program = follower.program
    known = False
    for value in _callables(program, call, frame, declared):
        if not isinstance(value, FunctionValue | ClassValue):
            continue
        known = True
        found = _provided(follower, value, name, declared)
        if found is not None and found.kind == "state":
            if kind_of(program, declared) != "session":
                continue
            found = Resource("session", name, "middleware")
        if found is not None:
            return replace(found, closed=_closed(call)) if found.closed in {"dependency", "with"} else found
    if not known and kind_of(program, declared) == "session":
        return Resource("session", name, "dependency", Confidence.MEDIUM)
    return None


def _callables(program: Program, call: ast.Call, frame: Frame, declared: Meanings) -> list[Value]:
    """What a framework calls for a dependency; without one that is named, the annotated class."""
    node = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "dependency"), None)
    if node is None:
        return [value.cls for value in declared if isinstance(value, Instance)]
    found: list[Value] = []
    for value in program.infer(node, frame):
        called = members.member(program, value, "__call__") if isinstance(value, Instance) else (value,)
        found += called
    return found


def _closed(call: ast.Call) -> Closed:
    """When FastAPI closes a dependency, by its `scope=`."""
    scope = next((k.value for k in call.keywords if k.arg == "scope"), None)
    return "function-scope" if isinstance(scope, ast.Constant) and scope.value == "function" else "dependency"


def _provided(follower: Follower, value: FunctionValue | ClassValue, name: str, declared: Meanings) -> Resource | None:
    if isinstance(value, ClassValue):
        return follower.carried(Instance(value))
    program = follower.program
    inner = program.frame_of(value.function.scope)
    if not value.function.is_generator:
        results = [each.value for each in value.function.scope.returns if each.value is not None]
        return follower.first(results, inner)
    for each in value.function.scope.yields:
        if each.value is None:
            continue
        if (found := follower.of(each.value, inner)) is not None:
            return found if found.carried else replace(found, name=name)
        kind = kind_of(program, (*declared, *program.infer(each.value, inner)))
        if kind == "session" or _closes(value.function, each):
            return Resource("session", name)
    return None


def _closes(function: Function, yielded: ast.Yield | ast.YieldFrom) -> bool:
    """Whether a generator closes what it yields: by the `with` around it, or by a call after it."""
    value = yielded.value
    if not isinstance(value, ast.Name):
        return False
    for around, _ in exceptions.ancestors(function.node, yielded):
        if isinstance(around, ast.With | ast.AsyncWith):
            for item in around.items:
                if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == value.id:
                    return True
    return any(_is_closing(site.node, value.id) and site.node.lineno > yielded.lineno for site in function.scope.calls)


def _is_closing(call: ast.Call, name: str) -> bool:
    match call.func:
        case ast.Attribute(value=owner, attr=attr) if attr in _CLOSING:
            mentioned = [owner, *call.args]
            return any(isinstance(each, ast.Name) and each.id == name for each in mentioned)
        case _:
            return False
