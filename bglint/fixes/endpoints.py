"""What fixes ask of the function around a registration."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.registrations.forms import ROUTE_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.fixes.site import Site
    from bglint.program.scopes import FunctionNode


def receiver_name(site: Site) -> str | None:
    """The plain name on which the task is registered."""
    if site.registration is None or site.registration.helper is not None:
        return None
    match site.registration.call.func:
        case ast.Attribute(value=ast.Name(id=name)):
            return name
    return None


def is_fastapi_endpoint(site: Site, function: FunctionNode) -> bool:
    """Whether a function is a request handler of FastAPI, which injects tasks and attaches them."""
    if "fastapi" not in site.module.imported_packages:
        return False
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ROUTE_METHODS - {"websocket", "route"}
        for decorator in function.decorator_list
    )


def own_nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a block, those of functions and classes within it left out."""
    stack: list[ast.AST] = [*reversed(statements)]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
