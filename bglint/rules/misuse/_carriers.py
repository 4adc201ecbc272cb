"""Objects that keep what they are given: which attribute holds which argument of a constructor."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.program import members
from bglint.program.modules import last_name
from bglint.program.values import ClassValue, FunctionValue, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.values import Frame

Given = dict[str, tuple[ast.expr, "Frame"]]
"""Parameters with the expression that a call gives for them, and the frame it stands in."""
Bound = dict[tuple[int, str], tuple[ast.expr, "Frame"]]

_MAX_DEPTH = 3
"""How many methods deep an object's own code is looked through for an attribute."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """An `__init__` of an object under construction: its frame, what it is given, and what it keeps as what."""

    frame: Frame
    given: Given
    kept: tuple[tuple[str, ast.expr], ...]


@contextmanager
def binding(bound: Bound, frame: Frame, given: Given) -> Iterator[None]:
    """Have the parameters of a frame's function stand for what a call gives them."""
    before = dict(bound)
    bound.update({(id(frame.scope), name): value for name, value in given.items()})
    try:
        yield
    finally:
        bound.clear()
        bound.update(before)


def arguments(call: ast.Call, callee: FunctionValue, frame: Frame) -> Given:
    """The parameters of a function with what a call gives; a method's receiver among them."""
    function = callee.function
    given: Given = {}
    skipped = 1 if callee.receiver is not None else 0
    if skipped and isinstance(call.func, ast.Attribute) and function.parameters:
        given[function.parameters[0].arg] = (call.func.value, frame)
    given.update(_given(call, function, skipped, frame))
    return given


def argument(call: ast.Call, function: Function, name: str) -> ast.expr | None:
    """The expression that a call gives for one parameter, a method's receiver not counted."""
    skipped = 1 if function.owner is not None and "staticmethod" not in function.decorator_names else 0
    given = _given(call, function, skipped, None)
    return given[name][0] if name in given else None


def _given(call: ast.Call, function: Function, skipped: int, frame: Frame | None) -> Given:
    positional = []
    for each in call.args:
        if isinstance(each, ast.Starred):
            break
        positional.append(each)
    names = [parameter.arg for parameter in function.parameters[skipped:]]
    given: Given = {name: (value, frame) for name, value in zip(names, positional, strict=False)}  # type: ignore[misc]
    given.update({k.arg: (k.value, frame) for k in call.keywords if k.arg is not None})  # type: ignore[misc]
    return given


def keepers(program: Program, cls: ClassValue, call: ast.Call, frame: Frame) -> Iterator[Keeper]:
    """The `__init__`s that run when an object is made, from the class upwards through `super().__init__(…)`."""
    for base in members.ancestry(program, cls):
        if not isinstance(base, ClassValue) or "__init__" not in base.cls.methods:
            continue
        init = base.cls.methods["__init__"][-1]
        inner = program.frame_of(init.scope)
        yield Keeper(inner, _given(call, init, 1, frame), tuple(_kept(init)))
        further = next((site.node for site in init.scope.calls if _is_super_init(site.node)), None)
        if further is None:
            return
        call, frame = further, inner


def _kept(init: Function) -> Iterator[tuple[str, ast.expr]]:
    receiver = init.parameters[0].arg if init.parameters else ""
    for target, value, _ in init.scope.attributes:
        if isinstance(target.value, ast.Name) and target.value.id == receiver and value is not None:
            yield target.attr, value


