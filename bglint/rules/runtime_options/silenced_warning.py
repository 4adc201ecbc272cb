"""The runtime's slow-task warning is switched off, or raised above the project's threshold.

## What it does
Fires where a task of `bglint.runtime` has `slow_task_ms=None`, or more than the project's `slow-task-ms`: by
`.with_options(…)`, by `@task_options(…)`, or by the `BackgroundTasks(…)` that it is added to. The nearest of these
counts, as it does when the program runs. A task with `offload=` is left alone: slow is what it is meant to be.

## Why is this bad?
The warning is how a team hears that a task stops the event loop, or that one which was quick is so no longer. Silenced,
it is the users who notice. A task that may be slow belongs on a job queue; a project for which 100 ms is too strict
says so once, in its configuration.

## Example
```python
from typing import Annotated

from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, background_tasks

app = FastAPI()


async def reindex(article: int) -> None:
    print("indexed", article)


@app.post("/articles/{article}")
async def publish(article: int, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]):
    tasks.with_options(slow_task_ms=None).add_task(reindex, article)
```

```python
from bglint.runtime import BackgroundTasks, task_options


@task_options(slow_task_ms=5000)
async def reindex(article: int) -> None:
    print("indexed", article)


def publish(article: int) -> None:
    tasks = BackgroundTasks()
    tasks.add_task(reindex, article)
    tasks.start()
```

## Use instead
```python
from typing import Annotated

from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, background_tasks
from bglint.runtime.offload import ProcessPool

app = FastAPI()
pool = ProcessPool()


def reindex(article: int) -> None:
    print("indexed", article)


@app.post("/articles/{article}")
async def publish(article: int, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]):
    tasks.with_options(offload=pool).add_task(reindex, article)
```

## Options
`slow-task-ms`.

## Limits
A warning that is filtered away, or a logger `bglint.runtime` that is turned down, is not looked for, and neither is
`watch(slow_task_ms=…)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.effects import loops
from bglint.registrations import runtime_options
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(case: Case) -> Iterator[Finding]:
    """A task that may take longer than the project allows without a warning."""
    limit = runtime_options.option(case.registration, case.program, "slow_task_ms")
    if limit is None or runtime_options.offload(case.registration, case.program) is not None:
        return
    threshold_ms = case.settings.slow_task_ms
    given_ms = loops.number(case.program, limit.value, limit.frame)
    if limit.is_none(case.program):
        what = "has no slow-task warning"
    elif given_ms is not None and given_ms > threshold_ms:
        what = f"is warned of above {given_ms:g} ms only (the project's threshold is {threshold_ms:g} ms)"
    else:
        return
    yield Finding(
        f"background task `{case.target}` {what}: nobody hears of it when it is slow",
        "warning",
        help="drop `slow_task_ms`, or hand the task on with `offload=` if it may take long",
    )


RULE = Rule("BG502", "silenced-warning", __doc__, check)
