"""The target renders charts and figures on this machine.

## What it does
Fires when a background task, by any chain of calls within the project, draws charts or figures.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import matplotlib.pyplot as plt
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def draw_report(values: list[float]) -> None:
    figure, axes = plt.subplots()
    axes.plot(values)
    figure.savefig("report.png")


@app.post("/reports")
async def report(values: list[float], background_tasks: BackgroundTasks):
    background_tasks.add_task(draw_report, values)
```

## Use instead
```python
import matplotlib.pyplot as plt
from celery import shared_task
from fastapi import FastAPI

app = FastAPI()


@shared_task
def draw_report(values: list[float]) -> None:
    figure, axes = plt.subplots()
    axes.plot(values)
    figure.savefig("report.png")


@app.post("/reports")
async def report(values: list[float]):
    draw_report.apply_async([values])
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG111", "plotting", __doc__, heavy_work(frozenset({"plot"}), "plotting"))
