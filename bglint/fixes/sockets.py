"""The fix of tasks that are added where no response follows: the work is awaited where it stands."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import libcst as cst

from bglint.fixes.concrete import rewritten
from bglint.fixes.imports import imported_module
from bglint.fixes.layout import fitted_call
from bglint.fixes.rewriting import called_directly
from bglint.fixes.site import fix, is_statement, known_async

if TYPE_CHECKING:
    from bglint.diagnostics import Fix
    from bglint.fixes.site import Site


def await_instead(site: Site) -> Fix | None:
    """BG409: `tasks.add_task(f, x)` becomes `await f(x)`; a plain function runs in a thread, `asyncio.to_thread`."""
    registration = site.registration
    if registration is None or registration.helper is not None:
        return None
    call, target = registration.call, registration.target
    if call.args[:1] != [target] or not isinstance(target, ast.Name | ast.Attribute) or not is_statement(site, call):
        return None
    if not isinstance(site.function(call), ast.AsyncFunctionDef):
        return None
    known = known_async(site, target, registration)
    if known is None:
        return None
    start, end = site.text.start(call), site.text.end(call)

    def awaited(made: cst.Call) -> cst.Await:
        return cst.Await(fitted_call(site, made, start, end, "await "))

    if known:
        edit = rewritten(site, call, cst.Call, lambda old: awaited(called_directly(old)))
        return fix("unsafe", f"Await `{site.text.of(target)}`", edit)
    found = imported_module(site, "asyncio")
    if found is None:
        return None
    name, imports = found
    thread = cst.parse_expression(f"{name}.to_thread")
    edit = rewritten(site, call, cst.Call, lambda old: awaited(old.with_changes(func=thread, lpar=[], rpar=[])))
    return fix("unsafe", "Run it in a thread, and await that", *imports, edit)
