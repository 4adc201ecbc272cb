"""Hops: how a step of a trace is written."""

from __future__ import annotations

import ast
from copy import copy
from typing import TYPE_CHECKING

from bglint.effects.model import Hop
from bglint.program.modules import last_name

if TYPE_CHECKING:
    from bglint.program.modules import Function

MAX_CHAIN = 30
"""Of how many attributes, calls and subscripts in a row a callee is shown: more than there is room for."""


def definition_hop(function: Function) -> Hop:
    """The hop that shows a function: where it is defined, under a name that says whose it is."""
    node = function.node
    symbol = "lambda" if isinstance(node, ast.Lambda) else function.name
    if function.owner is not None:
        owner = function.owner.name
        symbol = f"{owner}.{function.name}"
    return Hop(symbol, function.module, node.lineno, node.col_offset, "async" if function.is_async else "")


def written(node: ast.expr) -> str:
    """A callee as it is written, shortened to what can be read at a glance."""
    try:
        text = ast.unparse(_end_of_chain(node, MAX_CHAIN))
    except (RecursionError, ValueError):
        return last_name(node) or "…"
    return text if len(text) <= 60 else "…" + text[-57:]


def _end_of_chain(node: ast.expr, links: int) -> ast.expr:
    """The last links of `a.b().c[0].d`; what stands before them is left out, so that a long chain costs no more."""
    match node:
        case ast.Attribute(value=owner) | ast.Subscript(value=owner) | ast.Call(func=owner):
            if not links:
                return ast.Name("…")
            shorter = _end_of_chain(owner, links - 1)
            if shorter is owner:
                return node
            shown = copy(node)
            setattr(shown, "func" if isinstance(shown, ast.Call) else "value", shorter)
            return shown
        case _:
            return node
