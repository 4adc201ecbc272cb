"""The target never ends.

## What it does
Fires when a background task of a response reaches a loop that nothing leaves: `while True` without `break`, `return`
or `raise`. Tasks of the application itself (Sanic's and Quart's `add_task`, `add_background_task`) are made for that
and left alone.

## Why is this bad?
The task belongs to one request but outlives it for ever: each request adds another one, a plain function takes one of
the worker threads for good, and the server cannot shut down.

## Example
```python
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def refresh() -> None:
    while True:
        print("refreshing")
        await asyncio.sleep(0.05)


@app.post("/start")
async def start(background_tasks: BackgroundTasks):
    background_tasks.add_task(refresh)
```

## Use instead
```python
import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI


async def refresh() -> None:
    while True:
        print("refreshing")
        await asyncio.sleep(0.05)


@asynccontextmanager
async def lifespan(app: FastAPI):
    refreshing = asyncio.create_task(refresh())
    yield
    refreshing.cancel()


app = FastAPI(lifespan=lifespan)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.rules.rule import Case, Finding, Rule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(case: Case) -> Iterator[Finding]:
    """A loop without end, in a task that belongs to a response."""
    if case.registration.form.application:
        return
    for effect in case.judgement.effects("endless"):
        yield Finding(
            f"background task `{case.target}` never ends ({chain(effect)})",
            "warning",
            effect=effect,
            help="start it once for the application (its lifespan), or run it in a worker",
        )
        return


RULE = Rule("BG204", "endless-task", __doc__, check)
