"""The runtime's timeout is given to a plain function, which nothing can stop.

## What it does
Fires where `.with_options(timeout=…)` or `@task_options(timeout=…)` of `bglint.runtime` limits the time of a target
that is not async. `timeout=None` is left alone, and so is a task with `offload=`: the process of a `ProcessPool` is
killed, and a job queue has limits of its own. The default of 30 seconds, and one given to `BackgroundTasks(…)`, are for
all tasks of the object, and say nothing of this one.

## Why is this bad?
Python cannot stop a thread. After its time the task is given up: `on_error` is called, the next task runs, and the
function runs on, holds its thread, its connections and its locks, and may finish its work after it was reported as
failed. A limit at the call that waits ends the function itself.

## Example
```python
from typing import Annotated

import requests
from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, background_tasks

app = FastAPI()


def fetch_rates(currency: str) -> None:
    print(requests.get(f"https://rates.example.com/{currency}").json())


@app.post("/rates/{currency}")
async def refresh(currency: str, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]):
    tasks.with_options(timeout=5).add_task(fetch_rates, currency)
```

## Use instead
```python
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, background_tasks

app = FastAPI()


async def fetch_rates(currency: str) -> None:
    async with httpx.AsyncClient() as client:
        print((await client.get(f"https://rates.example.com/{currency}")).json())


@app.post("/rates/{currency}")
async def refresh(currency: str, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]):
    tasks.with_options(timeout=5).add_task(fetch_rates, currency)
```

```python
from typing import Annotated

import requests
from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, background_tasks

app = FastAPI()


def fetch_rates(currency: str) -> None:
    print(requests.get(f"https://rates.example.com/{currency}", timeout=5).json())


@app.post("/rates/{currency}")
async def refresh(currency: str, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]):
    tasks.add_task(fetch_rates, currency)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.values import FunctionValue, Instance, Partial
from bglint.registrations import runtime_options
from bglint.rules.rule import Case, Finding, Rule, shortened
from bglint.verdict import is_async, runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Value

_PER_TASK = frozenset({"with_options", "task_options"})


def check(case: Case) -> Iterator[Finding]:
    """A time limit of its own for a target that can be read and is a plain function in all its meanings."""
    timeout = runtime_options.option(case.registration, case.program, "timeout")
    if timeout is None or timeout.given_to not in _PER_TASK or timeout.is_none(case.program):
        return
    if runtime_options.offload(case.registration, case.program) is not None:
        return
    values = runnable(case.registration)
    if not values or not all(_is_plain(value, case.program) for value in values):
        return
    yield Finding(
        f"background task `{case.target}` is a plain function, which `timeout={shortened(ast.unparse(timeout.value))}` "
        "cannot stop: it is given up, and runs on in its thread",
        "warning",
        help="limit the call that waits inside it, make it async, or add `offload=ProcessPool()`, which can be stopped",
    )


def _is_plain(value: Value, program: Program) -> bool:
    while isinstance(value, Partial):
        value = value.target
    return isinstance(value, FunctionValue | Instance) and not is_async(value, program)


RULE = Rule("BG501", "unstoppable-timeout", __doc__, check)
