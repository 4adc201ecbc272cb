"""The target reaches image manipulation.

## What it does
Fires when a background task, by any chain of calls within the project, decodes, resizes, filters or encodes images.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
from fastapi import BackgroundTasks, FastAPI
from PIL import Image

app = FastAPI()


def make_previews(path: str) -> None:
    image = Image.open(path)
    for width in (320, 640, 1280):
        image.resize((width, width)).save(f"{path}-{width}.jpg")


@app.post("/photos")
def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(make_previews, path)
    return {"status": "received"}
```

## Use instead
```python
from celery import Celery
from fastapi import BackgroundTasks, FastAPI
from PIL import Image

app = FastAPI()
queue = Celery("photos")


@queue.task
def make_previews(path: str) -> None:
    image = Image.open(path)
    for width in (320, 640, 1280):
        image.resize((width, width)).save(f"{path}-{width}.jpg")


@app.post("/photos")
def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(make_previews.delay, path)
    return {"status": "received"}
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG101", "image-processing", __doc__, heavy_work(frozenset({"image"}), "image work"))
