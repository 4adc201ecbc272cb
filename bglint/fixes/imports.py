"""Imports that a fix needs: the name under which something is at hand, and the edit that makes it so."""

from __future__ import annotations

import ast
import sys
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


def imported_module(site: Site, name: str) -> tuple[str, tuple[Edit, ...]] | None:
    """The name by which a top-level module of the standard library can be used, and the edits for that.

    None where the plain name means something else in the module or in a function around.
    """
    scope = site.module.scope
    for local, bindings in scope.bindings.items():
        alias = bindings[0].node if len(bindings) == 1 and bindings[0].kind is Kind.IMPORT else None
        if isinstance(alias, ast.alias) and alias.name == name and not bindings[0].path:
            return local, ()
    if name in scope.bindings or _is_bound_in_functions(site, name):
        return None
    first = _first_import(site.module)
    row = first.lineno if first is not None else _row_for(site.module, "")
    content = f"import {name}\n" if first is None or _is_standard(first) else f"import {name}\n\n"
    return name, (Edit(content, Position(row, 1), Position(row, 1)),)


def _first_import(module: Module) -> ast.Import | ast.ImportFrom | None:
    """The first import of a module, `__future__` left out."""
    for statement in module.tree.body:
        if isinstance(statement, ast.Import) or (
            isinstance(statement, ast.ImportFrom) and statement.module != "__future__"
        ):
            return statement
    return None


def _is_standard(statement: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is one of the standard library, with which another of it shares a paragraph."""
    if isinstance(statement, ast.ImportFrom):
        return not statement.level and (statement.module or "").partition(".")[0] in sys.stdlib_module_names
    return statement.names[0].name.partition(".")[0] in sys.stdlib_module_names


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
