"""Walking syntax trees: the walks of `ast`, without its operator and context nodes and several times as fast."""

from __future__ import annotations

import ast
from typing import Final

_PLAIN: Final = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "module", "level", "asname", "type_comment", "kind", "kwd_attrs", "rest"}
)
"""Fields that hold no node, or none that says where something stands."""
_LEAVES: Final = (ast.Constant, ast.Name, ast.Global, ast.Nonlocal, ast.alias)


class _Fields(dict[type, tuple[str, ...]]):
    """The fields of each kind of node that can hold nodes, worked out when a kind is met."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        fields: tuple[str, ...] = getattr(kind, "_fields", ())
        found = () if issubclass(kind, _LEAVES) else tuple(name for name in fields if name not in _PLAIN)
        self[kind] = found
        return found


_FIELDS: Final = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly within a node, in the order of its fields."""
    found: list[ast.AST] = []
    for name in _FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [each for each in value if each is not None]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """A node and all nodes within it, the outer ones first, as `ast.walk` orders them."""
    found = [node]
    for each in found:
        found += children(each)
    return found


class _Blocks(dict[type, tuple[str, ...]]):
    """The fields of each kind of node that hold statements, or what does, worked out when a kind is met."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        fields: tuple[str, ...] = () if issubclass(kind, ast.expr) else getattr(kind, "_fields", ())
        found = self[kind] = tuple(name for name in fields if name in _BLOCK_FIELDS)
        return found


_BLOCK_FIELDS: Final = frozenset({"body", "orelse", "handlers", "finalbody", "cases"})
_BLOCKS: Final = _Blocks()


def statements(node: ast.AST) -> list[ast.stmt]:
    """All statements within a node, the outer ones first; expressions, which hold none, are not entered."""
    found: list[ast.stmt] = []
    waiting = [node]
    for each in waiting:
        for name in _BLOCKS[each.__class__]:
            inner = getattr(each, name)
            waiting += inner
            found += inner if name not in {"handlers", "cases"} else ()
    return found
