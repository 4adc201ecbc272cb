"""The places that a finding depends on: a change there may have brought it about, one elsewhere has not."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bglint.program.syntax import parse
from bglint.source import UnreadableSourceError, decode, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bglint.diagnostics import Definition, Diagnostic


class Place(NamedTuple):
    """Rows of a file, from 1, both ends inclusive."""

    filename: str
    first: int
    last: int


def places_of(
    diagnostic: Diagnostic, definition: Definition | None, edited: Mapping[str, bytes] | None = None
) -> Iterator[Place]:
    """Yield where a finding is, and the functions that it comes from.

    These are the functions that its trace leads through. A finding without a trace says something of the function that
    registers the task, or of the target, whose `definition` is given where it is known; or of a comment (BG902, BG903),
    or of a whole file (BG901). `edited` holds the content of files that is not on the disk yet. A place may come twice.
    """
    span = diagnostic.span
    yield Place(span.filename, span.start.row, span.end.row)
    if diagnostic.code == "BG901":
        yield Place(span.filename, 1, sys.maxsize)
    if diagnostic.code.startswith("BG9"):
        return
    rows = [(step.filename, step.location.row) for step in diagnostic.trace]
    if not rows:
        rows.append((span.filename, span.start.row))
        if definition is not None:
            rows.append((definition.filename, definition.location.row))
    for filename, row in rows:
        data = (edited or {}).get(filename)
        yield Place(filename, *_around(row, _functions(filename, data)))


def files_of(diagnostic: Diagnostic, definition: Definition | None) -> set[str]:
    """Return the files that a finding depends on."""
    files = {diagnostic.span.filename, *(step.filename for step in diagnostic.trace)}
    return files | {definition.filename} if definition is not None else files


def _around(row: int, functions: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """Return the rows of the innermost function around a row; the row alone where there is none."""
    around = [rows for rows in functions if rows[0] <= row <= rows[1]]
    return min(around, key=lambda rows: rows[1] - rows[0], default=(row, row))


def forget_functions() -> None:
    """Read the files anew that are asked about next: they may have changed."""
    _functions.cache_clear()


@lru_cache(maxsize=256)
def _functions(filename: str, data: bytes | None) -> tuple[tuple[int, int], ...]:
    """Return the rows of each function and class of a file, decorators included; none where it cannot be read."""
    try:
        tree = parse(decode(read_regular(filename) if data is None else data))
    except (OSError, UnreadableSourceError):
        return ()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return tuple(
        (min([node.lineno, *(each.lineno for each in node.decorator_list)]), node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    )
