"""The concrete syntax of the statement that a fix changes, with every blank and comment, and the edits that change it.

libcst reads that statement alone, and of a compound one its head: a fix needs no more, and a file of any size costs
the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from bglint.program.walking import children

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from bglint.diagnostics import Edit
    from bglint.fixes.site import Site
    from bglint.fixes.text import SourceText

MAX_NESTING = 80
"""How deep a statement may be nested for libcst to be asked: its visitors take up to eight frames a level."""
MAX_CHARACTERS = 1 << 18
"""Longer statements are not given to libcst, which takes a second for each megabyte, and half a gigabyte."""

_BRACKET = re.compile(r"[][(){}]")
_Node = TypeVar("_Node", bound=cst.CSTNode)


@dataclass(frozen=True, slots=True)
class Concrete:
    """A statement as libcst reads it; `start` is its offset in `text`, `nodes` are its nodes by their offsets in it."""

    statement: ast.stmt
    text: SourceText
    start: int
    module: cst.Module
    nodes: Mapping[tuple[int, int], list[cst.CSTNode]]

    def at(self, node: ast.expr | ast.stmt, kind: type[_Node]) -> _Node | None:
        """The concrete node of a kind that stands where one of `ast` does."""
        place = self.text.start(node) - self.start, self.text.end(node) - self.start
        found = self.module.body[:1] if node is self.statement and _has_body(node) else self.nodes.get(place, ())
        return next((each for each in found if isinstance(each, kind)), None)

    def edit(self, old: cst.CSTNode, new: cst.CSTNode) -> Edit | None:
        """The edit that puts one node in another's place; None where a comment would be lost."""
        changed = replaced(self.module, {old: new})
        if _comments(changed) != _comments(self.module):
            return None
        before, after = self.module.code, changed.code
        head = _alike(before, after)
        tail = _alike(before[head:][::-1], after[head:][::-1])
        return self.text.edit(self.start + head, self.start + len(before) - tail, after[head : len(after) - tail])


def concrete(site: Site, node: ast.AST) -> Concrete | None:
    """The innermost statement around a node, or the head of it; None where libcst cannot read it, or had better not."""
    statement = site.statement(node)
    if statement is None:
        return None
    start, written = _written(site.text, statement)
    if not _is_safe(statement, written):
        return None
    try:
        module = cst.parse_module(written)
    except (cst.ParserSyntaxError, ValueError):
        return None
    return Concrete(statement, site.text, start, module, _by_place(module)) if module.code == written else None


def rewritten(
    site: Site, node: ast.expr | ast.stmt, kind: type[_Node], change: Callable[[_Node], cst.CSTNode | None]
) -> Edit | None:
    """The edit that puts what `change` makes of a node in its place; None where it makes nothing of it."""
    syntax = concrete(site, node)
    old = syntax.at(node, kind) if syntax is not None else None
    new = change(old) if old is not None else None
    return syntax.edit(old, new) if syntax is not None and old is not None and new is not None else None


def replaced(node: _Node, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> _Node:
    """A tree with other nodes in the place of some of its own."""
    changed = node.visit(_Replacing(changes))
    assert isinstance(changed, type(node)) or node in changes
    return changed  # type: ignore[return-value]


class _Replacing(cst.CSTTransformer):
    def __init__(self, changes: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
        super().__init__()
        self._changes = changes

    def on_visit(self, node: cst.CSTNode) -> bool:
        return node not in self._changes

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        return self._changes.get(original_node, updated_node)


class _Comments(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def visit_Comment(self, node: cst.Comment) -> None:  # noqa: N802 -- libcst's name
        self.found.append(node.value)


def _alike(first: str, second: str) -> int:
    """How many characters two texts begin with in common."""
    shorter = min(len(first), len(second))
    return next((at for at in range(shorter) if first[at] != second[at]), shorter)


def _comments(module: cst.Module) -> list[str]:
    visitor = _Comments()
    module.visit(visitor)
    return sorted(visitor.found)


def _by_place(module: cst.Module) -> Mapping[tuple[int, int], list[cst.CSTNode]]:
    starts = [0, *accumulate(len(line) for line in module.code.splitlines(keepends=True))]
    nodes: defaultdict[tuple[int, int], list[cst.CSTNode]] = defaultdict(list)
    for node, place in MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider).items():
        first, last = place.start, place.end
        nodes[starts[first.line - 1] + first.column, starts[last.line - 1] + last.column].append(node)
    return nodes


def _written(text: SourceText, statement: ast.stmt) -> tuple[int, str]:
    """A statement's offset, and what is written from there on; of a compound one the head, with an empty body."""
    start = _first(text, statement)
    if _has_body(statement):
        written = text.text[start : _first(text, statement.body[0])] + "pass\n"  # type: ignore[attr-defined]
    else:
        written = text.text[start : text.end(statement)] + "\n"
    if written.startswith("elif"):
        return start + 2, written.removeprefix("el")
    return start, written


def _has_body(node: ast.expr | ast.stmt) -> bool:
    """Whether a statement is read without the block that belongs to it."""
    return isinstance(getattr(node, "body", None), list)


def _first(text: SourceText, statement: ast.stmt) -> int:
    """Where a statement begins, with its decorators."""
    decorators = getattr(statement, "decorator_list", ())
    return text.text.rindex("@", 0, text.start(decorators[0])) if decorators else text.start(statement)


def _is_safe(statement: ast.stmt, written: str) -> bool:
    """Whether libcst can be given a statement: too deep a one ends the process, and a huge one takes long.

    Brackets are counted besides, as what `ast` took for a plain string may be an f-string that nests others.
    """
    if len(written) > MAX_CHARACTERS:
        return False
    depth = 0
    for bracket in _BRACKET.findall(written):
        depth += 1 if bracket in "([{" else -1
        if depth > MAX_NESTING:
            return False
    level: list[ast.AST] = [statement]
    for _ in range(MAX_NESTING):
        level = [child for node in level for child in children(node)]
        if not level:
            return True
    return False
