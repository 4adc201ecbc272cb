"""The object that a task is added to: where it comes from, and what happens to it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from bglint.program import exceptions, members
from bglint.program.lexical import reaching
from bglint.program.scopes import Kind
from bglint.program.values import ClassValue, External, FunctionValue
from bglint.registrations.forms import ROUTE_METHODS, TYPES

if TYPE_CHECKING:
    from bglint.program.modules import Function, Module
    from bglint.program.program import Program
    from bglint.program.scopes import Binding
    from bglint.program.values import Frame
    from bglint.registrations.registration import Registration

ON_RESPONSE = frozenset({"fastapi", "starlette"})
"""Frameworks whose tasks ride on the response, and run when it has been sent."""
ATTACHED = ON_RESPONSE | {"litestar", "lilya", "esmerald", "ravyn", "bglint"}
"""Frameworks whose tasks run only where something is attached to a response, or awaited."""
_TESTS = re.compile(r"(^|/)(tests?/|test_[^/]*$|[^/]*_tests?\.py$|conftest\.py$)")
_CONTAINERS = frozenset(
    name for name, form in TYPES.items() if form.framework in ATTACHED and form.method == "add_task"
)


def hands_over(registration: Registration) -> bool:
    """Whether the target is handed over as a callable; Sanic takes coroutines that were made of it as well."""
    takes = registration.form.takes
    return takes == "callable" or (takes == "either" and not isinstance(registration.target, ast.Call))


def is_direct(registration: Registration) -> bool:
    """Whether the call itself registers: by the framework's own function, or by a method that overrides it."""
    helper = registration.helper
    return helper is None or (helper.owner is not None and helper.name == registration.form.method)


def receiver(registration: Registration) -> ast.expr | None:
    """The object in `object.add_task(…)`; None where the task is made by a constructor or goes through a helper."""
    func = registration.call.func
    if is_direct(registration) and isinstance(func, ast.Attribute) and not registration.form.method[:1].isupper():
        return func.value
    return None


def is_awaited(registration: Registration) -> bool:
    """Whether the registering call stands behind `await`."""
    around = exceptions.parents(registration.frame.scope.node).get(registration.call)
    return registration.awaited or isinstance(around, ast.Await)


def bindings_of(registration: Registration) -> tuple[str, list[Binding], Frame] | None:
    """The name that tasks are added to, its bindings, and the frame that holds them."""
    node = receiver(registration)
    if not isinstance(node, ast.Name):
        return None
    bindings, frame = reaching(node, registration.frame)
    return node.id, bindings, frame


def parameter(registration: Registration) -> tuple[str, Frame] | None:
    """The parameter through which the function at hand, or one around it, got the object that tasks are added to."""
    found = bindings_of(registration)
    if found is None:
        return None
    name, bindings, frame = found
    if bindings and all(binding.kind is Kind.PARAMETER for binding in bindings):
        return name, frame
    return None


def makes_tasks(program: Program, node: ast.expr | None, frame: Frame) -> bool:
    """Whether an expression is `BackgroundTasks()`: an empty collection whose tasks run with a response."""
    if not isinstance(node, ast.Call) or node.args or node.keywords:
        return False
    callees = program.infer(node.func, frame)
    return bool(callees) and all(is_tasks_class(program, callee) for callee in callees)


def is_tasks_class(program: Program, value: object) -> bool:
    """Whether a value is a framework's class of tasks, or one derived from it that adds tasks as it does."""
    if isinstance(value, External):
        return value.name in _CONTAINERS
    if not isinstance(value, ClassValue):
        return False
    for base in members.ancestry(program, value):
        if isinstance(base, External):
            if base.name in _CONTAINERS:
                return True
        elif base.cls.methods.keys() & {"add_task", "__init__", "__new__"}:
            return False
    return False


def override(registration: Registration, program: Program) -> FunctionValue | None:
    """The project's own method that a registering call means, where a subclass has one."""
    for callee in program.infer(registration.call.func, registration.frame):
        if isinstance(callee, FunctionValue):
            return callee
    return None


def callers_outside_tests(program: Program, function: Function) -> list[tuple[ast.Call, Frame]]:
    """The calls of a function with the frames they stand in: what a test gives says nothing of requests."""
    callers = program.search.callers(function)
    return [each for each in callers if not _TESTS.search(_within_project(program, each[1].scope.module))]


def _within_project(program: Program, module: Module) -> str:
    """The path of a module from the root of its project on."""
    return module.path.removeprefix(program.index.root_of(module.directory))


def route_methods(node: ast.AST) -> frozenset[str]:
    """The route decorators of a function by last name, such as `get`, `post`, `websocket`."""
    found = set()
    for decorator in getattr(node, "decorator_list", ()):
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
            found.add(decorator.func.attr)
    return frozenset(found & (ROUTE_METHODS | {"websocket_route"}))
