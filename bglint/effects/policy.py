"""What the settings and comments declare of callables."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bglint.effects.model import Effect, Hop, Summary

if TYPE_CHECKING:
    from bglint.program.modules import Function

DECLARED_MS = 1000.0
"""What a callable that is declared heavy is taken to cost."""

_DECLARATION = re.compile(r"#\s*bglint:\s*(light|heavy)\b")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of effects: the user's own heavy and light callables, and how far calls are followed."""

    heavy: tuple[str, ...] = ()
    light: tuple[str, ...] = ()
    max_depth: int = 10

    def declared(self, symbol: str) -> str | None:
        """`heavy` or `light` where a pattern names the symbol (from the project's root or from any package)."""
        for word, patterns in (("light", self.light), ("heavy", self.heavy)):
            if any(fnmatchcase(symbol, p) or fnmatchcase(symbol, f"*.{p}") for p in patterns):
                return word
        return None

    def of_function(self, function: Function) -> str | None:
        """`heavy` or `light` where a comment on the head of a function or a pattern says so."""
        node = function.node
        if not isinstance(node, ast.Lambda):
            for row in range(node.lineno, node.body[0].lineno + 1):
                line = function.module.source.lines[row - 1] if row <= len(function.module.source.lines) else ""
                if "bglint" in line and (found := _DECLARATION.search(line)):
                    return found.group(1)
        return self.declared(function.symbol)


def heavy(hop: Hop) -> Summary:
    """What a callable does that is declared heavy."""
    return Summary((Effect.once("cpu", None, DECLARED_MS, hop),))
