import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks as PlainTasks
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from served_tasks import add, hold, say, shut_down

from bglint.runtime import BackgroundTasks, background_tasks, watch


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with watch(app):
        yield
        await shut_down()


app = FastAPI(lifespan=lifespan)


@app.get("/plain")
async def plain(tasks: PlainTasks) -> str:
    tasks.add_task(hold, 0.2)
    return "accepted"


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def numbers() -> AsyncIterator[str]:
        for number in range(50):
            yield f"{number}\n" * 1000
            await asyncio.sleep(0.02)

    tasks = BackgroundTasks()
    tasks.add_task(say, "after the stream")
    return StreamingResponse(numbers(), background=tasks)


@app.get("/{kind}")
async def endpoint(kind: str, tasks: Annotated[BackgroundTasks, Depends(background_tasks)]) -> str:
    add(kind, tasks)
    return "accepted"
