"""Imports that a fix needs: the name under which something is at hand, and the edit that makes it so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Edit, Position
from bglint.program.scopes import Kind

if TYPE_CHECKING:
    from bglint.fixes.site import Site
    from bglint.program.modules import Module


def imported(site: Site, source: str, name: str) -> tuple[str, tuple[Edit, ...]] | None:
    """The name by which `name` of the module `source` can be used, and the edits for that.

    None where the plain name means something else in the module or in a function around.
    """
    scope = site.module.scope
    for local, bindings in scope.bindings.items():
        if len(bindings) == 1 and bindings[0].kind is Kind.FROM and not bindings[0].path and bindings[0].name == name:
            node = bindings[0].node
            if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] == source.rpartition(".")[2]:
                return local, ()
    if name in scope.bindings or _is_bound_in_functions(site, name):
        return None
    row = _row_for(site.module, source.partition(".")[0])
    return name, (Edit(f"from {source} import {name}\n", Position(row, 1), Position(row, 1)),)


def _is_bound_in_functions(site: Site, name: str) -> bool:
    place = site.span.start
    scopes = site.module.scopes_at(place.row, max(place.column - 1, 0))[1:]
    return any(name in scope.bindings for scope in scopes)


def _row_for(module: Module, package: str) -> int:
    """The row before which a new import goes: behind the package's own, else behind the last of all."""
    last = 0
    beside = 0
    for index, statement in enumerate(module.tree.body):
        end = (statement.end_lineno or statement.lineno) + 1
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if index == 0:
                last = end
            case ast.ImportFrom(module=str(name), level=0):
                last = end
                if name.partition(".")[0] == package:
                    beside = end
            case ast.Import() | ast.ImportFrom():
                last = end
            case _:
                if beside or last:
                    break
    return beside or last or _first_row(module)


def _first_row(module: Module) -> int:
    """The first row that is no comment at the top of a module."""
    for row, line in enumerate(module.source.lines, 1):
        if not line.startswith("#"):
            return row
    return 1
