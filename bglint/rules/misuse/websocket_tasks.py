"""Tasks that are injected into a WebSocket endpoint never run.

## What it does
Fires when tasks are added to the injected object of a function under a `websocket` route, there or in a function that
only such ones hand it to, unless it awaits them itself.

## Why is this bad?
Tasks run when a response has been sent, and a WebSocket sends none. The object collects them for nothing.

## Example
```python
from fastapi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()


def store(message: str) -> None:
    print("stored", message)


@app.websocket("/chat")
async def chat(socket: WebSocket, background_tasks: BackgroundTasks):
    await socket.accept()
    background_tasks.add_task(store, await socket.receive_text())
```

```python
from fastapi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()


def store(message: str) -> None:
    print("stored", message)


async def handle(socket: WebSocket, tasks: BackgroundTasks) -> None:
    tasks.add_task(store, await socket.receive_text())


@app.websocket("/chat")
async def chat(socket: WebSocket, background_tasks: BackgroundTasks):
    await socket.accept()
    await handle(socket, background_tasks)
```

## Use instead
```python
import asyncio

from fastapi import FastAPI, WebSocket

app = FastAPI()


def store(message: str) -> None:
    print("stored", message)


@app.websocket("/chat")
async def chat(socket: WebSocket):
    await socket.accept()
    await asyncio.to_thread(store, await socket.receive_text())
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program.lexical import reaching
from bglint.program.modules import function_of
from bglint.program.scopes import Kind, own_nodes
from bglint.rules.misuse._carriers import argument
from bglint.rules.misuse._tasks import ON_RESPONSE, callers_outside_tests, parameter, route_methods
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Frame

_HOPS = 2
"""How many callers up the tasks are followed."""


def check(case: Case) -> Iterator[Finding]:
    """A registration on the injected tasks of a WebSocket endpoint."""
    registration = case.registration
    injected = parameter(registration)
    if registration.form.framework not in ON_RESPONSE or injected is None:
        return
    sure = _from_sockets(case.program, *injected, _HOPS)
    if sure is not None:
        yield Finding(
            f"a WebSocket endpoint sends no response that tasks could follow: `{case.target}` never runs",
            "error",
            sure,
            help="await the work, or start it with `asyncio.create_task(…)` and keep the task",
        )


def _from_sockets(program: Program, name: str, frame: Frame, hops: int) -> Confidence | None:
    """How sure it is that a function's parameter holds the tasks of a WebSocket endpoint; None where it does not."""
    if _calls(name, frame):
        return None
    methods = route_methods(frame.scope.node)
    if methods or not hops:
        return Confidence.HIGH if methods and methods <= {"websocket", "websocket_route"} else None
    function = function_of(frame.scope)
    callers = callers_outside_tests(program, function) if function is not None else []
    if function is None or not callers:
        return None
    for call, outer in callers:
        given = argument(call, function, name)
        if not isinstance(given, ast.Name):
            return None
        bindings, holder = reaching(given, outer)
        if not bindings or any(binding.kind is not Kind.PARAMETER for binding in bindings):
            return None
        if _from_sockets(program, given.id, holder, hops - 1) is None:
            return None
    return Confidence.MEDIUM


def _calls(name: str, frame: Frame) -> bool:
    """Whether a function calls the tasks themselves."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in own_nodes(frame.scope)
    )


RULE = Rule("BG409", "websocket-tasks", __doc__, check, fixable="unsafe")
