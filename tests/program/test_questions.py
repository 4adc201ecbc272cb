"""Answers where questions wait for one another: whoever asks first, each gets the whole answer."""

from __future__ import annotations

import ast
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from bglint.program.modules import ModuleIndex
from bglint.program.program import Program

if TYPE_CHECKING:
    from pathlib import Path

RING = """
def one(n): return two(n) if n else "one"
def two(n): return three(n) if n else "two"
def three(n): return one(n) if n else "three"

one(0)
two(0)
three(0)
"""


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_functions_that_return_each_others_results_return_all_of_them(tmp_path: Path, order: tuple[int, ...]) -> None:
    path = tmp_path / "ring.py"
    path.write_text(RING, encoding="utf-8")
    index = ModuleIndex(str(tmp_path))
    module = index.load(str(path))
    assert module is not None
    calls = [statement.value for statement in module.tree.body if isinstance(statement, ast.Expr)]
    program = Program(index)
    for at in (*order, *order):
        found = program.infer(calls[at], program.module_frame(module))
        assert {getattr(value, "value", None) for value in found} == {"one", "two", "three"}
