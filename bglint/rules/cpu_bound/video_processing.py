"""The target reaches video encoding, decoding or frame work.

## What it does
Fires when a background task, by any chain of calls within the project, decodes, cuts or encodes video in this
process, or goes through its frames.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import cv2
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def count_people(path: str) -> None:
    video = cv2.VideoCapture(path)
    while True:
        there, frame = video.read()
        if not there:
            break
        cv2.resize(frame, (640, 360))


@app.post("/videos")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(count_people, path)
```

## Use instead
```python
from arq.connections import ArqRedis
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
pool: ArqRedis


async def enqueue_count(path: str) -> None:
    await pool.enqueue_job("count_people", path)


@app.post("/videos")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(enqueue_count, path)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG102", "video-processing", __doc__, heavy_work(frozenset({"video"}), "video work"))
