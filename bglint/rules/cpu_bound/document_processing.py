"""The target reaches OCR, office documents or layout analysis.

## What it does
Fires when a background task, by any chain of calls within the project, recognises text, or reads and writes office
documents.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import openpyxl
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def export_members(path: str) -> None:
    workbook = openpyxl.load_workbook(path)
    workbook.active.append(["name", "joined"])
    workbook.save(path)


@app.post("/members/export")
def export(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(export_members, path)
```

## Use instead
```python
import openpyxl
from fastapi import FastAPI
from huey import SqliteHuey

app = FastAPI()
huey = SqliteHuey("exports.db")


@huey.task()
def export_members(path: str) -> None:
    workbook = openpyxl.load_workbook(path)
    workbook.active.append(["name", "joined"])
    workbook.save(path)


@app.post("/members/export")
def export(path: str):
    export_members(path)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG107", "document-processing", __doc__, heavy_work(frozenset({"document", "ocr"}), "document processing"))
