"""What is put into a collection after it was made: `cache[key] = model`, `parts.append(part)`, `seen.add(name)`.

A collection is told by the display (or the call of `list`, `dict` …) that makes it, and by the variable or attribute
that it is assigned to. Other names for the same collection are not followed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.program.modules import last_name
from bglint.program.walking import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.values import Frame

MAX_STORES = 12
"""How many of the places that put something into one collection are looked at."""

MAKERS = frozenset({"list", "dict", "set", "deque", "defaultdict", "OrderedDict"})
"""Callables whose result, made without arguments, is an empty collection."""

_DISPLAYS = (ast.List, ast.Dict, ast.Set)
_VALUE_ARGUMENT = {"append": 0, "add": 0, "appendleft": 0, "insert": 1, "setdefault": 1}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Owner = tuple[int, str]
"""The scope or class (by the identity of its node) that holds a variable or attribute, and its name."""


@dataclass(frozen=True, slots=True)
class Store:
    """One place that puts a value into a collection; `key` where it is a subscript or `setdefault`."""

    value: ast.expr
    key: ast.expr | None = None
    many: bool = False


def stores(program: Program, display: ast.expr, frame: Frame) -> Iterator[tuple[Store, Frame]]:
    """What is put into the collection that a display makes, each with the frame its expression stands in."""
    module = frame.scope.module
    if module.stores is None:
        module.stores = _collect(module)
    for store in module.stores.get(id(display), ())[:MAX_STORES]:
        where = program.frame_at(module, (store.value.lineno, store.value.col_offset))
        yield store, frame if where.scope is frame.scope else where


def _collect(module: Module) -> dict[int, list[Store]]:
    """For each display of a module that is assigned to a variable or attribute, what is put into it."""
    walk = _Walk()
    walk.enter(module.tree)
    return {
        display: walk.stored[owner] for owner, made in walk.made.items() if owner in walk.stored for display in made
    }


class _Walk:
    """One walk over a module that knows which function and class it is in."""

    def __init__(self) -> None:
        self.made: dict[Owner, list[int]] = {}
        self.stored: dict[Owner, list[Store]] = {}
        self._scopes: list[tuple[ast.AST, frozenset[str]]] = []
        self._classes: list[ast.ClassDef] = []
        self._receivers: list[str] = []

    def enter(self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        method = isinstance(node, _FUNCTIONS) and bool(self._scopes) and isinstance(self._scopes[-1][0], ast.ClassDef)
        self._scopes.append((node, _assigned_names(node)))
        if isinstance(node, ast.ClassDef):
            self._classes.append(node)
        if method and isinstance(node, _FUNCTIONS):
            parameters = [*node.args.posonlyargs, *node.args.args]
            self._receivers.append(parameters[0].arg if parameters else "")
        for statement in node.body:
            self._visit(statement)
        if method:
            self._receivers.pop()
        if isinstance(node, ast.ClassDef):
            self._classes.pop()
        self._scopes.pop()

    def _visit(self, start: ast.AST) -> None:
        waiting = [start]
        while waiting:
            node = waiting.pop()
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self.enter(node)
                    continue
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._assigned(target, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._assigned(target, value)
                case ast.Call(func=ast.Attribute(value=collection, attr=method), args=args):
                    self._called(collection, method, args)
            waiting += reversed(children(node))

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Subscript):
            if not isinstance(target.slice, ast.Slice):
                self._put(target.value, Store(value, target.slice))
        elif is_made_empty(value) or isinstance(value, _DISPLAYS):
            owner = self._owner(target)
            if owner is not None:
                self.made.setdefault(owner, []).append(id(value))

    def _called(self, collection: ast.expr, method: str, args: list[ast.expr]) -> None:
        at = _VALUE_ARGUMENT.get(method)
        if at is not None and len(args) > at:
            self._put(collection, Store(args[at], args[0] if method == "setdefault" else None))
        elif method in {"extend", "update"} and args:
            self._put(collection, Store(args[0], many=True))

    def _put(self, collection: ast.expr, store: Store) -> None:
        owner = self._owner(collection)
        if owner is not None:
            self.stored.setdefault(owner, []).append(store)

    def _owner(self, node: ast.expr) -> Owner | None:
        match node:
            case ast.Name(id=name):
                innermost = self._scopes[-1][0]
                for scope, names in reversed(self._scopes):
                    if name in names and (scope is innermost or not isinstance(scope, ast.ClassDef)):
                        return id(scope), name
            case ast.Attribute(value=ast.Name(id=receiver), attr=name) if self._classes:
                if (self._receivers and receiver == self._receivers[-1]) or receiver == self._classes[-1].name:
                    return id(self._classes[-1]), name
        return None


def is_made_empty(node: ast.expr) -> bool:
    """Whether an expression calls a type of collection without elements: `dict()`, `defaultdict(list)`."""
    return (
        isinstance(node, ast.Call)
        and last_name(node.func) in MAKERS
        and not node.keywords
        and (not node.args or last_name(node.func) == "defaultdict")
    )


def _assigned_names(node: ast.AST) -> frozenset[str]:
    """The names that a scope's own code assigns (those declared global or nonlocal apart) or takes as parameters."""
    found: set[str] = set()
    outer: set[str] = set()
    if isinstance(node, _FUNCTIONS):
        arguments = node.args
        extra = [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
        found.update(a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra])
    waiting = list(getattr(node, "body", []))
    while waiting:
        each = waiting.pop()
        match each:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                continue
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                outer.update(names)
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
        waiting += children(each)
    return frozenset(found - outer)
