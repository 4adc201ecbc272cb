"""Tasks that are injected into a WebSocket endpoint never run.

## What it does
Fires when tasks are added to the injected object of a function under a `websocket` route, unless it awaits them itself.

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

from bglint.program.scopes import own_nodes
from bglint.rules.misuse._tasks import ON_RESPONSE, parameter, route_methods
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.values import Frame


def check(case: Case) -> Iterator[Finding]:
    """A registration on the injected tasks of a WebSocket endpoint."""
    registration = case.registration
    injected = parameter(registration)
    if registration.form.framework not in ON_RESPONSE or injected is None:
        return
    name, frame = injected
    if route_methods(frame.scope.node) & {"websocket", "websocket_route"} and not _calls(name, frame):
        yield Finding(
            f"a WebSocket endpoint sends no response that tasks could follow: `{case.target}` never runs",
            "error",
            help="await the work, or start it with `asyncio.create_task(…)` and keep the task",
        )


def _calls(name: str, frame: Frame) -> bool:
    """Whether a function calls the tasks themselves."""
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in own_nodes(frame.scope)
    )


RULE = Rule("BG409", "websocket-tasks", __doc__, check)
