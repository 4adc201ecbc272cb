"""Methods that say what they are called on: what an object of unknown type must be, if it has such a method.

Only of use where nothing is known of the object; names that many kinds of objects have are left out.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from bglint.program.modules import last_name

_SESSION: Final = "sqlalchemy.orm.Session"
_QUERY: Final = "sqlalchemy.orm.Query"

_ANYWHERE: Final[dict[str, frozenset[str]]] = {
    _SESSION: frozenset({
        "commit", "rollback", "add_all", "expunge", "expunge_all", "begin_nested", "scalars", "bulk_save_objects",
        "bulk_insert_mappings", "bulk_update_mappings",
    }),
    "sqlalchemy.engine.CursorResult": frozenset({
        "fetchone", "fetchall", "fetchmany", "scalar_one", "scalar_one_or_none", "mappings", "scalars",
    }),
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
    "starlette.websockets.WebSocket": frozenset({"send_json", "send_text", "send_bytes"}),
}  # fmt: skip
"""By the class that has it, methods that no other kind of object has."""

_OF_SESSIONS: Final = frozenset({
    "query", "add", "flush", "refresh", "merge", "execute", "scalar", "begin", "expire", "expire_all", "exec",
})  # fmt: skip
"""Methods of a session or connection that others have as well: its name must say what it is."""
_SESSION_NAME: Final = re.compile(r"(^|_)(db|db_?session|session|sess|conn|connection|cursor|cur)$", re.IGNORECASE)


def library_name(callee: ast.expr) -> str | None:
    """The library callable that a call of an unknown object's method stands for; None where the method says nothing."""
    if not isinstance(callee, ast.Attribute):
        return None
    for owner, methods in _ANYWHERE.items():
        if callee.attr in methods:
            return f"{owner}.{callee.attr}"
    first = _first_link(callee)
    if first is None or first.attr not in _OF_SESSIONS or not _SESSION_NAME.search(last_name(first.value)):
        return None
    return f"{_SESSION if first is callee else _QUERY}.{callee.attr}"


def _first_link(callee: ast.Attribute) -> ast.Attribute | None:
    """The first method of a chain of calls: `db.query` of `db.query(User).filter(…).first`."""
    link = callee
    while isinstance(link.value, ast.Call | ast.Subscript):
        inner = link.value.func if isinstance(link.value, ast.Call) else link.value.value
        if not isinstance(inner, ast.Attribute):
            return None
        link = inner
    return link
