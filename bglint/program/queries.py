"""What a query gives: instances of the class that it asks for.

`session.query(Model)` and `select(Model)` carry the class with them, through filters and results, until a row is taken.
The call that names the class is kept as what made the query; a query for several classes or for columns has none.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from bglint.program.values import ClassValue, Collection, Construction, ExternalObject, Instance, merge

if TYPE_CHECKING:
    from bglint.program.calling import Arguments
    from bglint.program.program import Program
    from bglint.program.values import Meanings, Value

_QUERY: Final = "sqlalchemy.orm.Query"
_SELECT: Final = "sqlalchemy.sql.Select"
_ROWS: Final = "sqlalchemy.engine.CursorResult"
_OBJECTS: Final = "sqlalchemy.engine.ScalarResult"
_ASKS: Final = {
    "sqlalchemy.orm.Session.query": _QUERY, "sqlalchemy.select": _SELECT, "sqlalchemy.future.select": _SELECT,
    "sqlalchemy.sql.select": _SELECT, "sqlalchemy.sql.expression.select": _SELECT, "sqlmodel.select": _SELECT,
}  # fmt: skip
"""Calls that begin a query for a class, and what they give."""
_SESSIONS: Final = frozenset({
    "sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.engine.Connection",
})  # fmt: skip
_RUNS: Final = {
    "execute": _ROWS, "stream": _ROWS, "scalars": _OBJECTS, "stream_scalars": _OBJECTS, "exec": _OBJECTS,
}  # fmt: skip
"""Methods of a session that run a statement, and what they give."""
_ONE: Final = {
    _QUERY: frozenset({"first", "one", "one_or_none", "get", "scalar"}),
    _ROWS: frozenset({"scalar", "scalar_one", "scalar_one_or_none"}),
    _OBJECTS: frozenset({"first", "one", "one_or_none"}),
    _SELECT: frozenset[str](),
}
_ALL: Final = {_QUERY: frozenset({"all"}), _OBJECTS: frozenset({"all", "fetchall"})}
_ENDS: Final = frozenset({
    "count", "delete", "update", "exists", "subquery", "cte", "with_entities", "values", "column",
})  # fmt: skip
"""Methods after which a query is no longer one for objects of its class."""
_OF_CLASS: Final = {
    "tortoise.models.Model": frozenset({"get", "get_or_none", "first", "create"}),
    "beanie.Document": frozenset({"get", "find_one"}),
}
"""Class methods of a library's base that give an object of the class they are called on."""


def given(program: Program, name: str, arguments: Arguments) -> Meanings:
    """What calling a library's callable gives, where that is a query, its result, or objects of a class."""
    call, frame = arguments.call, arguments.frame
    if call is None or frame is None:
        return ()
    if name in _ASKS:
        made = Construction(call, frame)
        return (ExternalObject(_ASKS[name], made),) if _objects(program, made) else ()
    owner, _, method = name.rpartition(".")
    if owner in _SESSIONS:
        return _of_session(program, method, arguments)
    if not isinstance(call.func, ast.Attribute):
        return ()
    if owner in _ONE:
        receivers = program.infer(call.func.value, frame)
        return merge(*(_of_query(program, owner, method, value) for value in receivers), ())
    if method in _OF_CLASS.get(owner, ()):
        return tuple(Instance(v) for v in program.infer(call.func.value, frame) if isinstance(v, ClassValue))
    return ()


def elements(program: Program, value: ExternalObject) -> Meanings:
    """What iterating a query or a result gives; nothing where that is not known."""
    iterates = value.made is not None and value.type_name in _ALL
    return _objects(program, value.made) if iterates and value.made is not None else ()


def _of_session(program: Program, method: str, arguments: Arguments) -> Meanings:
    asked = arguments.positional(0)
    if method in {"get", "get_one"}:
        return tuple(Instance(value) for value in asked if isinstance(value, ClassValue))
    made = [v.made for v in asked if isinstance(v, ExternalObject) and v.type_name == _SELECT and v.made is not None]
    if method == "scalar":
        return merge(*(_objects(program, each) for each in made), ())
    kind = _RUNS.get(method)
    return tuple(ExternalObject(kind, each) for each in made) if kind is not None else ()


def _of_query(program: Program, kind: str, method: str, value: Value) -> Meanings:
    """What a method of a query or result gives; a filter gives the query itself."""
    if not isinstance(value, ExternalObject) or value.type_name != kind or value.made is None or method in _ENDS:
        return ()
    if method in _ONE[kind]:
        return _objects(program, value.made)
    if method in _ALL.get(kind, ()):
        return (Collection((_objects(program, value.made),)),)
    if kind == _ROWS:
        return (ExternalObject(_OBJECTS, value.made),) if method == "scalars" else ()
    return (value,)


def _objects(program: Program, made: Construction) -> Meanings:
    """Objects of the one class that a query asks for."""
    if len(made.call.args) != 1 or made.call.keywords:
        return ()
    return tuple(Instance(v) for v in program.infer(made.call.args[0], made.frame) if isinstance(v, ClassValue))
