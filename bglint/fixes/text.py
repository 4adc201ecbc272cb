"""The text of a module for those who build edits: from syntax nodes to places, and what lies between them."""

from __future__ import annotations

import ast
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from bglint.diagnostics import Edit, Position

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bglint.source import Source


class SourceText:
    """A module's text with line breaks as line feeds; offsets count its code points from 0."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.text = "\n".join(source.lines)
        self._starts = [0, *accumulate(len(line) + 1 for line in source.lines)]

    def start(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> int:
        """Where a node begins, parentheses around it left out."""
        return self.offset(self._source.position(node.lineno, node.col_offset))

    def end(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> int:
        """Where a node ends, parentheses around it left out."""
        return self.offset(self._source.position(node.end_lineno or node.lineno, node.end_col_offset or 0))

    def of(self, node: ast.expr) -> str:
        """What is written for an expression."""
        return self.text[self.start(node) : self.end(node)]

    def offset(self, position: Position) -> int:
        """The offset of a place."""
        return self._starts[position.row - 1] + position.column - 1

    def position(self, offset: int) -> Position:
        """The place of an offset."""
        row = self.text.count("\n", 0, offset)
        return Position(row + 1, offset - self._starts[row] + 1)

    def edit(self, start: int, end: int, content: str) -> Edit:
        """The edit that puts `content` between two offsets."""
        return Edit(content, self.position(start), self.position(end))

    def line_start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, its line feed left out."""
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def indent(self, offset: int) -> str | None:
        """The blanks before an offset; None where anything else stands on the line before it."""
        before = self.text[self.line_start(offset) : offset]
        return None if before.strip() else before

    def without_statement(self, statement: ast.stmt) -> Edit | None:
        """The edit that removes a statement and its lines; None where it shares them, with a comment for instance."""
        start, end = self.start(statement), self.end(statement)
        line_end = self.line_end(end)
        if self.indent(start) is None or self.text[end:line_end].strip():
            return None
        return self.edit(self.line_start(start), min(line_end + 1, len(self.text)), "")

    def before_statement(self, statement: ast.stmt, line: str) -> Edit | None:
        """The edit that puts a line before a statement; None where something else stands before it."""
        start = self.start(statement)
        indent = self.indent(start)
        if indent is None:
            return None
        at = self.line_start(start)
        return self.edit(at, at, f"{indent}{line}\n")


@lru_cache(maxsize=64)
def source_text(source: Source) -> SourceText:
    """The text of a module, prepared once."""
    return SourceText(source)


@lru_cache(maxsize=16)
def parents(tree: ast.Module) -> Mapping[ast.AST, ast.AST]:
    """The parent of every node of a tree."""
    return {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
