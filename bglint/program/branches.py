"""Branches: which code of a function cannot run in a frame, because its conditions are settled by literals there.

Only what is certain counts: a parameter whose argument or default is a literal, a name that is bound once, to a
literal; whether a function that was handed over is a coroutine function.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program import names, stores
from bglint.program.facts import compared
from bglint.program.scopes import Kind
from bglint.program.values import Constant, Display, External, FunctionValue, ModuleValue
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bglint.program.calling import Arguments
    from bglint.program.program import Program
    from bglint.program.scopes import Binding, Place, Scope
    from bglint.program.values import Frame

Stretch = tuple["Place", "Place"]

_ASKS_FOR_COROUTINES = frozenset({"inspect.iscoroutinefunction", "asyncio.iscoroutinefunction"})
_MAX_LINKS = 6
"""Through how many names a literal is followed."""


def skipped(program: Program, frame: Frame) -> Sequence[Stretch]:
    """The stretches of a frame's code that do not run in it."""
    scope = frame.scope
    if not scope.branches or not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ()
    known = program.skipped.get(frame)
    if known is not None:
        return known
    program.skipped[frame] = ()
    cuts = program.cuts
    found: list[Stretch] = []
    for branch in scope.branches:
        outcome = truth(program, branch.test, frame)
        if outcome is not None:
            found += branch.if_false if outcome else branch.if_true
    if program.cuts == cuts:
        program.skipped[frame] = tuple(found)
    else:
        del program.skipped[frame]
    return found


def within(node: ast.AST, stretches: Sequence[Stretch]) -> bool:
    """Whether a node lies in one of some stretches of code."""
    if not stretches:
        return False
    place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
    return any(start <= place < end for start, end in stretches)


def truth(program: Program, test: ast.expr, frame: Frame) -> bool | None:
    """How a test comes out in a frame; None where that is not certain."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            outcome = truth(program, inner, frame)
            return None if outcome is None else not outcome
        case ast.BoolOp(op=op, values=values):
            stops = isinstance(op, ast.Or)
            parts = [truth(program, value, frame) for value in values]
            if stops in parts:
                return stops
            return None if None in parts else not stops
        case ast.Compare(left=ast.Constant(value=str(key)), ops=[ast.In()], comparators=[ast.Name() as held]):
            return _has_key(program, held, key, frame)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            one, other = literal(program, left, frame), literal(program, right, frame)
            return None if one is None or other is None else compared(op, one.value, other.value)
        case ast.Call(func=func, args=[asked]):
            return _is_coroutine_function(program, func, asked, frame)
        case _:
            found = literal(program, test, frame)
            return None if found is None else bool(found.value)


def _has_key(program: Program, name: ast.Name, key: str, frame: Frame) -> bool | None:
    """Whether a mapping has a key, where all that it can be is written with its keys, and nothing is put into it."""
    found: set[bool] = set()
    for value in program.infer(name, frame):
        if not isinstance(value, Display) or not isinstance(value.node, ast.Dict):
            return None
        if any(stores.stores(program, value.node, value.frame)):
            return None
        keys = [each.value if isinstance(each, ast.Constant) else None for each in value.node.keys]
        if None in keys:
            return None
        found.add(key in keys)
    return found.pop() if len(found) == 1 else None


def _is_coroutine_function(program: Program, func: ast.expr, asked: ast.expr, frame: Frame) -> bool | None:
    """The answer of `inspect.iscoroutinefunction(f)`, where every function that `f` can be gives the same."""
    asking = program.infer(func, frame)
    if not asking or not all(isinstance(v, External) and v.name in _ASKS_FOR_COROUTINES for v in asking):
        return None
    functions = program.infer(asked, frame)
    answers = {
        f.function.is_async and not f.function.is_generator if isinstance(f, FunctionValue) else None for f in functions
    }
    return answers.pop() if len(answers) == 1 else None


def literals(program: Program, function: FunctionValue, arguments: Arguments) -> dict[str, Constant]:
    """The parameters that a function's conditions ask for and of which a call makes one literal."""
    scope = function.function.scope
    asked = _asked(program, scope)
    if not asked:
        return {}
    written = arguments.expressions()
    if written is None:
        return {}
    positional, keywords = written
    found: dict[str, Constant] = {}
    signature = function.function.node.args
    parameters = [each.arg for each in [*signature.posonlyargs, *signature.args]]
    own = parameters if function.receiver is None else parameters[1:]
    given = dict(zip(own, positional, strict=False)) | keywords
    for name in asked:
        bindings = scope.bindings[name]
        expression = given.get(name)
        if expression is None and bindings[0].value is not None:
            expression = (bindings[0].value, function.frame)
        value = literal(program, *expression) if expression is not None else None
        if value is not None:
            found[name] = value
    return found


def _asked(program: Program, scope: Scope) -> tuple[str, ...]:
    """The parameters that a scope's conditions mention or that it hands on, if nothing else is ever bound to them."""
    known = program.asked.get(scope)
    if known is None:
        mentioned = {node.id for branch in scope.branches for node in walk(branch.test) if isinstance(node, ast.Name)}
        for site in scope.calls:
            given = (*site.node.args, *(keyword.value for keyword in site.node.keywords))
            mentioned |= {each.id for each in given if isinstance(each, ast.Name)}
        known = program.asked[scope] = tuple(
            name
            for name, bound in scope.bindings.items()
            if name in mentioned and len(bound) == 1 and bound[0].kind is Kind.PARAMETER
        )
    return known


def literal(program: Program, node: ast.expr, frame: Frame, links: int = _MAX_LINKS) -> Constant | None:
    """The literal that an expression certainly is in a frame."""
    match node:
        case ast.Constant(value=value):
            return Constant(value)
        case ast.Name(id=name) if links:
            current: Frame | None = frame
            while current is not None:
                scope = current.scope
                if name in scope.outer_names:
                    return None
                if (current is frame or not scope.is_class) and name in scope.bindings:
                    return _bound_once(program, scope, name, current, links)
                current = current.parent
        case ast.Attribute(value=owner, attr=name) if links:
            for holder in program.infer(owner, frame):
                if isinstance(holder, ModuleValue):
                    module_frame = program.module_frame(holder.module)
                    return _bound_once(program, holder.module.scope, name, module_frame, links)
    return None


def _bound_once(program: Program, scope: Scope, name: str, frame: Frame, links: int) -> Constant | None:
    """The literal of a name that a scope binds once, outside of every branch."""
    bindings = scope.bindings.get(name, ())
    if len(bindings) != 1 or bindings[0].path:
        return None
    binding = bindings[0]
    if binding.kind is Kind.PARAMETER:
        return frame.literals.get(name)
    if frame.parent is None and _changed_elsewhere(scope, binding):
        return None
    if binding.kind is Kind.VALUE and binding.value is not None and not binding.unpack:
        return literal(program, binding.value, frame, links - 1)
    if binding.kind is Kind.FROM and isinstance(binding.node, ast.ImportFrom):
        source = names.imported_module(program, binding.node, scope.module)
        if isinstance(source, ModuleValue):
            outer = program.module_frame(source.module)
            return _bound_once(program, source.module.scope, binding.name, outer, links - 1)
    return None


def _changed_elsewhere(scope: Scope, binding: Binding) -> bool:
    """Whether a module's name looks like a variable: not in capitals, or a function declares it `global`."""
    name = binding.name
    if binding.kind is Kind.VALUE and not name.isupper():
        return True
    return name in scope.module.declared_global
