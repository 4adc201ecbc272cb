"""What is known of conditions on one way through a function: enough to tell which branches go together."""

from __future__ import annotations

import ast
from collections import Counter
from functools import lru_cache

from bglint.program.walking import walk

Known = frozenset[tuple[str, bool | str | int | float | bytes | None, bool]]
"""Facts: an expression's text with its value (a literal), or, where the third part is false, its truth."""

NOTHING_KNOWN: Known = frozenset()
_FLIPPED = {ast.IsNot: ast.Is, ast.NotEq: ast.Eq, ast.NotIn: ast.In}
_NUMBERS = (int, float)
_FILLING = frozenset({"append", "add", "insert", "appendleft", "setdefault"})
_EMPTYING = frozenset(
    {"clear", "pop", "popitem", "popleft", "remove", "discard", "update", "extend", "intersection_update"}
)


class Conditions:
    """The conditions of one function that are worth remembering: what more than one test asks for."""

    def __init__(self, root: ast.AST) -> None:
        asked: Counter[str] = Counter()
        self._named: set[str] = set()
        for node in walk(root):
            match node:
                case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                    asked.update(set(_atoms(test)))
                    self._named |= {n.id for n in walk(test) if isinstance(n, ast.Name)}
        self._kept = {text for text, times in asked.items() if times > 1}

    def assign(self, known: Known, target: ast.expr, value: ast.expr | None) -> Known:
        """The facts once `target` has been given a value."""
        names = names_in(target)
        before = _value(known, target.id) if isinstance(target, ast.Name) else None
        known = forget(known, names)
        if isinstance(target, ast.Name) and target.id in self._named:
            if isinstance(value, ast.Constant):
                return known | {(target.id, value.value, True)}  # type: ignore[arg-type]
            if (filled := _is_filled(value)) is not None:
                return known | {(target.id, filled, False)}
            if isinstance(value, ast.BinOp) and isinstance(value.right, ast.Constant) and before is not None:
                number = _sum(before[0], value)
                if number is not None:
                    return known | {(target.id, number, True)}
        return known

    def call(self, known: Known, node: ast.Call) -> Known:
        """The facts once a method has been called: a collection that something is put into is not empty."""
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in self._named:
                if attr in _FILLING:
                    return forget(known, frozenset({name})) | {(name, True, False)}
                if attr in _EMPTYING:
                    return forget(known, frozenset({name}))
        return known

    def learn(self, known: Known, test: ast.expr, truth: bool) -> Known:
        """The facts once a test has come out one way."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self.learn(known, inner, not truth)
            case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is truth:
                for value in values:
                    known = self.learn(known, value, truth)
                return known
            case ast.BoolOp():
                return known
        text, flipped = _normal(test)
        if text.endswith(" is None"):
            base = text.removesuffix(" is None")
            if base in self._kept:
                known |= {(text, truth is not flipped, False)}
                return known | {(base, False, False)} if truth is not flipped else known
            return known
        if text not in self._kept:
            return known
        known |= {(text, truth is not flipped, False)}
        return known | {(f"{text} is None", False, False)} if truth is not flipped else known


@lru_cache(maxsize=64)
def conditions(root: ast.AST) -> Conditions:
    """The conditions of a function; the same object while it is asked for again and again."""
    return Conditions(root)


def truth(known: Known, test: ast.expr) -> bool | None:
    """How a test comes out under the facts; None where they do not tell."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            found = truth(known, inner)
            return None if found is None else not found
        case ast.BoolOp(op=op, values=values):
            stops = isinstance(op, ast.Or)
            parts = [truth(known, value) for value in values]
            if stops in parts:
                return stops
            return None if None in parts else not stops
        case ast.Name(id=name) if (constant := _value(known, name)) is not None:
            return bool(constant[0])
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[ast.Constant(value=right)]):
            constant = _value(known, name)
            if constant is not None:
                return compared(op, constant[0], right)
    if not known:
        return None
    text, flipped = _normal(test)
    for known_text, value, literal in known:
        if known_text == text and not literal:
            return bool(value) is not flipped
    return None


def forget(known: Known, names: frozenset[str]) -> Known:
    """The facts that do not speak of any of the names."""
    if not names or not known:
        return known
    return frozenset(fact for fact in known if not (_names_of_text(fact[0]) & names))


def names_in(node: ast.AST) -> frozenset[str]:
    """All plain names that a piece of code mentions."""
    return frozenset(each.id for each in walk(node) if isinstance(each, ast.Name))


def _atoms(test: ast.expr) -> list[str]:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _atoms(inner)
        case ast.BoolOp(values=values):
            return [text for value in values for text in _atoms(value)]
        case _:
            return [_normal(test)[0].removesuffix(" is None")]


def _is_filled(value: ast.expr | None) -> bool | None:
    """Whether a new collection holds something; None for anything else."""
    match value:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return bool(parts) if not any(isinstance(part, ast.Starred) for part in parts) else None
        case ast.Dict(keys=keys):
            return bool(keys) if None not in keys else None
        case ast.Call(func=ast.Name(id="list" | "dict" | "set"), args=[], keywords=[]):
            return False
        case _:
            return None


@lru_cache(maxsize=4096)
def _normal(test: ast.expr) -> tuple[str, bool]:
    """The text of a test in its positive form, and whether the test says the opposite."""
    match test:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[counted]), ops=[op], comparators=[ast.Constant(value=0)]
        ) if isinstance(op, ast.Eq | ast.Gt | ast.NotEq):
            return ast.unparse(counted), isinstance(op, ast.Eq)
        case ast.Call(func=ast.Name(id="len" | "bool"), args=[counted]):
            return ast.unparse(counted), False
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and (positive := _FLIPPED.get(type(test.ops[0]))):
        return ast.unparse(ast.Compare(test.left, [positive()], test.comparators)), True
    return ast.unparse(test), False


def _value(known: Known, name: str) -> tuple[object] | None:
    return next(((value,) for text, value, literal in known if literal and text == name), None)


def _sum(before: object, added: ast.BinOp) -> int | float | None:
    after = added.right.value if isinstance(added.right, ast.Constant) else None
    if not isinstance(before, _NUMBERS) or not isinstance(after, _NUMBERS):
        return None
    if isinstance(added.op, ast.Add):
        return before + after
    return before - after if isinstance(added.op, ast.Sub) else None


def compared(op: ast.cmpop, left: object, right: object) -> bool | None:
    """How a comparison of two literals comes out; None for what does not compare."""
    match op:
        case ast.Eq() | ast.Is():
            return left == right
        case ast.NotEq() | ast.IsNot():
            return left != right
    if not isinstance(left, _NUMBERS) or not isinstance(right, _NUMBERS):
        return None
    match op:
        case ast.Lt():
            return left < right
        case ast.LtE():
            return left <= right
        case ast.Gt():
            return left > right
        case ast.GtE():
            return left >= right
        case _:
            return None


@lru_cache(maxsize=4096)
def _names_of_text(text: str) -> frozenset[str]:
    return names_in(ast.parse(text, mode="eval"))
