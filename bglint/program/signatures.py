"""Signatures: which parameters a callable of the project takes, and whether a call's arguments fit them.

A callable whose decorators may change its signature has none that is known.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bglint.program import members
from bglint.program.values import ClassValue, External, FunctionValue, Instance, Partial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.values import Meanings, Value

_TRANSPARENT = frozenset({
    "staticmethod", "classmethod", "abstractmethod", "override", "final", "overload", "lru_cache", "cache", "retry",
    "on_exception", "on_predicate", "no_type_check", "typechecked", "beartype", "validate_call", "deprecated", "jit",
    "njit", "profile", "timeit", "log_call", "observe", "traceable", "trace", "instrument", "start_as_current_span",
})  # fmt: skip
"""Last names of library decorators that leave a function's parameters as they are."""
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket", "api_route", "route"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that can be given: by position, by name, or both."""

    name: str
    positional: bool
    named: bool
    required: bool
    annotation: ast.expr | None = None
    default: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters that remain to be given, and whether any number more is taken."""

    name: str
    parameters: tuple[Parameter, ...]
    more_positional: bool = False
    more_named: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a call: how many by position, which names; `open_*` where an unpacked one may add to them."""

    positional: int
    names: tuple[str, ...]
    open_positional: bool = False
    open_names: bool = False

    @classmethod
    def of(cls, positional: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> Given:
        """The arguments as written."""
        starred = sum(isinstance(each, ast.Starred) for each in positional)
        names = tuple(each.arg for each in keywords if each.arg is not None)
        return cls(len(positional) - starred, names, starred > 0, len(names) < len(keywords))


def signature(program: Program, value: Value) -> Signature | None:
    """The signature that a call of a value is bound to; None where reading does not tell."""
    match value:
        case FunctionValue():
            return _of_function(program, value)
        case Partial(target=target, call=call):
            inner = signature(program, target)
            return _without(inner, Given.of(call.args[1:], call.keywords)) if inner is not None else None
        case ClassValue():
            return _of_class(program, value)
        case Instance():
            return _of_method(program, value, "__call__")
        case _:
            return None


def mismatch(expected: Signature, given: Given) -> str | None:
    """Why arguments do not fit, in Python's words; None where they fit or it cannot be told."""
    slots = [p for p in expected.parameters if p.positional]
    if given.positional > len(slots) and not expected.more_positional:
        return (
            f"takes {_count(len(slots), 'positional argument')} but {given.positional} {_were(given.positional)} given"
        )
    by_position = {p.name for p in slots[: given.positional]}
    by_name = {p.name for p in expected.parameters if p.named}
    for name in given.names:
        if name in by_position and name in by_name:
            return f"got multiple values for argument '{name}'"
        if name not in by_name and not expected.more_named:
            return f"got an unexpected keyword argument '{name}'"
    if given.open_names:
        return None
    filled = by_position | set(given.names)
    missing = [
        p.name
        for p in expected.parameters
        if p.required and p.name not in filled and not (given.open_positional and p.positional)
    ]
    if missing:
        return f"misses {_count(len(missing), 'required argument')}: {', '.join(map(repr, missing))}"
    return None


def unfilled(expected: Signature, given: Given) -> list[Parameter]:
    """The parameters that surely get nothing from a call."""
    if given.open_positional or given.open_names:
        return []
    by_position = {p.name for p in [p for p in expected.parameters if p.positional][: given.positional]}
    return [p for p in expected.parameters if p.name not in by_position and p.name not in given.names]


def _of_function(program: Program, value: FunctionValue) -> Signature | None:
    shown = value.origin or value.function
    if shown is value.origin and shown.owner is not None and value.receiver is None:
        return None  # a wrapper of a method that was taken from its object or from its class
    if any(not _leaves_signature(program, shown, decorator) for decorator in shown.decorators):
        return None
    found = declared(shown)
    if value.receiver is not None:
        if not found.parameters or not found.parameters[0].positional:
            return found if found.more_positional else None
        found = replace(found, parameters=found.parameters[1:])
    return found


def declared(function: Function) -> Signature:
    """The signature that a function is written with."""
    arguments = function.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    defaults += arguments.defaults
    found = [
        Parameter(p.arg, True, p not in arguments.posonlyargs, default is None, p.annotation, default)
        for p, default in zip(positional, defaults, strict=True)
    ]
    found += [
        Parameter(p.arg, False, True, default is None, p.annotation, default)
        for p, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    return Signature(function.name, tuple(found), arguments.vararg is not None, arguments.kwarg is not None)


def _leaves_signature(program: Program, function: Function, decorator: ast.expr) -> bool:
    """Whether a decorator is known to leave the parameters as they are."""
    plain = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = plain.attr if isinstance(plain, ast.Attribute) else getattr(plain, "id", "")
    frame = program.frame_of(function.parent)
    values = program.infer(plain, frame)
    if any(isinstance(value, FunctionValue) for value in values):
        behind = _decorators_behind(program, values) if isinstance(decorator, ast.Call) else list(values)
        return bool(behind) and all(isinstance(v, FunctionValue) and _forwards(program, v) for v in behind)
    if isinstance(plain, ast.Attribute) and name in _ROUTES:
        return True
    return name in _TRANSPARENT and all(isinstance(value, External) for value in values)


def _decorators_behind(program: Program, factories: Meanings) -> list[Value]:
    """The decorators that a decorator with arguments makes; none where it may make anything else."""
    found: list[Value] = []
    for factory in factories:
        if not isinstance(factory, FunctionValue):
            return []
        frame = program.frame_of(factory.function.scope)
        made = [program.infer(each.value, frame) for each in factory.function.scope.returns if each.value is not None]
        if not all(made):
            return []
        found += [value for values in made for value in values]
    return found


def _forwards(program: Program, decorator: FunctionValue) -> bool:
    """Whether a decorator returns its function, or wrappers that hand on just what they get."""
    function = decorator.function
    if not function.parameters:
        return False
    wrapped = function.parameters[-1 if function.owner is not None else 0].arg
    results = [each.value for each in function.scope.returns if each.value is not None]
    return bool(results) and all(_is_same(program, decorator, result, wrapped) for result in results)


def _is_same(program: Program, decorator: FunctionValue, result: ast.expr, wrapped: str) -> bool:
    """Whether what a decorator returns takes the parameters of the function that it wraps."""
    if isinstance(result, ast.Name) and result.id == wrapped:
        return True
    values = program.infer(result, program.frame_of(decorator.function.scope))
    return bool(values) and all(
        isinstance(value, FunctionValue) and _passes_all(value.function, wrapped) for value in values
    )


def _passes_all(wrapper: Function, wrapped: str) -> bool:
    """Whether a wrapper takes any arguments, and each call of the wrapped function in it gets just these."""
    arguments = wrapper.node.args
    if arguments.posonlyargs or arguments.args or arguments.kwonlyargs or not arguments.vararg or not arguments.kwarg:
        return False
    calls = [s.node for s in wrapper.scope.calls if isinstance(s.node.func, ast.Name) and s.node.func.id == wrapped]
    return bool(calls) and all(_gets(call, arguments.vararg.arg, arguments.kwarg.arg) for call in calls)


def _gets(call: ast.Call, positional: str, named: str) -> bool:
    match call.args, call.keywords:
        case [ast.Starred(value=ast.Name(id=first))], [ast.keyword(arg=None, value=ast.Name(id=second))]:
            return (first, second) == (positional, named)
        case _:
            return False


def _of_class(program: Program, cls: ClassValue) -> Signature | None:
    """The signature of a class's `__init__`, where nothing else makes its objects."""
    if cls.cls.node.decorator_list or cls.cls.node.keywords:
        return None
    for base in members.ancestry(program, cls):
        if isinstance(base, External):
            if base.name == "builtins.object":
                continue
            return None
        if base.cls.node.decorator_list or base.cls.node.keywords or "__new__" in base.cls.methods:
            return None
        if "__init__" in base.cls.methods:
            found = _of_method(program, Instance(cls), "__init__")
            return replace(found, name=cls.cls.name) if found is not None else None
    return Signature(cls.cls.name, ())


def _of_method(program: Program, instance: Instance, name: str) -> Signature | None:
    methods = members.member(program, instance, name)
    if len(methods) != 1 or not isinstance(methods[0], FunctionValue):
        return None
    return _of_function(program, methods[0])


def _without(expected: Signature, given: Given) -> Signature | None:
    """What remains of a signature once a partial has bound some of it; None where it has bound what does not fit."""
    if given.open_positional or given.open_names:
        return None
    slots = [p for p in expected.parameters if p.positional]
    bound = {p.name for p in slots[: given.positional]}
    if (given.positional > len(slots) and not expected.more_positional) or bound & set(given.names):
        return None
    rest: list[Parameter] = []
    by_name_only = False
    for parameter in expected.parameters:
        if parameter.name in bound:
            continue
        if parameter.name in given.names:
            by_name_only = by_name_only or parameter.positional
            rest.append(replace(parameter, required=False, positional=False))
        else:
            rest.append(replace(parameter, positional=parameter.positional and not by_name_only))
    return replace(expected, parameters=tuple(rest), more_positional=expected.more_positional and not by_name_only)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
