"""The event loop, or something that belongs to it, is used from a worker thread.

## What it does
Fires for `add_task(asyncio.create_task, f())` and `add_task(asyncio.run, f())`, for the same in a lambda, and for a
plain function that

- calls `asyncio.create_task`, or asks a thread that has no loop for it (`asyncio.get_event_loop()`);
- runs a loop of its own in which a client, an engine, a pool or a lock is used that is there before;
- touches an asyncio primitive (`semaphore.release()`, `event.set()`).

Of `asyncio.run(f())` in the target itself it is told, as information, where `f` makes all that it uses too: the task
may as well be `f`. In what the target calls, that is told with `--min-confidence low` only.
`asyncio.run_coroutine_threadsafe` and `loop.call_soon_threadsafe` are made for threads and right.

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

import httpx
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
client = httpx.AsyncClient()


async def deliver(url: str) -> None:
    await client.post(url)


def run_delivery(url: str) -> None:
    asyncio.run(deliver(url))


@app.post("/hooks")
async def start(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(run_delivery, url)
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

```python
import httpx
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def deliver(url: str) -> None:
    async with httpx.AsyncClient() as client:
        await client.post(url)


@app.post("/hooks")
async def start(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(deliver, url)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import exceptions
from bglint.program.values import Constant, External, ExternalObject
from bglint.rules.misuse._asyncio import LOOP_METHODS, NEEDS_LOOP, PRIMITIVES, RUNS_LOOP, is_primitive
from bglint.rules.misuse._loop_bound import shared_resource
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable, runs_on_loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Severity
    from bglint.program.reach import Body

_DEPTH = 2
"""How many calls from the target a loop's use still counts as the target's."""
_GET_LOOP = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop"})
_LOOP = "asyncio.AbstractEventLoop."
_SETS = frozenset({"asyncio.set_event_loop"})
_RUNS = frozenset({"asyncio.AbstractEventLoop.run_forever", "asyncio.AbstractEventLoop.run_until_complete"})
_SECOND = "runs a second event loop in a worker thread"


def check(case: Case) -> Iterator[Finding]:
    """A target that runs in a thread and needs the loop there, or starts another."""
    registration = case.registration
    if registration.form.takes != "callable" or registration.form.sync_in != "thread":
        return
    values = runnable(registration)
    names = [value.name for value in values if isinstance(value, External)]
    if names and len(names) == len(values):
        if names[0] in NEEDS_LOOP:
            yield _finding(
                f"`{case.target}` runs in a thread that has no event loop: RuntimeError, and the coroutine never runs",
                "error",
            )
        elif names[0] in RUNS_LOOP:
            yield _finding(f"`{case.target}` {_SECOND}: what belongs to the first one fails there", "warning")
    elif values and not runs_on_loop(registration, case.program):
        yield from _in_body(case)


def _finding(message: str, severity: Severity, confidence: Confidence = Confidence.HIGH) -> Finding:
    advice = "hand over the async function and its arguments: it runs on the server's loop"
    return Finding(message, severity, confidence, help=advice)


def _in_body(case: Case) -> Iterator[Finding]:
    supposed: Finding | None = None
    for body in case.reach.within(_DEPTH):
        if body.function.function.is_async:
            continue
        for site in body.function.function.scope.calls:
            found = _of_call(case, body, site.node)
            if found is not None and found.confidence is not Confidence.LOW:
                yield found
                return
            supposed = supposed or found
    if supposed is not None:
        yield supposed


def _of_call(case: Case, body: Body, call: ast.Call) -> Finding | None:
    """What is wrong with a call of a plain function that runs in a thread."""
    written = ast.unparse(call.func)
    names = [each.name for each in case.program.infer(call.func, body.frame) if isinstance(each, External)]
    plain = f"`{case.target}` is a plain function"
    if any(name in NEEDS_LOOP or name in _GET_LOOP for name in names):
        of_loop = all(name.startswith(_LOOP) for name in names)
        if _is_prepared(case, body, call, _RUNS | _SETS if of_loop else _SETS):
            return None
        if of_loop:
            return _finding(f"{plain}: `{written}` is not safe in its thread, and the loop may not notice", "warning")
        lost = ", and the coroutine never runs" if any(name in NEEDS_LOOP for name in names) else ""
        return _finding(f"{plain}: `{written}` finds no event loop in its thread: RuntimeError{lost}", "error")
    if any(name in RUNS_LOOP for name in names):
        shared = shared_resource(case.program, body, call)
        if shared is None:
            is_target = body.function in runnable(case.registration)
            confidence = Confidence.MEDIUM if is_target else Confidence.LOW
            return _finding(f"{plain}: `{written}` {_SECOND}", "info", confidence)
        return _finding(f"{plain}: `{written}` {_SECOND}, where `{shared}` of the first one fails", "warning")
    if _touches_primitive(case, body, call):
        return Finding(
            f"`{case.target}` runs in a thread, and `{written}` is not safe there: waiters may never wake up",
            "warning",
            help="make it an `async def`: it then runs on the loop",
        )
    return None


def _is_prepared(case: Case, body: Body, call: ast.Call, preparing: frozenset[str]) -> bool:
    """Whether a function gives its thread a loop or runs it itself, or catches that there is none."""
    function = body.function.function
    for site in function.scope.calls:
        names = {v.name for v in case.program.infer(site.node.func, body.frame) if isinstance(v, External)}
        if names & preparing and site.node is not call:
            return True
    return any(
        isinstance(around, ast.Try) and child in around.body and any(map(_expects_no_loop, around.handlers))
        for around, child in exceptions.ancestors(function.node, call)
    )


def _expects_no_loop(handler: ast.ExceptHandler) -> bool:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(each, ast.Name) and each.id == "RuntimeError" for each in types)


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
