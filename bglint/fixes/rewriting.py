"""From a call that stands where a callable belongs to the callable and its arguments, comments and layout kept."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bglint.diagnostics import Edit
    from bglint.fixes.text import SourceText


@dataclass(frozen=True, slots=True)
class Handover:
    """What is to be rewritten: in `call`, the stretch from `first` to `last`, to what `inner` calls and its arguments.

    `keyword` is the one that names the target, if one does. `names` are to be replaced within `inner`.
    """

    call: ast.Call
    first: ast.expr
    last: ast.expr
    inner: ast.Call
    keyword: ast.keyword | None
    names: Mapping[str, ast.expr]


def handover_edit(text: SourceText, work: Handover) -> Edit | None:
    """The edit that hands over the callable; None where a comment would be lost, or it cannot be written."""
    low = text.opening(work.call) + 1
    start, end = text.outer(work.first, low)[0], text.outer(work.last, low)[1]
    opening, closing = text.opening(work.inner), text.closing(work.inner)
    callee = work.inner.func
    raw = text.text[opening + 1 : closing]
    if _is_lone_generator(work.inner):
        raw = f"({raw.strip()})"
    if any(
        "#" in text.text[a:b] for a, b in ((start, text.start(callee)), (text.end(callee), opening), (closing, end))
    ):
        return None
    if work.keyword is not None and work.inner.args:
        if work.call.keywords[0] is not work.keyword:
            return None
        start = text.start(work.keyword)
    written = substituted(text, callee, work.names)
    if not work.inner.args and not work.inner.keywords:
        return text.edit(start, end, written) if "#" not in raw else None
    if "\n" not in raw:
        arguments = substituted_text(text, raw, opening + 1, _arguments(work.inner), work.names)
        return text.edit(start, end, f"{written}, {arguments.strip().removesuffix(',').rstrip()}")
    return _over_lines(text, work, (start, end), written, raw) if not work.names else None


def _over_lines(text: SourceText, work: Handover, stretch: tuple[int, int], callee: str, raw: str) -> Edit | None:
    """The edit where the arguments stand on lines of their own."""
    start, end = stretch
    indent = text.indent(start)
    if indent is None or raw.partition("\n")[0].strip():  # beside the target's own line: the lines stay where they are
        if raw.lstrip(" \t") != raw.lstrip():
            lead = ","
        else:
            lead, raw = ", ", raw.lstrip()
        if text.text.startswith(",", text.skip(end)):
            raw = raw.rstrip()
            if "#" in raw.rpartition("\n")[2]:
                return None
            raw = raw.removesuffix(",") if _ends_with_comma(text, work.inner) else raw
        return text.edit(start, end, callee + lead + raw)
    lines = raw.rstrip().split("\n")[1:]
    opening = text.opening(work.inner)
    first_row = text.position(opening).row
    inside_strings = _rows_inside_strings(work.inner)
    surplus = len(lines[0]) - len(lines[0].lstrip()) - len(indent)
    moved = [
        _dedented(line, surplus) if first_row + number not in inside_strings else line
        for number, line in enumerate(lines, 1)
    ]
    content = "\n".join([f"{callee},", *moved])
    behind = text.skip(end)
    if text.text[behind] == ",":  # of two commas one is left
        if "#" in text.text[end:behind]:
            return None
        if _ends_with_comma(text, work.inner):
            end = behind + 1
    rest = text.text[end : text.line_end(end)].strip(" \t,")
    if "#" in moved[-1] and rest:
        return None
    return text.edit(start, end, content)


def _dedented(line: str, surplus: int) -> str:
    blanks = len(line) - len(line.lstrip())
    return line[min(surplus, blanks) :] if surplus > 0 else line


def _ends_with_comma(text: SourceText, call: ast.Call) -> bool:
    """Whether a comma stands behind the last argument."""
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    end = max(map(text.end, given))
    at = text.skip(end)
    while text.text[at] == ")" and at < text.closing(call):
        at = text.skip(at + 1)
    return text.text[at] == ","


def _rows_inside_strings(node: ast.AST) -> set[int]:
    """The rows that begin within a string literal."""
    rows: set[int] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Constant | ast.JoinedStr):
            rows.update(range(each.lineno + 1, (each.end_lineno or each.lineno) + 1))
    return rows


def _is_lone_generator(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.GeneratorExp) and not call.keywords


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def substituted(text: SourceText, node: ast.expr, names: Mapping[str, ast.expr]) -> str:
    """What is written for an expression, some of its names replaced by other expressions."""
    return substituted_text(text, text.of(node), text.start(node), [node], names)


def substituted_text(
    text: SourceText, raw: str, offset: int, nodes: Iterable[ast.expr], names: Mapping[str, ast.expr]
) -> str:
    """A stretch of the text that begins at `offset`, the names in its expressions replaced by other expressions."""
    uses = [each for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in names]
    for use in sorted(uses, key=text.start, reverse=True):
        at = text.start(use) - offset
        raw = raw[:at] + text.of(names[use.id]) + raw[at + len(use.id) :]
    return raw
