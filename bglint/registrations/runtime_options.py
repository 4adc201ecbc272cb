"""The options that `bglint.runtime` has for a task: of `.with_options(…)`, of `@task_options(…)`, of the object."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program.lexical import reaching
from bglint.program.scopes import Kind
from bglint.program.values import Constant, FunctionValue, Partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.contract import OptionName
    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.values import Frame, Value
    from bglint.registrations.registration import Registration

RUNTIME = "bglint.runtime"
_MAX_STEPS = 10
"""How many views of views, and names for them, are followed back."""


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """An option as it is written: the expression, its frame, and the callable it is given to by its last name."""

    value: ast.expr
    frame: Frame
    given_to: str

    def is_none(self, program: Program) -> bool:
        """Whether it is None, which switches off what it is about."""
        return program.infer(self.value, self.frame) == (Constant(None),)


def option(registration: Registration, program: Program, name: OptionName) -> Option | None:
    """The winning one of a task's options of that name; None where it has none, or is another framework's."""
    if registration.form.framework != "bglint":
        return None
    views, objects = _along_receiver(registration, program)
    given = (*views, *_fixed(registration, program), *objects)
    return next((written for each, written in given if each == name), None)


def offload(registration: Registration, program: Program) -> Option | None:
    """The option that makes a task run elsewhere; None where it runs here."""
    given = option(registration, program, "offload")
    return None if given is None or given.is_none(program) else given


def offload_name(option: Option, program: Program) -> str:
    """The class of an `offload=` by its dotted name, or the option as it is written."""
    for value in program.infer(option.value, option.frame):
        name = program.qualified_name(value)
        if name is not None and name.startswith(f"{RUNTIME}.offload."):
            return catalog.canonical(name)
    return ast.unparse(option.value)


def _along_receiver(
    registration: Registration, program: Program
) -> tuple[list[tuple[str, Option]], list[tuple[str, Option]]]:
    """What the views on the way from `add_task` to the object give, the nearest first, and what the object gives."""
    func = registration.call.func
    views: list[tuple[str, Option]] = []
    node: ast.expr | None = func.value if isinstance(func, ast.Attribute) else None
    frame = registration.frame
    for _ in range(_MAX_STEPS):
        match node:
            case ast.Name():
                bindings, frame = reaching(node, frame)
                node = bindings[0].value if len(bindings) == 1 and bindings[0].kind is Kind.VALUE else None
            case ast.Call(func=ast.Attribute(value=inner, attr="with_options")):
                views += _written(node, frame, "with_options")
                node = inner
            case ast.Call() if _is(program, node.func, frame, "BackgroundTasks"):
                return views, list(_written(node, frame, "BackgroundTasks"))
            case _:
                break
    return views, []


def _fixed(registration: Registration, program: Program) -> Iterator[tuple[str, Option]]:
    """What `@task_options(…)` fixes to the target, the outermost decorator first."""
    for value in registration.meanings:
        function = _function(value)
        if function is None:
            continue
        frame = program.frame_of(function.parent)
        for decorator in function.decorators:
            if isinstance(decorator, ast.Call) and _is(program, decorator.func, frame, "task_options"):
                yield from _written(decorator, frame, "task_options")


def _function(value: Value) -> Function | None:
    while isinstance(value, Partial):
        value = value.target
    return (value.origin or value.function) if isinstance(value, FunctionValue) else None


def _is(program: Program, node: ast.expr, frame: Frame, name: str) -> bool:
    names = map(program.qualified_name, program.infer(node, frame))
    return any(each is not None and catalog.canonical(each) == f"{RUNTIME}.{name}" for each in names)


def _written(call: ast.Call, frame: Frame, given_to: str) -> Iterator[tuple[str, Option]]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, Option(keyword.value, frame, given_to)
