"""Parameters that a framework's dependency injection fills."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.program import members
from bglint.program.hints import injector
from bglint.program.modules import last_name
from bglint.program.scopes import Kind
from bglint.program.values import ClassValue, FunctionValue, Instance, Partial

if TYPE_CHECKING:
    from bglint.program.program import Program
    from bglint.program.scopes import Binding
    from bglint.program.values import Frame, Value

DEPENDS = frozenset({"Depends", "Security"})


def injected_parameters(program: Program, value: Value) -> frozenset[str]:
    """The names of a callable's parameters that `Depends(…)` stands for, by default or by annotation."""
    match value:
        case FunctionValue(function=function):
            frame = program.frame_of(function.scope)
            bindings = [b for bound in function.scope.bindings.values() for b in bound if b.kind is Kind.PARAMETER]
            return frozenset(binding.name for binding in bindings if is_injected(program, binding, frame))
        case Partial(target=target):
            return injected_parameters(program, target)
        case ClassValue() | Instance():
            name = "__init__" if isinstance(value, ClassValue) else "__call__"
            instance = Instance(value) if isinstance(value, ClassValue) else value
            methods = [m for m in members.member(program, instance, name) if isinstance(m, FunctionValue)]
            return frozenset().union(*(injected_parameters(program, method) for method in methods))
        case _:
            return frozenset()


def is_injected(program: Program, binding: Binding, frame: Frame) -> bool:
    """Whether a parameter is filled by `Depends(…)`."""
    found = injector(program, binding, frame)
    return found is not None and last_name(found[0].func) in DEPENDS
