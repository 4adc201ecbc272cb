"""What the rules say of themselves, read from their files: importing a rule brings along the whole analysis."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FILES: Final = "*/[!_]*.py"


class Description(NamedTuple):
    """The part of a `Rule` that users read; all of it stands in the rule's file as literals."""

    code: str
    name: str
    documentation: str
    preview: bool = False
    fixable: str | None = None

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.strip().partition("\n")[0]


def descriptions() -> list[Description]:
    """What every rule says of itself, in the order of the codes."""
    return sorted(_read(""))


def description(wanted: str) -> Description | None:
    """What the rule of that code or name says of itself; None where there is no such rule."""
    return next((each for each in _read(f'"{wanted}"') if wanted in (each.code, each.name)), None)


def _read(text: str) -> Iterator[Description]:
    """The descriptions in the files that hold a text."""
    for path in Path(__file__).parent.glob(_FILES):
        source = path.read_text(encoding="utf-8")
        if text in source:
            module = ast.parse(source)
            yield from filter(None, (_described(statement, module) for statement in module.body))


def _described(statement: ast.stmt, module: ast.Module) -> Description | None:
    """What a statement that makes the rule of a module says of it."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id="RULE")],
            value=ast.Call(args=[ast.Constant(value=str(code)), ast.Constant(value=str(name)), *_], keywords=more),
        ):
            literals = {each.arg: ast.literal_eval(each.value) for each in more if each.arg in Description._fields}
            return Description(code, name, ast.get_docstring(module, clean=False) or "", **literals)
        case _:
            return None
