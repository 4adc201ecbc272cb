"""The target runs a loop whose estimated cost passes the slow-task threshold.

## What it does
Fires when a background task, by any chain of calls within the project, runs a loop so often that its own Python
takes longer than the slow-task threshold (100 ms by default). Lengths are computed from constants; nested loops
multiply; a loop whose length is not known is not counted.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def simulate() -> float:
    total = 0.0
    for step in range(10_000_000):
        total += step * 0.5
    return total


@app.post("/simulations")
async def start(background_tasks: BackgroundTasks):
    background_tasks.add_task(simulate)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def simulate() -> float:
    total = 0.0
    for step in range(10_000):
        total += step * 0.5
    return total


@app.post("/simulations")
async def start(background_tasks: BackgroundTasks):
    background_tasks.add_task(simulate)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG105", "large-loop", __doc__, heavy_work(frozenset({"loop"}), "looping in pure Python"))
