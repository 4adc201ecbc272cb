from __future__ import annotations

import queue_work
from celery import Celery

from bglint.runtime import offload, task_options

app = Celery("queue_celery", broker=queue_work.REDIS_URL)
queue = offload.Celery(app)


@app.task
def own_task(path: str, text: str = "") -> None:
    queue_work.write(path, text)


@task_options(offload=queue, name="render")
def registered(path: str, text: str = "") -> None:
    queue_work.write(path, text)


def unregistered(path: str) -> None: ...
