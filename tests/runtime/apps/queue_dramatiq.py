from __future__ import annotations

import dramatiq
import queue_work
from dramatiq.brokers.redis import RedisBroker

from bglint.runtime import offload, task_options

broker = RedisBroker(url=queue_work.REDIS_URL)
dramatiq.set_broker(broker)
queue = offload.Dramatiq(broker)


@dramatiq.actor
def own_task(path: str, text: str = "") -> None:
    queue_work.write(path, text)


@task_options(offload=queue, name="render")
def registered(path: str, text: str = "") -> None:
    queue_work.write(path, text)


def unregistered(path: str) -> None: ...
