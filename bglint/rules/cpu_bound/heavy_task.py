"""The target reaches a callable that is declared heavy, or heavy work of no other kind.

## What it does
Fires when a background task, by any chain of calls within the project, reaches a callable that the configuration
names under `heavy`, or that `# bglint: heavy` marks on its `def` line, or CPU-bound work that no other rule speaks
of.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def recalculate_prices() -> None:  # bglint: heavy
    ...


@app.post("/prices")
async def prices(background_tasks: BackgroundTasks):
    background_tasks.add_task(recalculate_prices)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def invalidate_prices() -> None:  # bglint: light
    ...


@app.post("/prices")
async def prices(background_tasks: BackgroundTasks):
    background_tasks.add_task(invalidate_prices)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG112", "heavy-task", __doc__, heavy_work(frozenset(), "work"))
