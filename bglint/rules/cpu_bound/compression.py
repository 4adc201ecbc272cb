"""The target reaches archives and compression.

## What it does
Fires when a background task, by any chain of calls within the project, packs or unpacks archives, or compresses data.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import shutil

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def archive(folder: str) -> None:
    shutil.make_archive(folder, "zip", folder)


@app.post("/projects/archive")
async def start(folder: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(archive, folder)
```

## Use instead
```python
import shutil
from concurrent.futures import ProcessPoolExecutor

from fastapi import FastAPI

app = FastAPI()
processes = ProcessPoolExecutor()


@app.post("/projects/archive")
async def start(folder: str):
    processes.submit(shutil.make_archive, folder, "zip", folder)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG109", "compression", __doc__, heavy_work(frozenset({"compression"}), "compression"))
