"""Exceptions: which handler catches what is raised, and whether something raised leaves the function around."""

from __future__ import annotations

import ast
import builtins
from functools import lru_cache
from typing import TYPE_CHECKING

from bglint.program import members
from bglint.program.values import ClassValue, External, ExternalObject, Instance
from bglint.program.walking import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Frame

HTTP_EXCEPTIONS = frozenset({
    "fastapi.HTTPException", "fastapi.exceptions.HTTPException", "starlette.exceptions.HTTPException",
    "litestar.exceptions.HTTPException", "litestar.exceptions.http_exceptions.HTTPException",
})  # fmt: skip
"""Exceptions that a framework turns into a response."""
_HTTP = "HTTPException"
_UNKNOWN = "<unknown>"
_EVERYTHING = frozenset({"builtins.Exception", "builtins.BaseException"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@lru_cache(maxsize=256)
def parents(root: ast.AST) -> dict[ast.AST, ast.AST]:
    """The node around each node of a function's own code; nested scopes are leaves."""
    found: dict[ast.AST, ast.AST] = {}
    stack = [root]
    while stack:
        node = stack.pop()
        if node is not root and isinstance(node, _SCOPES):
            continue
        for child in children(node):
            found[child] = node
            stack.append(child)
    return found


def ancestors(root: ast.AST, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The nodes around a node, inwards first, each with its child on the way; none where the node lies elsewhere."""
    around = parents(root)
    while node in around:
        yield around[node], node
        node = around[node]


def statement_of(root: ast.AST, node: ast.AST) -> ast.stmt | None:
    """The innermost statement that holds a node."""
    if isinstance(node, ast.stmt):
        return node
    return next((each for each, _ in ancestors(root, node) if isinstance(each, ast.stmt)), None)


def handler_around(root: ast.AST, node: ast.AST) -> ast.ExceptHandler | None:
    """The innermost `except` clause that holds a node."""
    return next((each for each, _ in ancestors(root, node) if isinstance(each, ast.ExceptHandler)), None)


def escapes(program: Program, frame: Frame, node: ast.AST, raised: frozenset[str] | None = None) -> bool:
    """Whether an exception that comes out of a node surely leaves the function.

    The node is a `raise`, or with `raised`, the names of the exception's classes, anything. What an `except` clause
    catches leaves all the same where the clause raises it again.
    """
    root = frame.scope.node
    names = raised_names(program, frame, node) if raised is None and isinstance(node, ast.Raise) else raised
    for around, child in ancestors(root, node):
        if isinstance(around, ast.With | ast.AsyncWith) and child in around.body and swallows(around):
            return False
        if not isinstance(around, ast.Try | ast.TryStar) or child not in around.body:
            continue
        for handler in around.handlers:
            caught = catches(program, frame, handler, names)
            if caught is not False:
                if caught and _raises_again(handler):
                    break
                return False
    return True


def catches(program: Program, frame: Frame, handler: ast.ExceptHandler, raised: frozenset[str] | None) -> bool | None:
    """Whether a handler catches an exception of these classes, bases included; None where that is not known."""
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names: set[str] = set()
    for each in types:
        values = program.infer(each, frame)
        found = {name for value in values if (name := program.qualified_name(value)) is not None}
        names |= {_canonical(name) for name in found} or {_UNKNOWN}
    if names & _EVERYTHING:
        return True
    if raised is None:
        return None
    if names & raised:
        return True
    return None if _UNKNOWN in names or _UNKNOWN in raised else False


def raised_names(program: Program, frame: Frame, node: ast.Raise) -> frozenset[str] | None:
    """The names of the classes of what a `raise` raises, bases included; None where that is not known."""
    handler = handler_around(frame.scope.node, node)
    exc = node.exc
    if exc is None or (isinstance(exc, ast.Name) and handler is not None and exc.id == handler.name):
        return _handled_names(program, frame, handler)
    names: set[str] = set()
    for value in program.infer(exc, frame):
        names |= class_names(program, value)
    return frozenset(names) or None


def class_names(program: Program, value: object) -> set[str]:
    """The names of an exception's class and of its bases; `<unknown>` is among them where one cannot be read."""
    match value:
        case Instance(cls=cls):
            return class_names(program, cls)
        case ClassValue():
            found: set[str] = set()
            for base in members.ancestry(program, value):
                found |= {base.cls.symbol} if isinstance(base, ClassValue) else _library_names(base.name)
            return found
        case External(name) | ExternalObject(name):
            return _library_names(name.removesuffix("()"))
        case _:
            return {_UNKNOWN}


def _library_names(name: str) -> set[str]:
    name = _canonical(name)
    if name.startswith("builtins."):
        cls = getattr(builtins, name.removeprefix("builtins."), None)
        if isinstance(cls, type):
            return {f"builtins.{base.__name__}" for base in cls.__mro__}
    if name == _HTTP:
        return {name, _HTTP, *_EVERYTHING}
    return {name, _UNKNOWN, *_EVERYTHING}


def _canonical(name: str) -> str:
    """FastAPI's exception derives from Starlette's: one name for both."""
    return _HTTP if name in HTTP_EXCEPTIONS else name


def is_http_exception(names: frozenset[str] | None) -> bool:
    """Whether an exception of these classes is one that a framework turns into a response."""
    return names is not None and _HTTP in names


def _handled_names(program: Program, frame: Frame, handler: ast.ExceptHandler | None) -> frozenset[str] | None:
    """What a handler has caught, where it names it: a class that says nothing may be anything."""
    if handler is None or handler.type is None:
        return None
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names: set[str] = set()
    for each in types:
        for value in program.infer(each, frame):
            names |= class_names(program, value)
    if not names or all(program.qualified_name(v) in _EVERYTHING for each in types for v in program.infer(each, frame)):
        return None
    return frozenset(names)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether a handler ends by raising what it caught."""
    for node in walk(handler):
        if isinstance(node, ast.Raise):
            if node.exc is None:
                return True
            if isinstance(node.exc, ast.Name) and node.exc.id == handler.name:
                return True
    return False


def swallows(node: ast.With | ast.AsyncWith) -> bool:
    """Whether a `with` is made to swallow exceptions: `suppress(…)`, `pytest.raises(…)`."""
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if name in {"suppress", "raises", "assertRaises", "assertRaisesRegex"}:
                return True
    return False
