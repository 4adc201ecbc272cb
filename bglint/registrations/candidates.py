"""Finding the calls that may register a task.

The rows of the text in which a registering name stands tell which parts of the syntax tree have to be looked at.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bglint.program.modules import last_name
from bglint.program.walking import children

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Module


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that bears a registering name, and whether it is awaited."""

    call: ast.Call
    awaited: bool


def candidates(module: Module, names: frozenset[str]) -> Iterator[Candidate]:
    """The calls whose callee's last name is one of `names`, in the order of the text; those in f-strings left out."""
    rows = _rows(module, names)
    if rows:
        for statement in module.tree.body:
            if _holds(statement, rows):
                yield from sorted(_in_statement(statement, names, rows), key=_place)


def _rows(module: Module, names: frozenset[str]) -> list[int]:
    """The rows of a module's text in which one of the names stands as a callee does, in order."""
    text = module.source.text if "\r" not in module.source.text else "\n".join(module.source.lines)
    rows: list[int] = []
    row, counted = 1, 0
    for found in _callees(names).finditer(text):
        row += text.count("\n", counted, found.start())
        counted = found.start()
        rows.append(row)
    return rows


@lru_cache(maxsize=64)
def _callees(names: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b(?=\s*[()#\\])")


def _holds(node: ast.AST, rows: list[int]) -> bool:
    """Whether one of the rows lies within a node; one that has no place of its own may hold any."""
    last = getattr(node, "end_lineno", None)
    if last is None:
        return True
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])  # type: ignore[attr-defined]
    at = bisect_left(rows, first)
    return at < len(rows) and rows[at] <= last


def _in_statement(statement: ast.stmt, names: frozenset[str], rows: list[int]) -> Iterator[Candidate]:
    """The calls in a statement; only what holds one of the `rows` is looked at."""
    stack: list[tuple[ast.AST, bool]] = [(statement, False)]
    while stack:
        node, awaited = stack.pop()
        if isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.Call) and last_name(node.func) in names:
            yield Candidate(node, awaited)
        awaits = isinstance(node, ast.Await)
        stack += [(child, awaits) for child in children(node) if _holds(child, rows)]


def _place(candidate: Candidate) -> tuple[int, int, int, int]:
    call = candidate.call
    return call.lineno, call.col_offset, -(call.end_lineno or 0), -(call.end_col_offset or 0)
