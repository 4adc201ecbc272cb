"""The worker: a process of its own, which works on five jobs at a time."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from bullmq import Job, Worker
from processing import stretch_key
from settings import QUEUE, REDIS_URL

CONCURRENCY = 5
logger = logging.getLogger("worker")


async def main() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    # Processes, because the jobs compute: the worker's own event loop must be free to renew the locks of its jobs.
    with ProcessPoolExecutor(CONCURRENCY) as pool:

        async def process(job: Job, _token: str) -> Any:
            return await loop.run_in_executor(pool, stretch_key, job.data["passphrase"])

        worker = Worker(QUEUE, process, {"connection": REDIS_URL, "concurrency": CONCURRENCY})
        worker.on("completed", lambda job, _result: logger.info("Job %s completed", job.id))
        worker.on("failed", lambda job, error: logger.error("Job %s failed: %s", job.id, error))
        logger.info("Working on %s", QUEUE)
        await stopped.wait()
        await worker.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    asyncio.run(main())
