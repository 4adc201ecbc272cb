"""The event loop, or something that belongs to it, is used from a worker thread.

## What it does
Fires for `add_task(asyncio.create_task, f())` and `add_task(asyncio.run, f())`, for the same in a lambda, and for a
plain function that does so, runs a loop of its own, or touches an asyncio primitive (`semaphore.release()`,
`event.set()`). `asyncio.run_coroutine_threadsafe` and `loop.call_soon_threadsafe` are made for threads and right.

## Why is this bad?
Plain targets run in a worker thread. No event loop runs there: `create_task` raises `RuntimeError` and its coroutine
is never awaited. `asyncio.run` starts a second loop, in which clients and locks that belong to the first one fail.
Asyncio's primitives are not made for threads: who waits for them may never wake up.
## Example
```python
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def pull(image: str) -> None:
    print("pulled", image)


@app.post("/images")
async def start(image: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(asyncio.create_task, pull(image))
```

```python
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
slots = asyncio.Semaphore(4)


def leave() -> None:
    slots.release()


@app.post("/images")
async def start(background_tasks: BackgroundTasks):
    await slots.acquire()
    background_tasks.add_task(leave)
```

## Use instead
```python
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
slots = asyncio.Semaphore(4)


async def pull(image: str) -> None:
    print("pulled", image)


async def leave() -> None:
    slots.release()


@app.post("/images")
async def start(image: str, background_tasks: BackgroundTasks):
    await slots.acquire()
    background_tasks.add_task(pull, image)
    background_tasks.add_task(leave)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program import reach
from bglint.program.values import Constant, External, ExternalObject
from bglint.rules.misuse._asyncio import LOOP_METHODS, NEEDS_LOOP, PRIMITIVES, RUNS_LOOP, is_primitive
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable, runs_on_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Severity
    from bglint.program.reach import Body

_DEPTH = 2
"""How many calls from the target a loop's use still counts as the target's."""


def check(case: Case) -> Iterator[Finding]:
    """A target that runs in a thread and needs the loop there, or starts another."""
    registration = case.registration
    if registration.form.takes != "callable" or registration.form.sync_in != "thread":
        return
    values = runnable(registration)
    names = [value.name for value in values if isinstance(value, External)]
    if names and len(names) == len(values) and (found := _spoken(names[0], case.target)):
        yield found
    elif values and not runs_on_loop(registration):
        yield from _in_body(case)


def _spoken(name: str, target: str) -> Finding | None:
    """What is wrong with a call from a thread, by the name of what is called."""
    if name in NEEDS_LOOP:
        return _finding(
            f"`{target}` runs in a thread that has no event loop: RuntimeError, and the coroutine never runs", "error"
        )
    if name in RUNS_LOOP:
        return _finding(
            f"`{target}` runs a second event loop in a worker thread: what belongs to the first one fails there",
            "warning",
        )
    return None


def _finding(message: str, severity: Severity) -> Finding:
    return Finding(
        message, severity, help="hand over the async function and its arguments: it runs on the server's loop"
    )


def _in_body(case: Case) -> Iterator[Finding]:
    registration = case.registration
    for body in reach.bodies(case.program, runnable(registration), registration.arguments, _DEPTH):
        if body.function.function.is_async:
            continue
        for site in body.function.function.scope.calls:
            written = ast.unparse(site.node.func)
            for callee in case.program.infer(site.node.func, body.frame):
                if isinstance(callee, External) and (found := _spoken(callee.name, written)):
                    yield _finding(f"`{case.target}` is a plain function: {found.message}", found.severity)
                    return
            if _touches_primitive(case, body, site.node):
                yield Finding(
                    f"`{case.target}` runs in a thread, and `{written}` is not safe there: waiters may never wake up",
                    "warning",
                    help="make it an `async def`: it then runs on the loop",
                )
                return


def _touches_primitive(case: Case, body: Body, call: ast.Call) -> bool:
    """Whether a call changes an asyncio primitive."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in LOOP_METHODS:
        return False
    values = case.program.infer(func.value, body.frame)
    if any(isinstance(v, ExternalObject) and v.type_name in PRIMITIVES for v in values):
        return True
    return all(isinstance(v, External | Constant) for v in values) and is_primitive(
        case.program, func.value, body.function.function.module
    )


RULE = Rule("BG411", "loop-from-thread", __doc__, check, fixable="safe")
