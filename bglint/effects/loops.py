"""How often a loop runs, and what its own Python costs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.modules import last_name
from bglint.program.values import Collection, Constant, Display, Frame
from bglint.program.walking import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.program.program import Program
    from bglint.program.scopes import LoopNode

NODE_MS = 0.000015
"""Milliseconds that CPython 3.11 takes for one node of a simple expression (measured: 10^7 turns of `t += i * i`)."""
TURN_MS = 0.00002
"""Milliseconds for one turn of a loop with an empty body."""
CALL_MS = 0.00008
"""Milliseconds of calling a small Python function from C, as `map` does."""
MAX_NODES = 400
_OWN_COST = (ast.For, ast.AsyncFor, ast.While, ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)


def turns(program: Program, loop: LoopNode, frame: Frame) -> float | None:
    """How often a loop runs; None where that is not known."""
    if isinstance(loop, ast.While):
        return _while_turns(program, loop, frame)
    return length(program, loop.iter, frame)


def length(program: Program, node: ast.expr, frame: Frame) -> float | None:
    """How many elements an expression gives when it is iterated; None where that is not known."""
    if isinstance(node, ast.Call):
        return _call_length(program, node, frame)
    lengths = []
    for value in program.infer(node, frame):
        match value:
            case Display(node=ast.List() | ast.Tuple() | ast.Set() as display) if not any(
                isinstance(each, ast.Starred) for each in display.elts
            ):
                if not display.elts:
                    return None
                lengths.append(len(display.elts))
            case Display(node=ast.Dict() as display) if display.keys:
                lengths.append(len(display.keys))
            case Constant(value=str() | bytes() as text):
                lengths.append(len(text))
            case Collection(groups, ordered) if ordered:
                lengths.append(len(groups))
            case _:
                return None
    return max(lengths) if lengths else None


def _call_length(program: Program, node: ast.Call, frame: Frame) -> float | None:
    name = last_name(node.func)
    if name in {"range", "trange"}:
        return _range_length(program, node, frame)
    if name in {"enumerate", "list", "tuple", "sorted", "reversed", "tqdm", "iter", "set"} and node.args:
        return length(program, node.args[0], frame)
    if name == "zip" and node.args:
        known = [n for n in (length(program, each, frame) for each in node.args) if n is not None]
        return min(known) if known else None
    if name in {"product", "permutations", "combinations"}:
        return _combined_length(program, name, node, frame)
    if name == "repeat" and len(node.args) > 1:
        return number(program, node.args[1], frame)
    return None


def _range_length(program: Program, node: ast.Call, frame: Frame) -> float | None:
    bounds = [number(program, each, frame) for each in node.args]
    match bounds:
        case [float() as stop]:
            return max(0.0, stop)
        case [float() as start, float() as stop]:
            return max(0.0, stop - start)
        case [float() as start, float() as stop, float() as step] if step:
            return max(0.0, (stop - start) / step)
        case _:
            return None


def _combined_length(program: Program, name: str, node: ast.Call, frame: Frame) -> float | None:
    sizes = [length(program, each, frame) for each in node.args if not isinstance(each, ast.Starred)]
    if name == "product":
        repeat = next((number(program, k.value, frame) for k in node.keywords if k.arg == "repeat"), 1.0)
        product = 1.0
        for size in sizes:
            if size is None or repeat is None:
                return None
            product *= size
        return product**repeat if sizes and repeat is not None else None
    return None


def number(program: Program, node: ast.expr, frame: Frame) -> float | None:
    """The largest number that an expression can be, where it can be computed by reading."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = number(program, node.operand, frame)
        return -inner if inner is not None else None
    if isinstance(node, ast.Call) and last_name(node.func) == "len" and node.args:
        return length(program, node.args[0], frame)
    values = program.infer(node, frame)
    numbers = [
        float(value.value)
        for value in values
        if isinstance(value, Constant) and isinstance(value.value, int | float) and not isinstance(value.value, bool)
    ]
    return max(numbers) if numbers and len(numbers) == len(values) else None


def _while_turns(program: Program, loop: ast.While, frame: Frame) -> float | None:
    """`while n < LIMIT: … n += 1`: the limit, where it is a number."""
    match loop.test:
        case ast.Compare(left=ast.Name(id=counter), ops=[ast.Lt() | ast.LtE()], comparators=[limit]):
            bound = number(program, limit, frame)
            steps = [
                step
                for node in walk(loop)
                if isinstance(node, ast.AugAssign)
                and isinstance(node.target, ast.Name)
                and node.target.id == counter
                and (step := number(program, node.value, frame))
            ]
            return bound / steps[0] if bound is not None and steps and steps[0] > 0 else None
        case _:
            return None


def is_endless(loop: LoopNode) -> bool:
    """Whether a loop is `while True` with no way out but an exception; one that yields ends with who iterates it."""
    if not isinstance(loop, ast.While) or not (isinstance(loop.test, ast.Constant) and loop.test.value):
        return False
    return not any(_leaves(statement, nested=False) for statement in loop.body)


def _leaves(node: ast.AST, *, nested: bool) -> bool:
    """Whether a statement can leave the loop around it: by return or yield, by its break, by raise."""
    match node:
        case ast.Return() | ast.Yield() | ast.YieldFrom():
            return True
        case ast.Break():
            return not nested
        case ast.Raise():
            return True
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
            return False
        case ast.Call(func=ast.Attribute(value=ast.Name(id="sys"), attr="exit")):
            return True
        case ast.For() | ast.AsyncFor() | ast.While():
            nested = True
    return any(_leaves(child, nested=nested) for child in children(node))


def body_ms(body: Iterable[ast.AST]) -> float:
    """What one turn of a loop costs in Python of its own: nested loops are costed by themselves."""
    nodes = 0
    stack = list(body)
    while stack and nodes < MAX_NODES:
        node = stack.pop()
        if isinstance(node, _OWN_COST):
            continue
        if isinstance(node, ast.expr | ast.stmt) and not isinstance(node, ast.Expr):
            nodes += 1
        stack += children(node)
    return TURN_MS + nodes * NODE_MS
