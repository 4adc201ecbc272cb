"""Before: the heavy operation is a background task, and stops the event loop while it runs."""

from uuid import uuid4

from fastapi import BackgroundTasks, FastAPI
from processing import stretch_key
from pydantic import BaseModel

app = FastAPI()
results: dict[str, str] = {}


class HeavyOperation(BaseModel):
    passphrase: str


async def process_heavy_data(operation_id: str, passphrase: str) -> None:
    results[operation_id] = stretch_key(passphrase)


@app.post("/heavy-operation", status_code=202)
async def heavy_operation(body: HeavyOperation, background_tasks: BackgroundTasks) -> dict[str, str]:
    operation_id = uuid4().hex
    background_tasks.add_task(process_heavy_data, operation_id, body.passphrase)
    return {"status": "queued", "id": operation_id}


@app.get("/heavy-operation/{operation_id}")
async def heavy_operation_result(operation_id: str) -> dict[str, object]:
    if operation_id not in results:
        return {"status": "queued"}
    return {"status": "completed", "key": results[operation_id]}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
