"""Collections: elements, items and entries of displays, and numbers that can be computed by reading."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import calling, hints, members, queries, stores
from bglint.program.values import (
    Collection,
    Constant,
    Construction,
    Display,
    External,
    ExternalObject,
    Frame,
    Generator,
    Instance,
    Meanings,
    Value,
    merge,
)

if TYPE_CHECKING:
    from bglint.program.program import Program

_OPERATORS = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow, ast.LShift: operator.lshift,
}  # fmt: skip
_LARGEST = 10**15


def is_empty(value: Value) -> bool:
    """Whether a value is a collection that is made without elements."""
    match value:
        case Display(node=ast.List(elts=[]) | ast.Dict(keys=[]) | ast.Call()):
            return True
        case _:
            return False


def elements(program: Program, value: Value) -> Meanings:
    """What iterating a value can give."""
    match value:
        case Display(node=ast.List() | ast.Tuple() | ast.Set() as node, frame=frame):
            return merge(*(_element(program, each, frame) for each in node.elts), _stored(program, value))
        case Display(node=ast.Dict() as node, frame=frame):
            return merge(*(program.infer(key, frame) for key in node.keys if key is not None), ())
        case Display(node=ast.Call()):
            return _stored(program, value)
        case Display(node=ast.ListComp() | ast.SetComp() | ast.GeneratorExp() as node, frame=frame):
            return program.infer(node.elt, frame)
        case Collection(groups):
            return merge(*groups, ())
        case Generator(function=function, frame=frame):
            return calling.yielded(program, function, frame)
        case ExternalObject(made=Construction()) if objects := queries.elements(program, value):
            return objects
        case External(name) | ExternalObject(name):
            found = catalog.member_type(f"{name}[]")
            return (ExternalObject(found),) if found else ()
        case Instance():
            iterators = merge(
                *(
                    calling.call(program, method, calling.Arguments.of(()))
                    for method in members.member(program, value, "__iter__")
                ),
                (),
            )
            return merge(*(elements(program, each) for each in iterators if each != value), ())
        case _:
            return ()


def _stored(program: Program, value: Display, key: object = None) -> Meanings:
    """What is put into a collection after it was made: under a literal key, or anywhere."""
    found: list[Meanings] = []
    with program.asking(("stored", id(value.node), value.frame, key)) as fresh:
        for store, frame in stores.stores(program, value.node, value.frame) if fresh else ():
            other = key is not None and isinstance(store.key, ast.Constant) and store.key.value != key
            if not other:
                meanings = program.infer(store.value, frame)
                if store.many:
                    meanings = merge(*(_within(program, each) for each in meanings), ())
                found.append(tuple(each for each in meanings if not isinstance(each, Constant)))
    return merge(*found, ())


def _within(program: Program, value: Value) -> Meanings:
    """What a collection puts into the one that it extends or updates."""
    if isinstance(value, Display) and isinstance(value.node, ast.Dict):
        return entries(program, value)
    return elements(program, value)


def iterated(program: Program, value: Value) -> Value:
    """The list of what a library's object gives when it is iterated; what is a collection already stays."""
    return Collection((elements(program, value),)) if isinstance(value, External | ExternalObject) else value


def _element(program: Program, node: ast.expr, frame: Frame) -> Meanings:
    found = program.infer(node, frame)
    if isinstance(node, ast.Starred):
        with program.asking(("starred", id(node), frame)) as fresh:
            return merge(*(elements(program, value) for value in found), ()) if fresh else ()
    return found


def item(program: Program, value: Value, key: object) -> Meanings:
    """What `value[key]` can be, for a literal key."""
    match value:
        case Display(node=ast.List() | ast.Tuple() as node, frame=frame):
            plain = not any(isinstance(each, ast.Starred) for each in node.elts)
            if isinstance(key, int) and plain and -len(node.elts) <= key < len(node.elts):
                return program.infer(node.elts[key], frame)
            return elements(program, value)
        case Display(node=ast.Dict()):
            return entries(program, value, key)
        case Display(node=ast.Call()):
            return _stored(program, value, key)
        case Display(node=ast.DictComp() as node, frame=frame):
            return program.infer(node.value, frame)
        case Collection(groups, ordered):
            if ordered and isinstance(key, int) and -len(groups) <= key < len(groups):
                return groups[key]
            return merge(*groups, ())
        case Instance():
            return merge(
                *(
                    calling.call(program, method, calling.Arguments.of(()))
                    for method in members.member(program, value, "__getitem__")
                ),
                (),
            )
        case External(name) | ExternalObject(name) if isinstance(key, int) and (
            found := catalog.member_type(f"{name}[{key}]")
        ):
            return (ExternalObject(found),)
        case _:
            return elements(program, value)


def entries(program: Program, value: Display, key: object = None) -> Meanings:
    """The values of a dict display: that of a literal key, or all where the key is not known."""
    assert isinstance(value.node, ast.Dict)
    pairs = list(zip(value.node.keys, value.node.values, strict=True))
    if key is not None:
        for name, entry in pairs:
            if isinstance(name, ast.Constant) and name.value == key:
                return program.infer(entry, value.frame)
    return merge(*(program.infer(entry, value.frame) for _, entry in pairs), _stored(program, value, key))


def subscript(program: Program, node: ast.Subscript, frame: Frame) -> Meanings:
    """What a subscription means: an element, or a type where a generic is subscribed."""
    base = program.infer(node.value, frame)
    if hints.is_typing_generic(base):
        return (Display(node, frame),)
    if isinstance(node.slice, ast.Slice):
        return tuple(value for value in base if not isinstance(value, Constant))
    keys = [value.value for value in program.infer(node.slice, frame) if isinstance(value, Constant)]
    key = keys[0] if len(keys) == 1 else None
    return merge(*(item(program, value, key) for value in base), ())


def method(program: Program, owner: Value, name: str, given: calling.Arguments) -> Meanings:
    """What calling a method of a collection gives: `mapping.get(key)`, `mapping.items()`, `list.copy()`."""
    if isinstance(owner, Generator):
        return elements(program, owner) if name in {"__next__", "__anext__", "send", "asend"} else ()
    if isinstance(owner, Display) and isinstance(owner.node, ast.Dict):
        match name:
            case "get" | "pop" | "setdefault":
                keys = [v.value for v in given.positional(0) if isinstance(v, Constant)]
                return merge(entries(program, owner, keys[0] if len(keys) == 1 else None), given.positional(1))
            case "values":
                return (Collection((entries(program, owner),)),)
            case "items":
                return (Collection((((Collection((elements(program, owner), entries(program, owner)), True)),),)),)
    if isinstance(owner, Display | Collection):
        if name in {"copy", "reverse", "keys"}:
            return (owner,)
        if name in {"pop", "get", "popleft"}:
            return elements(program, owner)
        if name == "values":
            return (owner,)
        if name == "items":
            return (Collection((((Collection(((), elements(program, owner)), True)),),)),)
    return ()


def fold(op: ast.operator, left: Meanings, right: Meanings) -> int | float | None:
    """The number that two literal operands give; None where that is not known or out of all proportion."""
    match left, right:
        case ((Constant(value=int() | float() as a),), (Constant(value=int() | float() as b),)):
            if isinstance(op, ast.Pow | ast.LShift) and (abs(b) > 64 or abs(a) > _LARGEST):
                return None
            try:
                number: int | float = _OPERATORS[type(op)](a, b)
            except (ArithmeticError, ValueError, TypeError):
                return None
            return number if isinstance(number, int | float) else None
        case _:
            return None
