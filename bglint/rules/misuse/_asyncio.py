"""What of asyncio must not be used from a worker thread."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.values import ExternalObject

if TYPE_CHECKING:
    from bglint.program.modules import Module
    from bglint.program.program import Program

NEEDS_LOOP = frozenset({
    "asyncio.create_task", "asyncio.ensure_future", "asyncio.gather", "asyncio.shield", "asyncio.tasks.create_task",
    "asyncio.AbstractEventLoop.create_task", "asyncio.AbstractEventLoop.call_soon",
    "asyncio.AbstractEventLoop.call_later",
})  # fmt: skip
"""Calls that fail, or are lost, where no event loop runs."""
RUNS_LOOP = frozenset({
    "asyncio.run", "asyncio.runners.run", "anyio.run", "asyncio.AbstractEventLoop.run_until_complete",
    "asyncio.AbstractEventLoop.run_forever", "asyncio.Runner.run", "uvloop.run",
})  # fmt: skip
"""Calls that run another event loop."""
PRIMITIVES = frozenset(
    f"asyncio.{name}"
    for name in (
        "Semaphore", "BoundedSemaphore", "Lock", "Event", "Condition", "Queue", "PriorityQueue", "LifoQueue", "Future",
        "Task", "Barrier",
    )
)  # fmt: skip
LOOP_METHODS = frozenset({
    "release", "set", "notify", "notify_all", "put_nowait", "get_nowait", "set_result", "set_exception",
    "cancel", "task_done",
})  # fmt: skip
"""Methods of the primitives that wake up whoever waits for them."""


def is_primitive(program: Program, node: ast.expr, module: Module) -> bool:
    """Whether a module gives an asyncio primitive to just this name or dotted name, somewhere."""
    if not isinstance(node, ast.Name | ast.Attribute):
        return False
    text = ast.unparse(node)
    for each in ast.walk(module.tree):
        if isinstance(each, ast.Assign) and any(ast.unparse(target) == text for target in each.targets):
            frame = program.frame_at(module, (each.lineno, each.col_offset))
            values = program.infer(each.value, frame)
            if any(isinstance(v, ExternalObject) and v.type_name in PRIMITIVES for v in values):
                return True
    return False
