"""After: the background task only puts a job on the queue, and a worker process does the work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

from bullmq import Job, Queue
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from settings import JOB, QUEUE, REDIS_URL

from bglint.runtime import BackgroundTasks, background_tasks, drain


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.queue = Queue(QUEUE, {"connection": REDIS_URL})
    yield
    await drain(10)
    await app.state.queue.close()


app = FastAPI(lifespan=lifespan)


class HeavyOperation(BaseModel):
    passphrase: str


def get_queue(request: Request) -> Queue:
    queue: Queue = request.app.state.queue
    return queue


Tasks = Annotated[BackgroundTasks, Depends(background_tasks)]
HeavyTasks = Annotated[Queue, Depends(get_queue)]


async def enqueue(queue: Queue, operation_id: str, passphrase: str) -> None:
    await queue.add(JOB, {"passphrase": passphrase}, {"jobId": operation_id, "attempts": 3})


@app.post("/heavy-operation", status_code=202)
async def heavy_operation(body: HeavyOperation, tasks: Tasks, queue: HeavyTasks) -> dict[str, str]:
    operation_id = uuid4().hex
    tasks.with_options(name="enqueue", timeout=5).add_task(enqueue, queue, operation_id, body.passphrase)
    return {"status": "queued", "id": operation_id}


@app.get("/heavy-operation/{operation_id}")
async def heavy_operation_result(operation_id: str, queue: HeavyTasks) -> dict[str, object]:
    # The state comes first: a job that is completed by then has its result when it is read.
    state = await queue.getJobState(operation_id)
    job = await Job.fromId(queue, operation_id)
    if job is None:
        raise HTTPException(404)
    if state != "completed":
        return {"status": state}
    return {"status": "completed", "key": job.returnvalue}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
