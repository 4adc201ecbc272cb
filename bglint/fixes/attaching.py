"""Fixes that bring tasks to a response: those of nobody's object, those that another replaces, those lost by a raise.

All of them change what the endpoint does or returns, and none is safe.
"""

from __future__ import annotations

import ast
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import libcst as cst

from bglint.fixes.concrete import concrete, rewritten
from bglint.fixes.imports import imported
from bglint.fixes.rewriting import with_argument, with_parameter
from bglint.fixes.site import fix, is_statement
from bglint.program.modules import last_name
from bglint.registrations.forms import ROUTE_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Edit, Fix
    from bglint.fixes.site import Site
    from bglint.program.scopes import FunctionNode

_ATTACH: Final = "Attach the tasks to the response"


def attach(site: Site) -> Fix | None:
    """BG404: a hand-made `BackgroundTasks()` becomes an injected one, or is given to the response that is returned."""
    name = _receiver(site)
    function = site.function(site.registration.call) if site.registration is not None else None
    if name is None or function is None:
        return None
    made = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and _makes_tasks(node, name)]
    if len(made) != 1 or made[0] not in function.body or _is_bound_elsewhere(function, name, made[0]):
        return None
    if _is_fastapi_endpoint(site, function):
        kind = ast.unparse(made[0].value.func) if isinstance(made[0].value, ast.Call) else ""
        edits = (site.text.without_statement(made[0]), _with_parameter(site, function, name, kind))
        return fix("unsafe", "Let the framework inject the tasks", *edits)
    return _given_to_responses(site, function, name, made[0])


def add_to_injected(site: Site) -> Fix | None:
    """BG407: the task that the response brings along is added to the injected tasks, and they go with the response."""
    name = _receiver(site)
    registration = site.registration
    if name is None or registration is None:
        return None
    replacing = list(_replacing_backgrounds(site, registration.call))
    if len(replacing) != 1:
        return None
    statement, task = replacing[0]
    syntax = concrete(site, task)
    old = syntax.at(task, cst.Call) if syntax is not None else None
    if syntax is None or old is None or not task.args:
        return None
    added = old.with_changes(func=cst.parse_expression(f"{name}.add_task"), lpar=[], rpar=[])
    line = syntax.module.code_for_node(added)
    if "\n" in line:
        return None
    edits = (site.text.before_statement(statement, line), syntax.edit(old, cst.Name(name, old.lpar, old.rpar)))
    return fix("unsafe", "Add the task to the injected ones", *edits)


def return_instead(site: Site) -> Fix | None:
    """BG408: `raise HTTPException(…)` becomes the return of the response that it would lead to, with the tasks."""
    name = _receiver(site)
    registration = site.registration
    function = site.function(registration.call) if registration is not None else None
    if name is None or registration is None or function is None or not _is_fastapi_endpoint(site, function):
        return None
    raises = list(_raises_behind(site, registration.call))
    response = imported(site, "fastapi.responses", "JSONResponse")
    if not raises or response is None:
        return None
    kind, edits = response
    return fix("unsafe", _ATTACH, *edits, *(_returned(site, each, kind, name) for each in raises))


def _receiver(site: Site) -> str | None:
    """The plain name on which the task is registered."""
    if site.registration is None or site.registration.helper is not None:
        return None
    match site.registration.call.func:
        case ast.Attribute(value=ast.Name(id=name)):
            return name
    return None


def _makes_tasks(node: ast.Assign, name: str) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=func, args=[], keywords=[])):
            return target == name and last_name(func) == "BackgroundTasks"
    return False


def _is_bound_elsewhere(function: FunctionNode, name: str, made: ast.Assign) -> bool:
    """Whether a name is a parameter, or is assigned again."""
    arguments = function.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    if any(parameter is not None and parameter.arg == name for parameter in parameters):
        return True
    stores = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
    ]
    return stores != made.targets


def _is_fastapi_endpoint(site: Site, function: FunctionNode) -> bool:
    """Whether a function is a request handler of FastAPI, which injects tasks and attaches them."""
    if "fastapi" not in site.module.imported_packages:
        return False
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ROUTE_METHODS - {"websocket", "route"}
        for decorator in function.decorator_list
    )


