"""From candidate calls to registrations: what is called must be a framework's, by type, import or telling name."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from bglint import profiling
from bglint.diagnostics import Confidence
from bglint.program import members
from bglint.program.calling import Arguments
from bglint.program.modules import function_of, last_name
from bglint.program.scopes import Kind
from bglint.program.values import ClassValue, External, FunctionValue, Instance, Meanings, Super
from bglint.registrations.candidates import Candidate, candidates
from bglint.registrations.forms import BELIEVED_NAMES, FORMS, METHODS, ROUTE_METHODS, TYPES, Form
from bglint.registrations.registration import Registration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.program.modules import Function, Module
    from bglint.program.program import Program
    from bglint.program.values import Frame, Value

_TYPE_NAMES = frozenset(TYPES)
_FRAMEWORKS = ("fastapi", "starlette", "litestar", "lilya", "esmerald", "sanic", "quart")
MAX_HELPERS = 3
"""Through how many helpers a callable is followed back to those who hand it over."""


class Finder:
    """Finds registrations in modules, by the frameworks' forms and those that the user declares."""

    def __init__(self, program: Program, declared: Iterable[Form] = (), *, preview: bool = False) -> None:
        self.program = program
        self.declared = tuple(declared)
        self.preview = preview
        self._methods = METHODS | {form.method for form in self.declared}

    @profiling.stage("registrations")
    def in_module(self, module: Module) -> list[Registration]:
        """The registrations that a module's text holds."""
        found = []
        for candidate in candidates(module, self._methods | _aliases(module)):
            registration = self._registration(module, candidate)
            if registration is not None:
                found.append(registration)
        return found

    @profiling.stage("registrations")
    def through_helpers(self, found: list[Registration]) -> tuple[list[Registration], list[Registration]]:
        """Split off what only passes a parameter on, and add the calls that hand the callable to the helper.

        Returns the registrations to judge (helpers' own marked `passed_on`), and those that were added, which may lie
        in any module of the project.
        """
        known = {id(each.call) for each in found}
        added: list[Registration] = []
        settled: list[Registration] = []
        for registration in found:
            outer = list(self._handed_over(registration, known, MAX_HELPERS))
            added += outer
            settled.append(_marked(registration) if outer else registration)
        return settled, added

    def _registration(self, module: Module, candidate: Candidate) -> Registration | None:
        call = candidate.call
        frame = self.program.frame_at(module, (call.lineno, call.col_offset))
        recognised = self._recognise(call, frame)
        if recognised is None:
            return None
        form, confidence = recognised
        if form.preview and not (self.preview and _in_handler(frame)):
            return None
        target, skipped = _target(call, form)
        if target is None and not call.keywords and not call.args:
            return None
        uncalled = _uncalled(target, form)
        meanings = self.program.infer(uncalled, frame) if uncalled is not None else ()
        arguments = Arguments(self.program, call, frame).behind(skipped)
        if uncalled is not target and isinstance(target, ast.Call):
            arguments = Arguments(self.program, target, frame)
        return Registration(
            module,
            call,
            frame,
            form,
            confidence,
            target,
            meanings,
            arguments,
            candidate.awaited,
        )

    def _recognise(self, call: ast.Call, frame: Frame) -> tuple[Form, Confidence] | None:
        callees = self.program.infer(call.func, frame)
        for callee in callees:
            form = self._form_of(callee) or self._derived_form(callee)
            if form is not None:
                return form, Confidence.HIGH
        if isinstance(call.func, ast.Attribute):
            for receiver in self.program.infer(call.func.value, frame):
                for base, form in TYPES.items():
                    if form.method == call.func.attr and _is_a(self.program, receiver, base):
                        return form, Confidence.HIGH
            if not _known(callees) and call.func.attr in {"add_task", "add_background_task"}:
                return self._by_name(call.func, frame)
        return None

    def _form_of(self, callee: Value) -> Form | None:
        name = self.program.qualified_name(callee)
        if name is None:
            return None
        if name in FORMS:
            return FORMS[name]
        return next((f for f in self.declared if name == f.call or name.endswith(f".{f.call}")), None)

    def _derived_form(self, callee: Value) -> Form | None:
        """The form of a class derived from a framework's task, whose constructor it keeps."""
        if not isinstance(callee, ClassValue):
            return None
        for base in members.ancestry(self.program, callee):
            if isinstance(base, External):
                if base.name in FORMS:
                    return FORMS[base.name]
            elif "__init__" in base.cls.methods:
                return None
        return None

    def _by_name(self, func: ast.Attribute, frame: Frame) -> tuple[Form, Confidence] | None:
        """A receiver that nothing types, but whose name tells, in a module that imports a framework."""
        if self.program.infer(func.value, frame):
            return None
        match func.value:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                pass
            case ast.Subscript(slice=ast.Constant(value=str(name))):
                pass
            case _:
                return None
        if name.lstrip("_") not in BELIEVED_NAMES or func.attr != "add_task":
            return None
        framework = _imported_framework(frame)
        if framework is None:
            return None
        form = FORMS[
            "starlette.background.BackgroundTasks.add_task"
            if framework == "starlette"
            else "fastapi.BackgroundTasks.add_task"
        ]
        return form, Confidence.MEDIUM

    def _handed_over(self, registration: Registration, known: set[int], depth: int) -> Iterator[Registration]:
        """The calls of the function around that hand it the callable which it registers."""
        if depth == 0 or not isinstance(registration.target, ast.Name):
            return
        frame = registration.frame
        node = frame.scope.node
        bindings = frame.scope.bindings.get(registration.target.id, ())
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or frame.scope.parent is None:
            return
        if not bindings or any(binding.kind is not Kind.PARAMETER for binding in bindings):
            return
        helper = function_of(frame.scope)
        if helper is None:
            return
        for call, outer in self.program.search.callers(helper):
            if id(call) in known:
                continue
            known.add(id(call))
            target, arguments = self._passed(helper, call, outer, registration.target.id)
            if target is None:
                continue
            passed = Registration(
                outer.scope.module, call, outer, registration.form, registration.confidence, target,
                self.program.infer(target, outer), arguments, helper=helper,
            )  # fmt: skip
            further = list(self._handed_over(passed, known, depth - 1))
            yield _marked(passed) if further else passed
            yield from further

    def _passed(
        self, helper: Function, call: ast.Call, frame: Frame, parameter: str
    ) -> tuple[ast.expr | None, Arguments]:
        """The expression that a call gives for a parameter, and the arguments behind it."""
        arguments = Arguments(self.program, call, frame)
        names = [each.arg for each in helper.parameters]
        bound_method = helper.owner is not None and "staticmethod" not in helper.decorator_names
        at = names.index(parameter) - bound_method if parameter in names else -1
        for keyword in call.keywords:
            if keyword.arg == parameter:
                return keyword.value, Arguments.of(())
        if 0 <= at < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: at + 1]):
            return call.args[at], arguments.behind(at + 1)
        return None, arguments


