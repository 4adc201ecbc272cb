"""What belongs to a request: sessions and connections, uploads, the request itself, its socket and its response."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from bglint.diagnostics import Confidence
from bglint.program import members
from bglint.program.values import ClassValue, Collection, External, ExternalObject, Instance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.program.program import Program
    from bglint.program.values import Meanings, Value

ResourceKind = Literal["session", "upload", "request", "websocket", "response", "form", "state"]
"""What it is; a form may hold uploads, and the request's state a session."""
Closed = Literal["dependency", "function-scope", "with", "middleware", "request"]

_DATABASES = frozenset({
    "sqlalchemy", "sqlmodel", "asyncpg", "psycopg", "psycopg2", "aiosqlite", "sqlite3", "pymysql", "aiomysql",
    "databases", "neo4j", "oracledb", "aioodbc", "pyodbc", "pymongo", "motor", "advanced_alchemy", "aiopg", "mysql",
})  # fmt: skip
_SESSIONS = frozenset({
    "Session", "AsyncSession", "Connection", "AsyncConnection", "connection", "ClientSession", "AsyncClientSession",
    "AsyncIOMotorClientSession", "PoolConnectionProxy",
})  # fmt: skip
_FRAMEWORKS = frozenset({"fastapi", "starlette", "litestar", "lilya", "esmerald", "ravyn"})
_OF_FRAMEWORK: dict[str, ResourceKind] = {
    "UploadFile": "upload", "Request": "request", "HTTPConnection": "request", "WebSocket": "websocket",
    "Response": "response",
}  # fmt: skip
_MADE_SESSION = re.compile(r"(sqlalchemy|sqlmodel)\..*sessionmaker\(\)(\(\)|\.begin\(\))")
HARMLESS: dict[ResourceKind, frozenset[str]] = {
    "upload": frozenset({"filename", "content_type", "size", "headers"}),
    "request": frozenset({
        "app", "state", "method", "url", "base_url", "headers", "cookies", "client", "query_params", "path_params",
        "user", "auth", "scope", "url_for", "session",
    }),
    "websocket": frozenset({
        "app", "state", "url", "headers", "cookies", "client", "query_params", "path_params", "scope",
    }),
    "response": frozenset({"status_code", "body"}),
    "session": frozenset({"bind", "get_bind", "info"}),
}  # fmt: skip
"""Attributes that can be read when the request is long over."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that belongs to a request: what it is, under which name it came, and what ends it.

    `attributes`: where an object carries it, the first attribute on each way to it; none where that is not known.
    """

    kind: ResourceKind
    name: str
    closed: Closed = "dependency"
    confidence: Confidence = Confidence.HIGH
    carried: bool = False
    attributes: frozenset[str] = frozenset()

    def behind(self, attributes: Iterable[str]) -> Resource:
        """The same resource, seen from an object that carries it in some attributes."""
        return replace(self, carried=True, attributes=frozenset(attributes))


def kind_of(program: Program, values: Meanings) -> ResourceKind | None:
    """The kind of resource that values are, or collections of such; None where they are none or not known."""
    for value in values:
        if isinstance(value, Collection):
            for group in value.elements:
                inner = kind_of(program, group)
                if inner == "upload":
                    return inner
            continue
        for name in _class_names(program, value):
            top, last = name.partition(".")[0], name.rpartition(".")[2]
            if top in _DATABASES and last in _SESSIONS:
                return "session"
            if top in _FRAMEWORKS and last in _OF_FRAMEWORK:
                return _OF_FRAMEWORK[last]
        if isinstance(value, External) and _MADE_SESSION.fullmatch(value.name):
            return "session"
    return None


def _class_names(program: Program, value: Value) -> list[str]:
    match value:
        case ExternalObject(name):
            return [name]
        case Instance(cls=cls):
            return [
                base.cls.symbol if isinstance(base, ClassValue) else base.name
                for base in members.ancestry(program, cls)
            ]
        case _:
            return []
