from __future__ import annotations

import asyncio

import queue_work
from bullmq import Worker

from bglint.runtime.offload import BullMQ


async def main() -> None:
    worker = Worker(
        "heavy-tasks",
        BullMQ.processor(queue_work.write, queue_work.write_async),
        {"connection": queue_work.REDIS_URL, "concurrency": 2, "autorun": False},
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main())
