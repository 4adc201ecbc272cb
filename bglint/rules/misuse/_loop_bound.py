"""What belongs to the event loop that it was first used on, and is used on another one by a coroutine of the task."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from bglint.program import reach
from bglint.program.calling import Arguments
from bglint.program.lexical import reaching
from bglint.program.scopes import Kind, own_nodes
from bglint.program.values import Coroutine, ExternalObject, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.reach import Body
    from bglint.program.values import Frame

_DEPTH = 3
"""How many calls from the coroutine a use still counts as the coroutine's."""
_BOUND = re.compile(r"(aio\w+|asyncpg|motor|databases|nats)\.|.*\.asyncio\.|(.*\.)?(Async\w+|async_\w+|WebSocket)$")
_PRIMITIVE = re.compile(r"asyncio\.(\w*Semaphore|Lock|Event|Condition|\w*Queue|Future|Task|Barrier)$")
_IMPORTS = {Kind.IMPORT, Kind.FROM}


def shared_resource(program: Program, body: Body, call: ast.Call) -> str | None:
    """What a coroutine uses that was there before the loop that runs it, as written.

    The coroutine is the first argument of the call, which stands in the body of the task's function.
    """
    if not call.args:
        return None
    coroutine = call.args[0]
    for node in ast.walk(coroutine):
        if not isinstance(node, ast.Name | ast.Attribute) or not _is_bound(program, node, body.frame):
            continue
        if _outlives(program, node, body.frame, [body.frame], own=not body.way):
            return ast.unparse(node)
    values = [value for value in program.infer(coroutine, body.frame) if isinstance(value, Coroutine)]
    frames = [body.frame]
    for inner in reach.bodies(program, values, Arguments(program, call, body.frame), _DEPTH):
        frames.append(inner.frame)
        for node in _read(inner):
            if _is_bound(program, node, inner.frame) and _outlives(program, node, inner.frame, frames, own=False):
                return ast.unparse(node)
    return None


def _read(body: Body) -> Iterator[ast.Name | ast.Attribute]:
    for node in own_nodes(body.function.function.scope):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node


def _is_bound(program: Program, node: ast.expr, frame: Frame) -> bool:
    """Whether an expression is a client, a pool, a lock or the like that serves one loop only."""
    return any(
        isinstance(value, ExternalObject) and (_BOUND.match(value.type_name) or _PRIMITIVE.match(value.type_name))
        for value in program.infer(node, frame)
    )


def _outlives(program: Program, node: ast.expr, frame: Frame, frames: list[Frame], *, own: bool) -> bool:
    """Whether what an expression reads was made outside of the frames that the task runs; `own`: its parameters are."""
    match node:
        case ast.Name():
            bindings, holder = reaching(node, frame)
            if not bindings:
                return False
            if holder not in frames or all(binding.kind in _IMPORTS for binding in bindings):
                return True
            return own and all(binding.kind is Kind.PARAMETER for binding in bindings)
        case ast.Attribute(value=ast.Name() | ast.Attribute() as base):
            objects = [value for value in program.infer(base, frame) if isinstance(value, Instance)]
            if objects:
                return all(each.made is not None and each.made.frame not in frames for each in objects)
            return _outlives(program, base, frame, frames, own=own)
        case _:
            return False
