"""Fixes of how the tasks object is asked for, and of awaiting what needs no await."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from bglint.fixes.concrete import replaced, rewritten
from bglint.fixes.rewriting import in_parentheses_of, with_plain_annotation
from bglint.fixes.site import fix
from bglint.program.modules import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Edit, Fix
    from bglint.fixes.site import Site
    from bglint.program.scopes import FunctionNode

_TYPE = "BackgroundTasks"


def drop_await(site: Site) -> Fix | None:
    """BG412: `await tasks.add_task(…)` becomes `tasks.add_task(…)`."""
    if site.registration is None or site.registration.form.awaitable:
        return None
    around = site.parent(site.registration.call)
    if not isinstance(around, ast.Await):
        return None
    edit = rewritten(site, around, cst.Await, lambda old: in_parentheses_of(old, old.expression))
    return fix("safe", "Remove `await`", edit)


def inject_plainly(site: Site) -> Fix | None:
    """BG413: `tasks: BackgroundTasks = Depends()` becomes a parameter that has nothing but its annotation."""
    found = [each for each in _parameters(site) if _is_wrong(each.parameter, each.default)]
    at = [each for each in found if _touches(site, each)] or _of_receiver(site, found)
    return fix("safe", "Leave the injection to the annotation", _plain(site, at[0])) if len(at) == 1 else None


@dataclass(frozen=True, slots=True)
class _Parameter:
    """A function's parameter, and its default."""

    function: FunctionNode
    parameter: ast.arg
    default: ast.expr | None


def _parameters(site: Site) -> Iterator[_Parameter]:
    """The parameters of all functions of the module."""
    for node in ast.walk(site.module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            positional = [*arguments.posonlyargs, *arguments.args]
            defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
            pairs = [
                *zip(positional, defaults, strict=True),
                *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
            ]
            yield from (_Parameter(node, parameter, default) for parameter, default in pairs)


def _is_wrong(parameter: ast.arg, default: ast.expr | None) -> bool:
    if default is not None:
        return _is_depends(default) and (parameter.annotation is None or _names_type(parameter.annotation))
    return _annotated(parameter) is not None


def _is_depends(node: ast.expr) -> bool:
    """Whether an expression is `Depends()` or `Depends(BackgroundTasks)`."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in {"Depends", "Security"} or node.keywords:
        return False
    return not node.args or (len(node.args) == 1 and _names_type(node.args[0]))


def _annotated(parameter: ast.arg) -> ast.expr | None:
    """The type in an annotation `Annotated[BackgroundTasks, Depends()]`."""
    match parameter.annotation:
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[plain, wrong])):
            if last_name(value) == "Annotated" and _names_type(plain) and _is_depends(wrong):
                return plain
    return None


def _names_type(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2] == _TYPE
    return last_name(node) == _TYPE


def _touches(site: Site, found: _Parameter) -> bool:
    text = site.text
    end = text.end(found.default if found.default is not None else found.parameter)
    start, stop = text.offset(site.span.start), text.offset(site.span.end)
    return text.start(found.parameter) <= stop and start <= end


def _of_receiver(site: Site, found: list[_Parameter]) -> list[_Parameter]:
    """Those of the parameters whose function registers the task on them."""
    if site.registration is None or not isinstance(site.registration.call.func, ast.Attribute):
        return []
    receiver = last_name(site.registration.call.func.value)
    function = site.function(site.registration.call)
    return [each for each in found if each.function is function and each.parameter.arg == receiver]


def _plain(site: Site, found: _Parameter) -> Edit | None:
    """The edit that leaves of a parameter the type; behind other defaults one that does no harm comes with it."""
    kind = _type_of(found)
    if kind is None:
        return None
    written, optional = site.text.of(kind), _follows_default(found)

    def plain(function: cst.FunctionDef) -> cst.FunctionDef:
        parameters = function.params
        every = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        old = next(each for each in every if each.name.value == found.parameter.arg)
        return replaced(function, {old: with_plain_annotation(old, written, optional=optional)})

    return rewritten(site, found.function, cst.FunctionDef, plain)


def _type_of(found: _Parameter) -> ast.expr | None:
    """What is written for the type of a parameter: in its annotation, or in `Depends(…)`."""
    if found.default is None:
        return _annotated(found.parameter)
    if found.parameter.annotation is not None:
        return found.parameter.annotation
    return found.default.args[0] if isinstance(found.default, ast.Call) and found.default.args else None


def _follows_default(found: _Parameter) -> bool:
    """Whether a parameter stands behind one with a default, so that it must have one too."""
    arguments = found.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    first = len(positional) - len(arguments.defaults)
    return found.default is not None and found.parameter in positional[first + 1 :]
