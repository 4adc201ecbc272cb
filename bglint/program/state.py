"""State that outlives a call: names that functions declare `global`, and what is kept on an application's `state`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from bglint.program import hints, names
from bglint.program.values import Meanings, merge, telling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.scopes import Place, Scope

_GLOBAL = re.compile(rb"^[ \t]+global[ \t]+\w", re.MULTILINE)
_SET_ON_STATE = rb"\.(?:state|ctx)\.%s\b\s*(?::[^=\n]*)?=(?!=)"
_FRAMEWORKS = ("fastapi.", "starlette.", "litestar.", "lilya.", "esmerald.", "sanic.")
_HOLDERS = (".state", ".ctx")


def set_by_functions(program: Program, module: Module, name: str) -> Meanings:
    """What functions of a module assign to one of its names, having declared it `global`."""
    if module.path not in program.global_scopes:
        program.global_scopes[module.path] = tuple(_declaring_scopes(module))
    found: list[Meanings] = []
    for scope in program.global_scopes[module.path]:
        if name in scope.outer_names and name in scope.bindings:
            frame = program.frame_of(scope)
            found += [names.bound(program, binding, frame) for binding in scope.bindings[name]]
    return telling(merge(*found, ()))


def _declaring_scopes(module: Module) -> Iterator[Scope]:
    """The functions of a module that declare names `global`, each once."""
    if b"global" not in module.source.data:
        return
    seen: set[int] = set()
    for match in _GLOBAL.finditer(module.source.data):
        row, column = place(module, match.end())
        scope = module.scopes_at(row, column)[-1]
        if scope.parent is not None and id(scope) not in seen:
            seen.add(id(scope))
            yield scope


def is_holder(dotted: str) -> bool:
    """Whether a dotted name is the `state` of a framework's application or request (Sanic's `ctx`)."""
    return dotted.endswith(_HOLDERS) and dotted.startswith(_FRAMEWORKS)


def kept(program: Program, name: str) -> Meanings:
    """What the project assigns to `….state.<name>`, wherever it does."""
    with program.asking(("state", name)) as fresh:
        return merge(*_kept(program, name), ()) if fresh else ()


def _kept(program: Program, name: str) -> Iterator[Meanings]:
    pattern = re.compile(_SET_ON_STATE % re.escape(name.encode()))
    for module in program.search.mentions(_SET_ON_STATE, name):
        for match in pattern.finditer(module.source.data):
            scopes = module.scopes_at(*place(module, match.start()))
            frame = program.frame_of(scopes[-1])
            for target, value, annotation in scopes[-1].attributes:
                holder = target.value
                if target.attr == name and isinstance(holder, ast.Attribute) and f".{holder.attr}" in _HOLDERS:
                    yield telling(program.infer(value, frame)) if value is not None else ()
                    yield hints.instances(program, annotation, frame) if annotation is not None else ()


def place(module: Module, offset: int) -> Place:
    """The row and column of a byte of a module's text, as `ast` counts them (CPython reads UTF-8)."""
    before = module.source.data[:offset]
    start = max(before.rfind(b"\n"), before.rfind(b"\r")) + 1
    rows = before.count(b"\n") + before.replace(b"\r\n", b"").count(b"\r")
    return rows + 1, offset - start
