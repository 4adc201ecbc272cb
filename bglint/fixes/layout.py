"""Calls and parameter lists that would make their line too long, split as a formatter does it.

First all of it on a line of its own between the parentheses; where that is too long as well, each on its own line,
with a comma behind the last.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import libcst as cst
from libcst import MaybeSentinel

from bglint.advice import read_text

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Sequence

    from bglint.fixes.site import Site

DEFAULT_LENGTH: Final = 88
"""How long a line may be where the project does not say: what ruff and Black allow."""

_FILES: Final = (".ruff.toml", "ruff.toml", "pyproject.toml")


def line_length(folder: Path, root: Path) -> int:
    """How many characters a line may have in a folder: as ruff or Black are told there or further up, to `root`."""
    for each in (folder, *folder.parents):
        try:
            names = {inside.name for inside in each.iterdir()}
        except OSError:
            names = set()
        for name in _FILES:
            if name in names and (found := _told(name, read_text(str(each / name)))) is not None:
                return found
        if each == root:
            break
    return DEFAULT_LENGTH


def _told(name: str, text: str) -> int | None:
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    tools = table.get("tool") if name == "pyproject.toml" else {"ruff": table}
    for tool in ("ruff", "black"):
        options = tools.get(tool) if isinstance(tools, dict) else None
        length = options.get("line-length") if isinstance(options, dict) else None
        if isinstance(length, int) and length > 0:
            return length
    return None


def fitted_call(site: Site, call: cst.Call, start: int, end: int, lead: str = "") -> cst.Call:
    """A call that takes the place between two offsets behind `lead`, split where its line would be too long."""
    room = _Room.at(site, start, end, lead)
    code = cst.Module([]).code_for_node
    if room is None or not call.args or room.takes(code(call)):
        return call
    head = code(call.func)
    items = [code(each.with_changes(comma=MaybeSentinel.DEFAULT)).strip() for each in call.args]
    return room.split(call, f"{head}(", items)


def written_call(site: Site, callee: str, items: Sequence[str], place: tuple[int, int], lead: str) -> cst.Call | None:
    """A new call between two offsets, of items that may come from several lines; None where those cannot be joined."""
    room = _Room.at(site, *place, lead)
    joined = [_joined(item) for item in items]
    if any(item is None for item in joined):
        return None
    made = cst.parse_expression(f"{callee}({', '.join(item or '' for item in joined)})")
    assert isinstance(made, cst.Call)
    if room is None or room.takes(cst.Module([]).code_for_node(made)):
        return made
    return room.split(made, f"{callee}(", items)


def with_block(site: Site, callee: str, block: ast.expr, others: Sequence[str], node: ast.stmt) -> cst.Call | None:
    """A new call in a statement's place, of `{"detail": block}` and other arguments, each on a line of its own.

    The block keeps its lines, moved to the column where they belong; None where a string runs over several of them.
    """
    text = site.text
    room = _Room.at(site, text.start(node), text.end(node), "return ")
    written = text.of(block)
    if room is None or any(sign in written for sign in ('"""', "'''", "\\\n")):
        return None
    start = text.start(block)
    before = text.text[text.line_start(start) : start]
    lines = room.moved(written, len(before) - len(before.lstrip()))
    return room.exploded(callee, lines, others)


def _joined(item: str) -> str | None:
    """An item on one line: its strings and operands side by side."""
    if "\n" not in item:
        return item
    if any(sign in item for sign in ('"""', "'''", "#", "\\\n")):
        return None
    return " ".join(line.strip() for line in item.split("\n"))


def fitted_head(site: Site, function: cst.FunctionDef, start: int, old: str) -> cst.FunctionDef:
    """A function whose first line starts at an offset, its parameters split where a line would be too long.

    `old` is what was written: a line that was too long before is none of ours.
    """
    bare = function.with_changes(decorators=(), leading_lines=(), body=cst.SimpleStatementSuite([cst.Pass()]))
    code = cst.Module([]).code_for_node
    written = code(bare).removesuffix("pass\n").rstrip()
    room = _Room.at(site, start, site.text.line_end(start), "")
    if room is None or room.takes(written, old):
        return function
    parameters = function.params
    every: list[cst.Param | cst.ParamStar] = [*parameters.params]
    if parameters.posonly_params:
        return function
    if isinstance(parameters.star_arg, cst.Param | cst.ParamStar):
        every.append(parameters.star_arg)
    every += [*parameters.kwonly_params, *([parameters.star_kwarg] if parameters.star_kwarg is not None else [])]
    items = ["*" if isinstance(each, cst.ParamStar) else _alone(each) for each in every]
    head, _, _ = written.partition("(")
    behind = f" -> {code(function.returns.annotation)}" if function.returns is not None else ""
    for split in room.splits(f"{head}(", items, f"){behind}:"):
        made = cst.parse_statement(f"{split} pass\n")
        assert isinstance(made, cst.FunctionDef)
        return function.with_changes(params=made.params, whitespace_before_params=made.whitespace_before_params)
    return function


