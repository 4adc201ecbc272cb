"""How long a loop of attempts waits in all, where the code says it."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from bglint.program.lexical import reaching
from bglint.program.modules import last_name
from bglint.program.scopes import Kind
from bglint.program.values import Constant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bglint.program.program import Program
    from bglint.program.values import Frame

_MAX_ATTEMPTS = 1000
_MAX_DEPTH = 8
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_LARGEST = 1e6


def waiting(program: Program, loop: ast.stmt, sleeps: Sequence[ast.Call], frame: Frame) -> float | None:
    """The seconds that a loop sleeps between its attempts, jitter at its most; None where that is not known."""
    if not isinstance(loop, ast.For | ast.AsyncFor) or not isinstance(loop.target, ast.Name):
        return None
    attempts = _attempts(program, loop.iter, frame)
    if attempts is None or any(not sleep.args for sleep in sleeps):
        return None
    total = 0.0
    for attempt in attempts[:-1]:
        reader = _Reader(program, frame, loop.target.id, float(attempt))
        seconds = [reader.number(sleep.args[0]) for sleep in sleeps]
        if any(each is None for each in seconds):
            return None
        total += max(each for each in seconds if each is not None)
    return total


def _attempts(program: Program, node: ast.expr, frame: Frame) -> range | None:
    """The numbers that `range(…)` gives."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "range" or node.keywords:
        return None
    reader = _Reader(program, frame, "", 0.0)
    bounds = [reader.number(each) for each in node.args]
    known = [int(each) for each in bounds if each is not None]
    if not 0 < len(known) == len(bounds) <= 3 or (len(known) == 3 and known[2] == 0):
        return None
    found = range(*known)
    return found if len(found) <= _MAX_ATTEMPTS else None


class _Reader:
    """Reads numbers out of expressions, for one attempt."""

    def __init__(self, program: Program, frame: Frame, name: str, attempt: float) -> None:
        self._program = program
        self._frame = frame
        self._name = name
        self._attempt = attempt

    def number(self, node: ast.expr, depth: int = 0) -> float | None:
        """What an expression comes to; None where it cannot be read."""
        if depth > _MAX_DEPTH:
            return None
        match node:
            case ast.Name(id=name) if name == self._name:
                return self._attempt
            case ast.BinOp(left=left, op=op, right=right):
                return _combined(op, self.number(left, depth + 1), self.number(right, depth + 1))
            case ast.Call():
                return self._call(node, depth)
        values = self._program.infer(node, self._frame)
        numbers = [float(v.value) for v in values if isinstance(v, Constant) and isinstance(v.value, int | float)]
        if numbers and len(numbers) == len(values):
            return max(numbers)
        return self._bound(node, depth) if isinstance(node, ast.Name) else None

    def _bound(self, node: ast.Name, depth: int) -> float | None:
        """What a name is bound to in the same function; a parameter where it is sure which literal it is."""
        bindings, holder = reaching(node, self._frame)
        found: list[float | None] = []
        for binding in bindings:
            if binding.kind is Kind.VALUE and binding.value is not None and not binding.unpack:
                found.append(self.number(binding.value, depth + 1) if holder is self._frame else None)
            elif binding.kind is Kind.PARAMETER and (literal := holder.literals.get(node.id)) is not None:
                found.append(float(literal.value) if isinstance(literal.value, int | float) else None)
            else:
                found.append(None)
        return max((each for each in found if each is not None), default=None) if None not in found else None

    def _call(self, node: ast.Call, depth: int) -> float | None:
        numbers = [self.number(each, depth + 1) for each in node.args]
        known = [each for each in numbers if each is not None]
        match last_name(node.func):
            case "min" if known:
                return min(known)
            case "max" | "uniform" | "randint" if known and len(known) == len(numbers):
                return max(known)
            case "float" | "int" | "round" if known:
                return known[0]
            case "random" if not numbers:
                return 1.0
            case _:
                return None


def _combined(op: ast.operator, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if isinstance(op, ast.Pow):
        return left**right if abs(left) <= _MAX_ATTEMPTS and 0 <= right <= _MAX_DEPTH * 2 else _LARGEST
    if type(op) not in _OPERATORS or (isinstance(op, ast.Div) and right == 0):
        return None
    return _OPERATORS[type(op)](left, right)