def _with_parameter(site: Site, function: FunctionNode, name: str, annotation: str) -> Edit | None:
    """The edit that adds a parameter behind those without a default."""
    return rewritten(site, function, cst.FunctionDef, lambda old: with_parameter(old, name, annotation))


def _given_to_responses(site: Site, function: FunctionNode, name: str, made: ast.Assign) -> Fix | None:
    """The fix that gives the tasks to every response that is returned behind them."""
    returns = [
        node
        for node in _own_nodes(function.body)
        if isinstance(node, ast.Return) and (node.lineno, node.col_offset) > (made.lineno, made.col_offset)
    ]
    edits = [_with_background(site, node.value, name) for node in returns]
    return fix("unsafe", _ATTACH, *edits) if edits else None


def _with_background(site: Site, value: ast.expr | None, name: str) -> Edit | None:
    """The edit that adds `background=` to the construction of a response."""
    if not isinstance(value, ast.Call) or not last_name(value.func).endswith("Response"):
        return None
    if any(keyword.arg in {"background", None} for keyword in value.keywords):
        return None
    return rewritten(site, value, cst.Call, lambda old: with_argument(old, "background", name))


def _replacing_backgrounds(site: Site, call: ast.Call) -> Iterator[tuple[ast.stmt, ast.Call]]:
    """The returns of a response with a `BackgroundTask(…)` of its own in the function around a call."""
    function = site.function(call)
    for node in _own_nodes(function.body) if function is not None else ():
        if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Call):
            continue
        for keyword in node.value.keywords:
            task = keyword.value
            if keyword.arg == "background" and isinstance(task, ast.Call) and last_name(task.func) == "BackgroundTask":
                yield node, task


def _raises_behind(site: Site, call: ast.Call) -> Iterator[ast.Raise]:
    """The raises in the statements behind the one that holds a call, in its block."""
    statement = site.statement(call)
    if statement is None or not is_statement(site, call) or not _leaves_at_once(site, statement):
        return
    block = site.block(statement)
    for node in _own_nodes(block[block.index(statement) + 1 :]):
        if isinstance(node, ast.Raise):
            yield node


def _leaves_at_once(site: Site, statement: ast.stmt) -> bool:
    """Whether a return in a statement's place leaves as a raise does: no `except` and no `with` would notice."""
    child: ast.AST = statement
    while (current := site.parent(child)) is not None:
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
        if isinstance(current, ast.With | ast.AsyncWith):
            return False
        if isinstance(current, ast.Try | ast.TryStar) and current.handlers and child in current.body:
            return False
        child = current
    return False


def _own_nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a block, those of functions and classes within it left out."""
    stack: list[ast.AST] = [*reversed(statements)]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def _returned(site: Site, node: ast.Raise, response: str, name: str) -> Edit | None:
    """The edit that returns what a raised HTTPException leads to."""
    if not isinstance(node.exc, ast.Call) or last_name(node.exc.func) != "HTTPException":
        return None
    if not _leaves_at_once(site, node):
        return None
    text = site.text
    given = dict(zip(("status_code", "detail", "headers"), node.exc.args, strict=False))
    given.update({keyword.arg or "": keyword.value for keyword in node.exc.keywords})
    status = given.get("status_code")
    if status is None or not given.keys() <= {"status_code", "detail", "headers"}:
        return None
    detail = text.of(given["detail"]) if "detail" in given else _phrase(status)
    if detail is None:
        return None
    headers = f", headers={text.of(given['headers'])}" if "headers" in given else ""
    returned = f'{response}({{"detail": {detail}}}, {text.of(status)}{headers}, background={name})'
    return rewritten(site, node, cst.Raise, lambda _: cst.Return(cst.parse_expression(returned)))


def _phrase(status: ast.expr) -> str | None:
    """What the status of an HTTPException without a detail says."""
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        try:
            return f'"{HTTPStatus(status.value).phrase}"'
        except ValueError:
            return None
    return None
