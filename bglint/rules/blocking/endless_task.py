"""The target never ends.

## What it does
Fires when a background task of a response reaches a loop that nothing leaves: `while True` without `break`, `return`
or `raise`. Tasks of the application itself (Sanic's and Quart's `add_task`, `add_background_task`) are made for that
and left alone.

Fires as well, with medium confidence, when the task asks somebody again and again, sleeps in between, and is left only
by the answer: no count of its turns, no look at the clock, no timeout around it.

## Why is this bad?
The task belongs to one request but outlives it for ever: each request adds another one, a plain function takes one of
the worker threads for good, and the server cannot shut down. A task that polls does the same whenever the answer stays
away.

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

from bglint.diagnostics import Confidence
from bglint.rules.blocking._polling import unlimited_poll
from bglint.rules.rule import Case, Finding, Rule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTH = 2
"""How many calls from the target a loop that polls still counts as the target's."""


def check(case: Case) -> Iterator[Finding]:
    """A loop without end, or one that only an answer ends, in a task that belongs to a response."""
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
    yield from _polling(case)


def _polling(case: Case) -> Iterator[Finding]:
    registration = case.registration
    if registration.form.framework == "bglint":  # the runtime ends a task after 30 s
        return
    for body in case.reach.within(_DEPTH):
        loop = unlimited_poll(case.program, body)
        if loop is not None:
            there = "" if not body.way else f" in `{body.symbol}`"
            yield Finding(
                f"background task `{case.target}` polls without a limit{there} (the loop of {body.place(loop)}): "
                "where the answer stays away, it never ends",
                "warning",
                Confidence.MEDIUM,
                help="count the turns or set a deadline (`asyncio.timeout`), and fail when it has passed",
            )
            return


RULE = Rule("BG204", "endless-task", __doc__, check)
