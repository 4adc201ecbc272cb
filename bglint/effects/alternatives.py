"""Alternatives: of branches that exclude one another one runs, and of the functions that a call may mean as well."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.effects.model import Hop, Summary, heaviest_of, total, unread
from bglint.program.scopes import Kind
from bglint.program.values import FunctionValue, Instance, Partial

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.program.scopes import Path, Scope
    from bglint.program.values import Value

MANY_ENTRIES = 5
"""From how many functions on, one of which a call means, they are taken for the entries of a registry."""
MANY_IMPLEMENTATIONS = 4
"""From how many implementations of one method on it is improbable that the heaviest of them is the one in use."""
TELLING_MS = 50.0
"""Which effect of an implementation counts as work that tells it from the others."""


def one_way(found: list[tuple[Path, Summary]]) -> Summary:
    """What a body's calls do on the costliest way through its branches: of arms that exclude one another, one runs."""
    always = [summary for path, summary in found if not path]
    statements: dict[int, dict[int, list[tuple[Path, Summary]]]] = {}
    for path, summary in found:
        if path and (summary.effects or summary.unread):
            (statement, arm), rest = path[0], path[1:]
            statements.setdefault(statement, {}).setdefault(arm, []).append((rest, summary))
    exclusive = [heaviest_of([one_way(arm) for arm in arms.values()]) for arms in statements.values()]
    return total([*always, *exclusive])


def are_many(meanings: Iterable[Value]) -> bool:
    """Whether a call may mean many functions: methods that implement an abstract one, or entries of a registry.

    Objects whose making was read are known each by itself: all that a list holds are called in a loop over it.
    """
    plain = [value for value in map(_unwrapped, meanings) if isinstance(value, FunctionValue)]
    plain = [value for value in plain if not (isinstance(value.receiver, Instance) and value.receiver.made)]
    methods = [value.origin or value.function for value in plain]
    if len({method.name for method in methods}) == 1:
        return len({id(method.owner) for method in methods if method.owner is not None}) >= MANY_IMPLEMENTATIONS
    return len({id(method) for method in methods}) >= MANY_ENTRIES


def is_each(callee: ast.expr, scope: Scope) -> bool:
    """Whether a callee is, or is a method of, what a loop goes through: then all that it may mean is called."""
    while isinstance(callee, ast.Attribute):
        callee = callee.value
    if not isinstance(callee, ast.Name):
        return False
    return any(binding.kind is Kind.ELEMENT for binding in scope.bindings.get(callee.id, ()))


def typical(done: list[Summary], hop: Hop) -> Summary:
    """What one of many implementations does, where nothing tells which: what hurts counts if half of them do it."""
    hurting = [
        any(e.kind in {"cpu", "blocking"} and e.where == "here" and e.ms >= TELLING_MS for e in each.effects)
        for each in done
    ]
    if not any(hurting) or sum(hurting) * 2 >= len(done):
        return heaviest_of(done)
    harmless = [each for each, hurts in zip(done, hurting, strict=True) if not hurts]
    return total([heaviest_of(harmless), unread(f"{hop.symbol} (which of {len(done)} implementations?)")])


def _unwrapped(value: Value) -> Value:
    while isinstance(value, Partial):
        value = value.target
    return value
