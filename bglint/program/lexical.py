"""Names by where they stand: the bindings that a use can mean, and the scope that holds them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.scopes import END, own_nodes
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.scopes import Binding, Scope
    from bglint.program.values import Frame


def reaching(node: ast.Name, frame: Frame) -> tuple[list[Binding], Frame]:
    """The bindings that a name can mean where it stands, and the frame that they belong to; none for builtins."""
    return reaching_name(node.id, (node.lineno, node.col_offset), frame)


def reaching_name(name: str, place: tuple[int, int], frame: Frame) -> tuple[list[Binding], Frame]:
    """The same for a name at any place of a frame's own code."""
    current: Frame | None = frame
    while current is not None:
        scope = current.scope
        if (current is frame or not scope.is_class) and name not in scope.outer_names and name in scope.bindings:
            return scope.reaching(name, place), current
        place = (scope.node.lineno, scope.node.col_offset) if isinstance(scope.node, ast.Lambda) else END
        current = current.parent
    return [], frame


def uses(scope: Scope, name: str) -> Iterator[ast.Name]:
    """The places that read a scope's name, in its own code and in the nested functions that see it."""
    for node in own_nodes(scope):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield node
        elif isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for inner in walk(node):
                if isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Load):
                    yield inner


def closed_over(node: ast.AST, own: Scope) -> Iterator[ast.Name]:
    """The names that a nested function or lambda reads and does not bind itself, in the order of the text."""
    found = [
        inner
        for part in ([node.body] if isinstance(node, ast.Lambda) else getattr(node, "body", []))
        for inner in walk(part)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load) and inner.id not in own.bindings
    ]
    yield from sorted(found, key=lambda each: (each.lineno, each.col_offset))
