"""The target reaches data-frame, spreadsheet, bulk parsing or numeric work.

## What it does
Fires when a background task, by any chain of calls within the project, reads, joins, aggregates or writes data in bulk.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import pandas as pd
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def import_sales(path: str) -> None:
    sales = pd.read_excel(path)
    sales.groupby("region").sum().to_excel("summary.xlsx")


@app.post("/sales")
def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(import_sales, path)
```

## Use instead
```python
import pandas as pd
from fastapi import BackgroundTasks, FastAPI
from redis import Redis
from rq import Queue

app = FastAPI()
queue = Queue(connection=Redis())


def import_sales(path: str) -> None:
    sales = pd.read_excel(path)
    sales.groupby("region").sum().to_excel("summary.xlsx")


@app.post("/sales")
def upload(path: str):
    queue.enqueue(import_sales, path)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG104", "data-processing", __doc__, heavy_work(frozenset({"data"}), "data processing"))
