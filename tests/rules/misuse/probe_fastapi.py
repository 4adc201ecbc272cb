"""What a version of FastAPI does where versions differ, as JSON: run with that version on the path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import BackgroundTasks, Depends, FastAPI, UploadFile
from fastapi.testclient import TestClient

Events = list[Any]


def dependency_with_yield(events: Events) -> FastAPI:
    """In which order a dependency is opened, the task runs and the dependency is closed."""
    app = FastAPI()

    def session():  # type: ignore[no-untyped-def]
        events.append("open")
        yield "session"
        events.append("close")

    @app.post("/")
    def endpoint(tasks: BackgroundTasks, session: str = Depends(session)) -> None:
        tasks.add_task(events.append, "task")

    return app


def upload(events: Events) -> FastAPI:
    """Whether an upload can be read in the task."""
    app = FastAPI()

    async def store(file: UploadFile) -> None:
        try:
            events.append((await file.read()).decode())
        except ValueError as error:
            events.append(type(error).__name__)

    @app.post("/")
    async def endpoint(file: UploadFile, tasks: BackgroundTasks) -> None:
        tasks.add_task(store, file)

    return app


def added_after_yield(events: Events) -> FastAPI:
    """Whether a task runs that a dependency adds behind its `yield`."""
    app = FastAPI()

    async def audited(tasks: BackgroundTasks):  # type: ignore[no-untyped-def]
        yield
        tasks.add_task(events.append, "task")

    @app.post("/")
    async def endpoint(audited: None = Depends(audited)) -> None:
        await asyncio.sleep(0)

    return app


def depends_on_the_class(events: Events) -> FastAPI:
    """Whether `Depends(BackgroundTasks)` is refused, or what becomes of the tasks."""
    app = FastAPI()

    @app.post("/")
    def endpoint(tasks=Depends(BackgroundTasks)) -> None:  # type: ignore[no-untyped-def]  # noqa: B008 -- what is tried
        tasks.add_task(events.append, "task")

    return app


def depends_without_anything(events: Events) -> FastAPI:
    """Whether `tasks: BackgroundTasks = Depends()` is refused."""
    app = FastAPI()

    @app.post("/")
    def endpoint(tasks: BackgroundTasks = Depends()) -> None:  # noqa: B008 -- what is tried
        tasks.add_task(events.append, "task")

    return app


def measured() -> dict[str, Events]:
    """What each of them comes to; `refused` where the application cannot even be made."""
    found: dict[str, Events] = {}
    for make in (
        dependency_with_yield, upload, added_after_yield, depends_on_the_class, depends_without_anything,
    ):  # fmt: skip
        events: Events = []
        try:
            client = TestClient(make(events))
        except Exception:  # each version refuses with another error
            events.append("refused")
        else:
            client.post("/", files={"file": b"abc"} if make is upload else None)
        found[make.__name__] = events
    return found


if __name__ == "__main__":
    print(json.dumps(measured()))
