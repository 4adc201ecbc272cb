from __future__ import annotations

import queue_work
from taskiq_redis import ListQueueBroker

from bglint.runtime import offload, task_options

broker = ListQueueBroker(queue_work.REDIS_URL)
queue = offload.Taskiq(broker)


@broker.task
async def own_task(path: str, text: str = "") -> None:
    queue_work.write(path, text)


@task_options(offload=queue, name="render")
def registered(path: str, text: str = "") -> None:
    queue_work.write(path, text)


def unregistered(path: str) -> None: ...
