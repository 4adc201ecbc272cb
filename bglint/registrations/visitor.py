"""Finding the calls that may register a task, and the concrete syntax of those that do.

The rows of the text in which a registering name stands tell which parts of the tree `ast` gave have to be looked at.
Where the concrete syntax of a registration is asked for, libcst reads the one statement that it stands in, or that
statement's head, and a visitor finds the call there; libcst itself, which takes long to import, only then.
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

    import libcst as cst

    from bglint.program.modules import Module


MAX_NESTING = 400
"""How deep a statement may be nested for libcst to be asked: its parser needs 2 KB of C stack and more a level."""
MAX_CONCRETE_CHARACTERS = 1 << 18
"""Longer statements are not given to libcst, which takes a second for each megabyte, and half a gigabyte."""

_BRACKET = re.compile(r"[][(){}]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A call that bears a registering name, the innermost statement around it, and whether it is awaited."""

    call: ast.Call
    statement: ast.stmt
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


def _is_safe(statement: ast.stmt, text: str) -> bool:
    """Whether libcst can be given a statement: too deep a one ends the process, and a huge one takes long.

    Brackets are counted besides, as what `ast` took for a plain string may be an f-string that nests others.
    """
    if len(text) > MAX_CONCRETE_CHARACTERS:
        return False
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "([{" else -1
        if depth > MAX_NESTING:
            return False
    level: list[ast.AST] = [statement]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in children(node)]
        if not level:
            return True
    return False


def _in_statement(statement: ast.stmt, names: frozenset[str], rows: list[int] | None = None) -> Iterator[Candidate]:
    """The calls in a statement; only what holds one of the `rows` is looked at, where they are given."""
    stack: list[tuple[ast.AST, ast.stmt, bool]] = [(statement, statement, False)]
    while stack:
        node, around, awaited = stack.pop()
        if isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.stmt):
            around = node
        elif isinstance(node, ast.Call) and last_name(node.func) in names:
            yield Candidate(node, around, awaited)
        awaits = isinstance(node, ast.Await)
        stack += [(child, around, awaits) for child in children(node) if rows is None or _holds(child, rows)]


def _place(candidate: Candidate) -> tuple[int, int, int, int]:
    call = candidate.call
    return call.lineno, call.col_offset, -(call.end_lineno or 0), -(call.end_col_offset or 0)


def concrete_call(module: Module, call: ast.Call, statement: ast.stmt) -> cst.Call | None:
    """The call in libcst's tree of the statement around it; None where libcst reads that differently, or not at all."""
    text = _statement_text(module, statement)
    if not _is_safe(statement, text):
        return None

    import libcst as cst  # noqa: PLC0415 -- costs 0.2 s, and only a registration needs it

    name = last_name(call.func)

    class Finder(cst.CSTVisitor):
        def __init__(self) -> None:
            self.calls: list[cst.Call] = []

        def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 -- libcst's name
            callee = node.func.attr if isinstance(node.func, cst.Attribute) else node.func
            if isinstance(callee, cst.Name) and callee.value == name:
                self.calls.append(node)

        def visit_FormattedString(self, node: cst.FormattedString) -> bool:  # noqa: ARG002, N802
            return False

        def visit_TemplatedString(self, node: cst.CSTNode) -> bool:  # noqa: ARG002, N802
            return False

    finder = Finder()
    try:
        cst.parse_module(text).visit(finder)
    except (cst.ParserSyntaxError, RecursionError, ValueError):
        return None
    own = _of_head(statement, name)
    calls = finder.calls
    return calls[own.index(call)] if len(calls) == len(own) and call in own else None


def _of_head(statement: ast.stmt, name: str) -> list[ast.Call]:
    """The calls of that name which stand in a statement and in none within it, in the order of the text."""
    found = [each for each in _in_statement(statement, frozenset({name})) if each.statement is statement]
    return [each.call for each in sorted(found, key=_place)]


def _statement_text(module: Module, statement: ast.stmt) -> str:
    """A statement from its first token on; of a compound one the head, with an empty body."""
    first = min([statement, *getattr(statement, "decorator_list", ())], key=lambda each: each.lineno)
    row, column = first.lineno, statement.col_offset
    body = getattr(statement, "body", None)
    end_row, end_column = statement.end_lineno or row, statement.end_col_offset or 0
    if body and isinstance(body[0], ast.stmt):
        inner = min([body[0], *getattr(body[0], "decorator_list", ())], key=lambda each: each.lineno)
        end_row, end_column = inner.lineno, body[0].col_offset
    rows = [line.encode() for line in module.source.lines[row - 1 : end_row]]
    rows[-1] = rows[-1][:end_column]
    rows[0] = rows[0][column:]
    text = b"\n".join(rows).decode("utf-8", "replace").rstrip()
    if text.startswith("elif"):
        text = text.removeprefix("el")
    return f"{text} pass\n" if body else text + "\n"
