"""The target loads, trains or runs a model on this machine.

## What it does
Fires when a background task, by any chain of calls within the project, loads a model, runs inference or an
embedding, or trains on this machine.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
from fastapi import BackgroundTasks, FastAPI
from transformers import pipeline

app = FastAPI()


def classify(text: str) -> None:
    classifier = pipeline("sentiment-analysis")
    print(classifier(text))


@app.post("/reviews")
async def review(text: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(classify, text)
```

## Use instead
```python
import httpx
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def classify(text: str) -> None:
    async with httpx.AsyncClient(base_url="http://models:8080") as models:
        await models.post("/sentiment", json={"text": text})


@app.post("/reviews")
async def review(text: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(classify, text)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG108", "machine-learning", __doc__, heavy_work(frozenset({"ml"}), "machine learning"))
