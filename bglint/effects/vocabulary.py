"""Methods that say what they are called on: what an object of unknown type must be, if it has such a method.

Only of use where nothing is known of the object; names that many kinds of objects have are left out.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from bglint.program.modules import last_name

OF_VALUES: Final = frozenset(
    name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind) if not name.startswith("__")
) | {
    "astype", "cpu", "detach", "flatten", "numel", "numpy", "reshape", "squeeze", "tobytes", "tolist", "unsqueeze",
}  # fmt: skip
"""Methods of plain values and, where they convert or show them otherwise, of arrays: microseconds."""

_SESSION: Final = "sqlalchemy.orm.Session"
_QUERY: Final = "sqlalchemy.orm.Query"
_RESULT: Final = "sqlalchemy.engine.CursorResult"

_ANYWHERE: Final[dict[str, frozenset[str]]] = {
    _SESSION: frozenset({
        "commit", "rollback", "add_all", "expunge", "expunge_all", "begin_nested", "scalars", "bulk_save_objects",
        "bulk_insert_mappings", "bulk_update_mappings",
    }),
    _RESULT: frozenset({"fetchone", "fetchall", "fetchmany", "scalar", "scalar_one", "scalar_one_or_none", "mappings"}),
    _QUERY: frozenset({"one_or_none", "filter_by", "order_by", "outerjoin", "group_by", "joinedload", "selectinload"}),
    "sqlite3.Cursor": frozenset({"executemany", "executescript"}),
    "pymongo.collection.Collection": frozenset({
        "find_one", "insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one",
        "delete_many", "find_one_and_update", "find_one_and_delete", "find_one_and_replace", "count_documents",
        "bulk_write",
    }),
    "redis.Redis": frozenset({
        "hset", "hget", "hgetall", "hdel", "hmset", "hmget", "hincrby", "lpush", "rpush", "lrange", "ltrim", "sadd",
        "srem", "smembers", "sismember", "zadd", "zrange", "zrem", "zrangebyscore", "setex", "setnx", "xadd", "xack",
    }),
    "matplotlib.figure.Figure": frozenset({"savefig"}),
    "numpy.ndarray": frozenset({"astype", "tolist"}),
    "pandas.DataFrame": frozenset({"iterrows", "itertuples", "pivot_table", "to_excel"}),
    "sklearn.base.BaseEstimator": frozenset({"fit_predict", "partial_fit"}),
    "torch.Tensor": frozenset({"detach", "squeeze", "unsqueeze"}),
    "starlette.websockets.WebSocket": frozenset({"send_json", "send_text", "send_bytes"}),
}  # fmt: skip
"""By the class that has it, methods that no other kind of object has."""

_OF_ANY_LIBRARY: Final = ("matplotlib.", "pandas.", "sklearn.")
"""Packages whose objects are given out by the functions of many others."""
_OF_SESSIONS: Final = frozenset({
    "query", "add", "flush", "refresh", "merge", "execute", "scalar", "begin", "expire", "expire_all", "exec",
    "close",
})  # fmt: skip
"""Methods of a session or connection that others have as well: its name must say what it is."""
_SESSION_NAME: Final = re.compile(
    r"(^|_)(db|db_?session|session|sess|conn|connection|cursor|cur)(_[a-z]+)?$", re.IGNORECASE
)
_OF_QUERIES: Final = frozenset({"filter", "join", "limit", "offset", "first", "all", "count", "distinct", "options"})
"""Methods of a query that others have as well."""
_QUERY_NAME: Final = re.compile(r"(^|_)(q|query)$", re.IGNORECASE)


def library_name(callee: ast.expr) -> str | None:
    """The library callable that a call of an unknown object's method stands for; None where the method says nothing."""
    if not isinstance(callee, ast.Attribute):
        return None
    for owner, methods in _ANYWHERE.items():
        if callee.attr in methods:
            return f"{owner}.{callee.attr}"
    first = _first_link(callee)
    if first is None:
        return None
    if first.attr in _ANYWHERE[_SESSION] | _ANYWHERE[_RESULT]:
        return f"{_RESULT}.{callee.attr}"
    name = last_name(first.value)
    if first.attr in _OF_SESSIONS and _SESSION_NAME.search(name):
        return f"{_SESSION if first is callee else _QUERY}.{callee.attr}"
    return f"{_QUERY}.{callee.attr}" if first.attr in _OF_QUERIES and _QUERY_NAME.search(name) else None


def of_result(name: str) -> str | None:
    """The library callable that a method of what another library's function gave stands for (`lib.load().savefig`)."""
    owner, _, method = name.rpartition(".")
    if not owner.endswith("()"):
        return None
    for each, methods in _ANYWHERE.items():
        if method in methods and each.startswith(_OF_ANY_LIBRARY):
            return f"{each}.{method}"
    return None


def _first_link(callee: ast.Attribute) -> ast.Attribute | None:
    """The first method of a chain of calls: `db.query` of `db.query(User).filter(…).first`."""
    link = callee
    while isinstance(link.value, ast.Call | ast.Subscript):
        inner = link.value.func if isinstance(link.value, ast.Call) else link.value.value
        if not isinstance(inner, ast.Attribute):
            return None
        link = inner
    return link
