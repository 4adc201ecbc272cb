"""Fixes that bring tasks to a response: those of nobody's object, and those that another replaces.

All of them change what the endpoint does or returns, and none is safe.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

import libcst as cst

from bglint.fixes.concrete import concrete, rewritten
from bglint.fixes.endpoints import is_fastapi_endpoint, own_nodes, receiver_name
from bglint.fixes.imports import imported
from bglint.fixes.layout import fitted_call, fitted_head
from bglint.fixes.rewriting import with_argument, with_parameter
from bglint.fixes.site import fix
from bglint.program.modules import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Edit, Fix
    from bglint.fixes.site import Site
    from bglint.program.scopes import FunctionNode

_ATTACH: Final = "Attach the tasks to the response"
_INJECT: Final = "Let the framework inject the tasks"


def attach(site: Site) -> Fix | None:
    """BG404: a hand-made `BackgroundTasks()` becomes an injected one, or is given to the response that is returned."""
    name = receiver_name(site)
    function = site.function(site.registration.call) if site.registration is not None else None
    if function is None:
        return None
    if name is None:
        return _single_task(site) or _dropped_task(site, function)
    if (shared := _made_in_module(site, name)) is not None and is_fastapi_endpoint(site, function):
        return fix("unsafe", _INJECT, _with_parameter(site, function, name, shared))
    made = [node for node in ast.walk(function) if isinstance(node, ast.Assign) and _makes_tasks(node, name)]
    if len(made) != 1 or _is_bound_elsewhere(function, name, made[0]):
        return None
    if is_fastapi_endpoint(site, function) and len(site.block(made[0])) > 1:
        kind = ast.unparse(made[0].value.func) if isinstance(made[0].value, ast.Call) else ""
        if kind.partition(".")[0] not in site.module.scope.bindings:
            return None
        edits = (site.text.without_statement(made[0]), _with_parameter(site, function, name, kind))
        return fix("unsafe", _INJECT, *edits)
    return _given_to_responses(site, function, name, made[0]) if made[0] in function.body else None


def add_to_injected(site: Site) -> Fix | None:
    """BG407: the task that the response brings along is added to the injected tasks, and they go with the response."""
    name = receiver_name(site)
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
    if "\n" in syntax.module.code_for_node(added):
        return None
    start = site.text.start(statement)
    line = syntax.module.code_for_node(fitted_call(site, added, start, site.text.line_end(start)))
    edits = (site.text.before_statement(statement, line), syntax.edit(old, cst.Name(name, old.lpar, old.rpar)))
    return fix("unsafe", "Add the task to the injected ones", *edits)


def _single_task(site: Site) -> Fix | None:
    """The fix of `background=BackgroundTasks().add_task(f, x)`: `background=BackgroundTask(f, x)`."""
    registration = site.registration
    assert registration is not None
    match registration.call:
        case ast.Call(func=ast.Attribute(value=ast.Call(), attr="add_task"), args=[_, *_]):
            found = imported(site, "starlette.background", "BackgroundTask")
        case _:
            return None
    around = site.parent(registration.call)
    if found is None or registration.helper or not isinstance(around, ast.keyword) or around.arg != "background":
        return None
    kind, edits = found
    edit = rewritten(site, registration.call, cst.Call, lambda old: old.with_changes(func=cst.Name(kind)))
    return fix("unsafe", "Make it one task", *edits, edit)


def _dropped_task(site: Site, function: FunctionNode) -> Fix | None:
    """The fix of a `BackgroundTask(f, x)` that nothing takes: an endpoint adds the task to its injected ones."""
    registration = site.registration
    assert registration is not None
    call, statement = registration.call, site.statement(registration.call)
    if last_name(call.func) != "BackgroundTask" or not call.args or registration.helper is not None:
        return None
    if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign) or statement.value is not call:
        return None
    if not is_fastapi_endpoint(site, function):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        return _given_to_responses(site, function, target.id, statement) if isinstance(target, ast.Name) else None
    injected = _injected(site, function)
    syntax = concrete(site, call)
    old = syntax.at(call, cst.Call) if syntax is not None else None
    if syntax is None or old is None or injected is None:
        return None
    name, edits = injected
    line = syntax.module.body[0]
    assert isinstance(line, cst.SimpleStatementLine)
    new = old.with_changes(func=cst.parse_expression(f"{name}.add_task"), lpar=[], rpar=[])
    new = fitted_call(site, new, site.text.start(statement), site.text.end(statement))
    edit = syntax.edit(line, line.with_changes(body=[cst.Expr(new)]))
    return fix("unsafe", "Add the task to the injected ones", *edits, edit)


def _injected(site: Site, function: FunctionNode) -> tuple[str, tuple[Edit | None, ...]] | None:
    """The parameter by which a function gets its tasks, and the edits that give it one where it has none."""
    for each in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        if each.annotation is not None and last_name(each.annotation) == "BackgroundTasks":
            return each.arg, ()
    name = "background_tasks"
    found = imported(site, "fastapi", "BackgroundTasks")
    if found is None or any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(function)):
        return None
    kind, edits = found
    return name, (*edits, _with_parameter(site, function, name, kind))


def _made_in_module(site: Site, name: str) -> str | None:
    """What a module makes its tasks of, where it binds a name to `BackgroundTasks()` once and no function does."""
    bindings = site.module.scope.bindings.get(name, ())
    made = [node for node in site.module.tree.body if isinstance(node, ast.Assign) and _makes_tasks(node, name)]
    if site.registration is None or len(bindings) != 1 or len(made) != 1:
        return None
    scopes = site.module.scopes_at(site.registration.call.lineno, site.registration.call.col_offset)[1:]
    if any(name in scope.bindings or name in scope.outer_names for scope in scopes):
        return None
    return ast.unparse(made[0].value.func) if isinstance(made[0].value, ast.Call) else None


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


def _with_parameter(site: Site, function: FunctionNode, name: str, annotation: str) -> Edit | None:
    """The edit that adds a parameter behind those without a default."""

    def widened(old: cst.FunctionDef) -> cst.FunctionDef | None:
        new = with_parameter(old, name, annotation)
        start = site.text.start(function)
        before = site.text.text[start : site.text.start(function.body[0])]
        return fitted_head(site, new, start, before) if new is not None else None

    return rewritten(site, function, cst.FunctionDef, widened)


def _given_to_responses(site: Site, function: FunctionNode, name: str, made: ast.stmt) -> Fix | None:
    """The fix that gives the tasks to every response that is returned behind them."""
    returns = [
        node
        for node in own_nodes(function.body)
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
    start, end = site.text.start(value), site.text.end(value)
    return rewritten(
        site, value, cst.Call, lambda old: fitted_call(site, with_argument(old, "background", name), start, end)
    )


def _replacing_backgrounds(site: Site, call: ast.Call) -> Iterator[tuple[ast.stmt, ast.Call]]:
    """The returns of a response with a `BackgroundTask(…)` of its own in the function around a call."""
    function = site.function(call)
    for node in own_nodes(function.body) if function is not None else ():
        if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Call):
            continue
        for keyword in node.value.keywords:
            task = keyword.value
            if keyword.arg == "background" and isinstance(task, ast.Call) and last_name(task.func) == "BackgroundTask":
                yield node, task
