"""The registering call is awaited, though it returns nothing.

## What it does
Fires for `await tasks.add_task(…)` where `add_task` is a plain function. APIs whose registering call is a coroutine
(asgi-background, aiojobs) and own subclasses with an `async def add_task` are left alone.

## Why is this bad?
The task is added, then `None` is awaited: a `TypeError`. The request fails with a 500, and the task with it.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def index(document: str) -> None:
    print("indexed", document)


@app.post("/documents")
async def create(document: str, background_tasks: BackgroundTasks):
    await background_tasks.add_task(index, document)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def index(document: str) -> None:
    print("indexed", document)


@app.post("/documents")
async def create(document: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(index, document)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.rules.misuse._tasks import is_awaited, override, receiver
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_RETURN_NOTHING = frozenset(
    {"fastapi", "starlette", "lilya", "esmerald", "ravyn", "bglint", "quart", "falcon", "tornado"}
)


def check(case: Case) -> Iterator[Finding]:
    """An awaited call of a registering method that returns None."""
    registration = case.registration
    if registration.form.framework not in _RETURN_NOTHING or receiver(registration) is None:
        return
    if not is_awaited(registration):
        return
    own = override(registration, case.program)
    if own is not None and (own.function.is_async or any(r.value is not None for r in own.function.scope.returns)):
        return
    yield Finding(
        f"`{registration.form.method}` returns None, and awaiting that is a TypeError: the request fails",
        "error",
        help="drop the `await`",
    )


RULE = Rule("BG412", "awaited-registration", __doc__, check, fixable="safe")
