"""The fix of tasks that an error drops: its response is returned, with them, and not raised."""

from __future__ import annotations

import ast
from http import HTTPStatus
from typing import TYPE_CHECKING

import libcst as cst

from bglint.fixes.concrete import rewritten
from bglint.fixes.endpoints import is_fastapi_endpoint, own_nodes, receiver_name
from bglint.fixes.imports import imported
from bglint.fixes.layout import with_block, written_call
from bglint.fixes.site import fix, is_statement
from bglint.program.modules import last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Edit, Fix
    from bglint.fixes.site import Site


def return_instead(site: Site) -> Fix | None:
    """BG408: `raise HTTPException(…)` becomes the return of the response that it would lead to, with the tasks."""
    name = receiver_name(site)
    registration = site.registration
    function = site.function(registration.call) if registration is not None else None
    if name is None or registration is None or function is None or not is_fastapi_endpoint(site, function):
        return None
    raises = list(_raises_behind(site, registration.call))
    response = imported(site, "fastapi.responses", "JSONResponse")
    if not raises or response is None:
        return None
    kind, edits = response
    return fix(
        "unsafe", "Attach the tasks to the response", *edits, *(_returned(site, each, kind, name) for each in raises)
    )


def _raises_behind(site: Site, call: ast.Call) -> Iterator[ast.Raise]:
    """The raises in the statements behind the one that holds a call, in its block and in those around it."""
    statement = site.statement(call)
    if statement is None or not is_statement(site, call) or not _leaves_at_once(site, statement):
        return
    node: ast.AST | None = statement
    while node is not None and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if isinstance(node, ast.stmt):
            block = site.block(node)
            for behind in own_nodes(block[block.index(node) + 1 :]):
                if isinstance(behind, ast.Raise):
                    yield behind
        node = site.parent(node)


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
    others = [text.of(status)]
    if "headers" in given:
        others.append(f"headers={text.of(given['headers'])}")
    others.append(f"background={name}")
    written = given.get("detail")
    if written is not None and "\n" in detail and not isinstance(written, ast.Constant | ast.JoinedStr | ast.BinOp):
        returned = with_block(site, response, written, others, node)
    else:
        place = text.start(node), text.end(node)
        returned = written_call(site, response, [f'{{"detail": {detail}}}', *others], place, "return ")
    if returned is None:
        return None
    return rewritten(site, node, cst.Raise, lambda _: cst.Return(returned))


def _phrase(status: ast.expr) -> str | None:
    """What the status of an HTTPException without a detail says."""
    if isinstance(status, ast.Constant) and isinstance(status.value, int):
        try:
            return f'"{HTTPStatus(status.value).phrase}"'
        except ValueError:
            return None
    return None