def _is_super_init(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__"):
            return True
        case _:
            return False


def has_own_init(program: Program, cls: ClassValue) -> bool:
    """Whether the project says what constructing an object of a class does."""
    return any(
        isinstance(base, ClassValue) and "__init__" in base.cls.methods for base in members.ancestry(program, cls)
    )


def keeps(program: Program, cls: ClassValue) -> bool:
    """Whether objects of a class keep what they are given: by an `__init__` of the project, or as a dataclass."""
    return has_own_init(program, cls) or "dataclass" in {
        last_name(d.func if isinstance(d, ast.Call) else d) for d in cls.cls.node.decorator_list
    }


def assigned(program: Program, value: Instance, attribute: str, bound: Bound) -> Iterator[tuple[ast.expr, Frame]]:
    """What an object's attribute is set to, its constructor's parameters standing for what they were given."""
    for base in members.ancestry(program, value.cls):
        if isinstance(base, ClassValue):
            for method, node, _ in base.cls.instance_attributes.get(attribute, ()):
                if node is not None and (method.name != "__init__" or value.made is None):
                    yield node, program.frame_of(method.scope)
    if value.made is None:
        return
    for keeper in keepers(program, value.cls, value.made.call, value.made.frame):
        with binding(bound, keeper.frame, keeper.given):
            for name, node in keeper.kept:
                if name == attribute:
                    yield node, keeper.frame


def all_assigned(program: Program, value: Instance) -> Iterator[tuple[str, ast.expr, Frame]]:
    """What the `__init__`s of an object's class set, with the frame of each."""
    for base in members.ancestry(program, value.cls):
        if isinstance(base, ClassValue) and "__init__" in base.cls.methods:
            init = base.cls.methods["__init__"][-1]
            for name, node in _kept(init):
                yield name, node, program.frame_of(init.scope)


def injected_attributes(program: Program, value: Instance) -> Iterator[tuple[str, ast.Call, Frame]]:
    """Class attributes that `Depends(…)` fills: `session: Session = Depends(get_session)` in a class-based view."""
    for base in members.ancestry(program, value.cls):
        if not isinstance(base, ClassValue):
            continue
        for bindings in base.cls.scope.bindings.values():
            for each in bindings:
                if isinstance(each.value, ast.Call) and last_name(each.value.func) in {"Depends", "Security"}:
                    yield each.name, each.value, base.frame


def touches(
    program: Program, function: Function, value: Instance, attributes: frozenset[str], depth: int = _MAX_DEPTH
) -> bool:
    """Whether a method leads to one of its object's attributes, directly or through the object's other methods."""
    if not attributes or not function.parameters:
        return True
    receiver = function.parameters[0].arg
    return any(_reads(program, used, value, attributes, depth) for used in uses_of(function.node, receiver))


def uses_of(root: ast.AST, name: str) -> Iterator[str]:
    """How a piece of code uses a name: the attributes it reads of it, and the empty text for any other use."""
    attributes: dict[int, str] = {}
    for node in ast.walk(root):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            attributes[id(node.value)] = node.attr
    for node in ast.walk(root):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            yield attributes.get(id(node), "")


def only_reads(
    program: Program, value: FunctionValue, name: str, attributes: frozenset[str], depth: int = _MAX_DEPTH
) -> bool:
    """Whether all that a function does with a name is to read some attributes, itself or where it passes it on."""
    parents = {child: node for node in ast.walk(value.function.node) for child in ast.iter_child_nodes(node)}
    for node, around in parents.items():
        if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
            continue
        if isinstance(around, ast.Attribute):
            if around.attr not in attributes:
                return False
            continue
        call = parents[around] if isinstance(around, ast.keyword) else around
        if depth <= 0 or not isinstance(call, ast.Call) or node is call.func:
            return False
        callees = program.infer(call.func, program.frame_of(value.function.scope))
        if not callees or not all(
            isinstance(callee, FunctionValue)
            and (parameter := _parameter_of(call, callee, node)) is not None
            and only_reads(program, callee, parameter, attributes, depth - 1)
            for callee in callees
        ):
            return False
    return True


def _parameter_of(call: ast.Call, callee: FunctionValue, node: ast.expr) -> str | None:
    """The parameter of a function that an argument of a call goes to."""
    given = _given(call, callee.function, 1 if callee.receiver is not None else 0, None)
    names = {each.arg for each in [*callee.function.parameters, *callee.function.node.args.kwonlyargs]}
    return next((name for name, (each, _) in given.items() if each is node and name in names), None)


def _reads(program: Program, used: str, value: Instance, attributes: frozenset[str], depth: int) -> bool:
    """Whether reading (or calling) one attribute of an object leads to one of some others."""
    if not used or used in attributes:
        return True
    if depth <= 0:
        return False
    for base in members.ancestry(program, value.cls):
        if isinstance(base, ClassValue) and (methods := base.cls.methods.get(used)):
            return touches(program, methods[-1], value, attributes, depth - 1)
    return False


def leads_to(
    program: Program, root: ast.AST, name: str, values: tuple[object, ...], attributes: frozenset[str]
) -> bool:
    """Whether a piece of code, through an object it knows by a name, leads to one of the object's attributes."""
    objects = [value for value in values if isinstance(value, Instance)]
    if not objects or not attributes:
        return True
    return any(_reads(program, used, each, attributes, _MAX_DEPTH) for each in objects for used in uses_of(root, name))
