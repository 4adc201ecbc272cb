"""The arguments that a registration hands to its target, as written."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.lexical import reaching, uses
from bglint.program.scopes import Kind
from bglint.program.signatures import Given, declared
from bglint.rules.misuse._tasks import is_direct, override

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import FunctionValue
    from bglint.registrations.registration import Registration


def passed(registration: Registration) -> tuple[list[ast.expr], list[ast.keyword]]:
    """The positional and the named arguments that a form hands to the target."""
    form, call = registration.form, registration.call
    if not form.forwards:
        return [], []
    by_keyword = any(keyword.value is registration.target for keyword in call.keywords)
    skipped = 0 if by_keyword or form.argument is None else form.argument + 1
    named = [keyword for keyword in call.keywords if keyword.value is not registration.target]
    return call.args[skipped:], named


def given(registration: Registration, program: Program) -> Given | None:
    """The same, counted; None where an own method or helper in between may take some of it for itself."""
    if not registration.form.forwards or not is_direct(registration):
        return None
    between = override(registration, program)
    if between is not None and not _hands_on(between):
        return None
    positional, named = passed(registration)
    return Given.of(positional, [each for keyword in named for each in _unpacked(keyword, registration)])


def _unpacked(keyword: ast.keyword, registration: Registration) -> list[ast.keyword]:
    """The arguments that `**{…}` stands for, also by the name of a dictionary that nothing else is done with."""
    display = keyword.value
    if keyword.arg is None and isinstance(display, ast.Name):
        bindings, holder = reaching(display, registration.frame)
        only_read = all(use is display for use in uses(holder.scope, display.id))
        if len(bindings) == 1 and bindings[0].kind is Kind.VALUE and not bindings[0].unpack and only_read:
            display = bindings[0].value or display
    if keyword.arg is not None or not isinstance(display, ast.Dict):
        return [keyword]
    names = [key.value for key in display.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if len(names) < len(display.keys):
        return [keyword]
    return [ast.keyword(arg=name, value=value) for name, value in zip(names, display.values, strict=True)]


def parameter_for(registration: Registration, value: FunctionValue, node: ast.expr) -> str | None:
    """The target's parameter that an argument goes to."""
    positional, named = passed(registration)
    for keyword in named:
        if keyword.value is node:
            return keyword.arg
    names = [parameter.arg for parameter in value.function.parameters][value.receiver is not None :]
    at = next((index for index, each in enumerate(positional) if each is node), len(names))
    return names[at] if at < len(names) else None


def expressions(registration: Registration) -> Iterator[ast.expr]:
    """All arguments that go to the target, unpacked ones included."""
    if not is_direct(registration):
        positional = list(registration.call.args)
        at = next((i for i, each in enumerate(positional) if each is registration.target), len(positional) - 1)
        yield from positional[at + 1 :]
        return
    positional, named = passed(registration)
    for each in positional:
        yield each.value if isinstance(each, ast.Starred) else each
    yield from (keyword.value for keyword in named)


def _hands_on(method: FunctionValue) -> bool:
    """Whether a method takes a function and anything else besides, as the framework's does."""
    expected = declared(method.function)
    return len(expected.parameters) == 2 and expected.more_positional and expected.more_named