def _marked(registration: Registration) -> Registration:
    return replace(registration, passed_on=True)


def _is_a(program: Program, receiver: Value, type_name: str) -> bool:
    if isinstance(receiver, Super):
        return _is_a(program, receiver.receiver, type_name)
    return members.is_a(program, receiver, frozenset({type_name}))


def _known(callees: Meanings) -> bool:
    return any(isinstance(callee, External | FunctionValue | Instance) for callee in callees)


def _target(call: ast.Call, form: Form) -> tuple[ast.expr | None, int]:
    """The argument that a form takes for its target, and how many positional ones come up to it."""
    if form.argument is not None and len(call.args) > form.argument:
        if not any(isinstance(each, ast.Starred) for each in call.args[: form.argument + 1]):
            return call.args[form.argument], form.argument + 1
        return None, form.argument + 1
    for keyword in call.keywords:
        if keyword.arg is not None and keyword.arg == form.keyword:
            return keyword.value, 0
    return None, 0


def _uncalled(target: ast.expr | None, form: Form) -> ast.expr | None:
    """The callable of a target: where a form takes coroutines, what was called to make it."""
    if form.takes != "callable":
        inner = target.value if isinstance(target, ast.Await) else target
        if isinstance(inner, ast.Call):
            return inner.func
    return target


def _aliases(module: Module) -> frozenset[str]:
    """Other names under which a module imports a registering constructor or function, or derives from it."""
    names: set[str] = set()
    for node in module.statements:
        match node:
            case ast.ImportFrom(names=aliases):
                names.update(a.asname or a.name for a in aliases if a.name in METHODS or a.name.endswith("Task"))
            case ast.ClassDef(bases=bases, name=name) if any(last_name(b) in METHODS for b in bases):
                names.add(name)
    return frozenset(names)


def _imported_framework(frame: Frame) -> str | None:
    """The framework that a frame's module imports, if any."""
    imported = frame.scope.module.imported_packages
    return next((name for name in _FRAMEWORKS if name in imported), None)


def _in_handler(frame: Frame) -> bool:
    """Whether a frame is a request handler's, by its route decorator."""
    current: Frame | None = frame
    while current is not None:
        node = current.scope.node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else None
                if isinstance(called, ast.Attribute) and called.attr in ROUTE_METHODS:
                    return True
        current = current.parent
    return False
