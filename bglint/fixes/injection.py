"""Fixes of how the tasks object is asked for, and of awaiting what needs no await."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.fixes.site import fix
from bglint.program.modules import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Edit, Fix
    from bglint.fixes.site import Site

_TYPE = "BackgroundTasks"


def drop_await(site: Site) -> Fix | None:
    """BG412: `await tasks.add_task(…)` becomes `tasks.add_task(…)`."""
    if site.registration is None or site.registration.form.awaitable:
        return None
    around = site.parent(site.registration.call)
    if not isinstance(around, ast.Await):
        return None
    text = site.text
    start = text.start(around)
    end = text.skip(start + len("await"))
    removed = text.text[start:end]
    return None if removed.strip() != "await" else fix("safe", "Remove `await`", text.edit(start, end, ""))


def inject_plainly(site: Site) -> Fix | None:
    """BG413: `tasks: BackgroundTasks = Depends()` becomes a parameter that has nothing but its annotation."""
    found = [pair for pair in _parameters(site) if _is_wrong(*pair[1:])]
    at = [each for each in found if _touches(site, *each[1:])] or _of_receiver(site, found)
    if len(at) != 1:
        return None
    function, parameter, default = at[0]
    edit = _plain_annotation(site, parameter) if default is None else _plain(site, function, parameter, default)
    return fix("safe", "Leave the injection to the annotation", edit)


def _parameters(site: Site) -> Iterator[tuple[ast.arguments, ast.arg, ast.expr | None]]:
    """The parameters of all functions of the module, with their defaults."""
    for node in ast.walk(site.module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            positional = [*arguments.posonlyargs, *arguments.args]
            defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
            for parameter, default in zip(positional, defaults, strict=True):
                yield arguments, parameter, default
            for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
                yield arguments, parameter, default


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


def _touches(site: Site, parameter: ast.arg, default: ast.expr | None) -> bool:
    text = site.text
    end = text.end(default if default is not None else parameter)
    start, stop = text.offset(site.span.start), text.offset(site.span.end)
    return text.start(parameter) <= stop and start <= end


def _of_receiver(
    site: Site, found: list[tuple[ast.arguments, ast.arg, ast.expr | None]]
) -> list[tuple[ast.arguments, ast.arg, ast.expr | None]]:
    """Those of the parameters whose function registers the task on them."""
    if site.registration is None or not isinstance(site.registration.call.func, ast.Attribute):
        return []
    receiver = site.registration.call.func.value
    function = site.function(site.registration.call)
    return [
        each
        for each in found
        if function is not None and each[0] is function.args and last_name(receiver) == each[1].arg
    ]


def _plain_annotation(site: Site, parameter: ast.arg) -> Edit | None:
    """The edit that leaves of `Annotated[BackgroundTasks, Depends()]` the type alone."""
    plain = _annotated(parameter)
    if plain is None or parameter.annotation is None:
        return None
    text = site.text
    start, end = text.start(parameter.annotation), text.end(parameter.annotation)
    return None if "#" in text.text[start:end] else text.edit(start, end, text.of(plain))


def _plain(site: Site, arguments: ast.arguments, parameter: ast.arg, default: ast.expr) -> Edit | None:
    """The edit that removes a default; behind other defaults one that does no harm has to take its place."""
    text = site.text
    start, end = text.end(parameter), text.outer(default, text.end(parameter))[1]
    if "#" in text.text[start:end]:
        return None
    given = default.args[0] if isinstance(default, ast.Call) and default.args else None
    annotation = parameter.annotation if parameter.annotation is not None else given
    if annotation is None:
        return None
    kind = text.of(annotation)
    declared = "" if parameter.annotation is not None else f": {kind}"
    positional = [*arguments.posonlyargs, *arguments.args]
    first = len(positional) - len(arguments.defaults)
    if parameter in positional and positional.index(parameter) > first:
        plain_kind = kind.strip("\"'")
        return text.edit(start, end, f"{declared} = {plain_kind}()")
    return text.edit(start, end, declared)