def _alone(parameter: cst.Param) -> str:
    star = parameter.star if isinstance(parameter.star, str) else ""
    plain = parameter.with_changes(comma=MaybeSentinel.DEFAULT, star=star)
    return cst.Module([]).code_for_node(plain).strip()


class _Room:
    """The place that a piece of code takes: the blanks before its line, the characters around it, and the limit."""

    def __init__(self, indent: str, around: int, limit: int) -> None:
        self._indent = indent
        self._inner = indent + ("\t" if indent.endswith("\t") else "    ")
        self._around = around
        self._limit = limit

    @classmethod
    def at(cls, site: Site, start: int, end: int, lead: str) -> _Room | None:
        """The room between two offsets; None where more than one statement stands on the line."""
        text = site.text
        before = text.text[text.line_start(start) : start]
        indent = before[: len(before) - len(before.lstrip())]
        behind = text.text[end : text.line_end(end)].partition("#")[0].rstrip()
        if ";" in before or ";" in behind:
            return None
        limit = line_length(Path(site.module.path).parent, Path(site.program.index.root))
        return cls(indent, len(before) + len(lead) + len(behind), limit)

    def takes(self, written: str, old: str = "") -> bool:
        """Whether code fits; of code on several lines those count that are not among the `old` ones."""
        _, *others = written.split("\n")
        if not others:
            return self._around + len(written) <= self._limit
        if old == "" or "#" in written:
            return True
        before = set(old.split("\n"))
        return all(len(line) <= self._limit or line in before for line in others)

    def split(self, call: cst.Call, head: str, items: Sequence[str]) -> cst.Call:
        """The call split; as it is where an item cannot be moved."""
        for split in self.splits(head, items, ")"):
            made = cst.parse_expression(split)
            assert isinstance(made, cst.Call)
            return made.with_changes(lpar=call.lpar, rpar=call.rpar)
        return call

    def splits(self, head: str, items: Sequence[str], tail: str) -> Iterator[str]:
        """The ways to split, the shortest first."""
        lines = [_joined(item) for item in items]
        if any(line is None for line in lines):
            return
        together = ", ".join(line or "" for line in lines)
        if len(self._inner) + len(together) <= self._limit:
            yield f"{head}\n{self._inner}{together}\n{self._indent}{tail}"
        parts = [f"\n{self._inner}{self._item(line or '', item)}," for line, item in zip(lines, items, strict=True)]
        yield "".join([head, *parts, f"\n{self._indent}{tail}"])

    def _item(self, line: str, item: str) -> str:
        """An item on a line of its own; a mapping of one entry is split once more where it is too long for that."""
        if len(self._inner) + len(line) < self._limit or not (line.startswith("{") and line.endswith("}")):
            return line
        inner = self._inner + self._inner[len(self._indent) :]
        content = line[1:-1]
        if len(inner) + len(content) > self._limit:
            content = f"\n{inner}".join(part.strip() for part in item[1:-1].split("\n")) + ","
        return f"{{\n{inner}{content}\n{self._inner}}}"

    def moved(self, written: str, column: int) -> str:
        """Lines whose first stood on one that began at a column, as they stand within a mapping within this call."""
        inner = self._inner + self._inner[len(self._indent) :]
        first, *others = written.split("\n")
        return "\n".join([first, *(inner + line[column:] if line[:column].isspace() else line for line in others)])

    def exploded(self, callee: str, detail: str, others: Sequence[str]) -> cst.Call:
        """The call with a mapping of one entry and other arguments, each on a line of its own."""
        inner = self._inner + self._inner[len(self._indent) :]
        mapping = f'{{\n{inner}"detail": {detail}\n{self._inner}}}'
        arguments = "".join(f"\n{self._inner}{each}," for each in (mapping, *others))
        made = cst.parse_expression(f"{callee}({arguments}\n{self._indent})")
        assert isinstance(made, cst.Call)
        return made
