from __future__ import annotations

from typing import Any, ClassVar

import queue_work
from arq.connections import RedisSettings

from bglint.runtime.offload import Arq


async def own_task(_ctx: dict[str, Any], path: str, text: str = "") -> None:
    queue_work.write(path, text)


class WorkerSettings:
    functions: ClassVar = [own_task, *Arq.functions(queue_work.write, queue_work.write_async)]
    redis_settings = RedisSettings(port=queue_work.REDIS_PORT)
    poll_delay = 0.05
