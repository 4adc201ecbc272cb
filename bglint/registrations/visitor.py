"""The libcst visitor that finds the calls which may register a task.

Only the outermost statements whose text holds a candidate are parsed by libcst. Places come from `ast`, which has
read the module already: both trees list their calls in the order of the text, so the n-th is the n-th.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.program.modules import last_name

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
    """A call by both its trees: the concrete one for edits, the abstract one for meaning."""

    call: ast.Call
    concrete: cst.Call | None
    awaited: bool


def candidates(module: Module, names: frozenset[str]) -> Iterator[Candidate]:
    """The calls whose callee's last name is one of `names`, in the order of the text."""
    lines = module.source.lines
    for statement in module.tree.body:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))])
        last = statement.end_lineno or statement.lineno
        text = "\n".join(lines[first - 1 : last]) + "\n"
        if any(name in text for name in names):
            yield from _in_statement(statement, text, names)


def _in_statement(statement: ast.stmt, text: str, names: frozenset[str]) -> Iterator[Candidate]:
    calls = _calls(statement)
    wanted = [index for index, (call, _) in enumerate(calls) if last_name(call.func) in names]
    if not wanted:
        return
    concrete = _concrete_calls(text) if _is_safe(statement, text) else []
    paired = concrete if len(concrete) == len(calls) else [None] * len(calls)
    for index in wanted:
        call, awaited = calls[index]
        yield Candidate(call, paired[index], awaited)


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
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return True
    return False


def _concrete_calls(text: str) -> list[cst.Call | None]:
    """The calls of a statement's concrete tree; none where libcst cannot read it."""
    import libcst as cst  # noqa: PLC0415 -- costs 0.16 s, and only files with a candidate need it

    class Finder(cst.CSTVisitor):
        def __init__(self) -> None:
            self.calls: list[cst.Call | None] = []

        def visit_Call(self, node: cst.Call) -> None:  # noqa: N802 -- libcst's name
            self.calls.append(node)

        def visit_FormattedString(self, node: cst.FormattedString) -> bool:  # noqa: ARG002, N802
            return False

        def visit_TemplatedString(self, node: cst.CSTNode) -> bool:  # noqa: ARG002, N802
            return False

        def visit_SimpleString(self, node: cst.SimpleString) -> bool:  # noqa: ARG002, N802
            return False

        def visit_Comment(self, node: cst.Comment) -> bool:  # noqa: ARG002, N802
            return False

    try:
        tree = cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError, ValueError):
        return []
    finder = Finder()
    try:
        tree.visit(finder)
    except RecursionError:
        return []
    return finder.calls


def _calls(statement: ast.stmt) -> list[tuple[ast.Call, bool]]:
    """The calls of a statement in the order of the text, those in f-strings left out, and whether each is awaited."""
    found: list[tuple[ast.Call, bool]] = []
    stack: list[tuple[ast.AST, bool]] = [(statement, False)]
    while stack:
        node, awaited = stack.pop()
        if isinstance(node, ast.JoinedStr):
            continue
        if isinstance(node, ast.Call):
            found.append((node, awaited))
        stack.extend((child, isinstance(node, ast.Await)) for child in ast.iter_child_nodes(node))
    found.sort(
        key=lambda pair: (
            pair[0].lineno,
            pair[0].col_offset,
            -(pair[0].end_lineno or 0),
            -(pair[0].end_col_offset or 0),
        )
    )
    return found
