from __future__ import annotations

from typing import Annotated

import fastapi
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from bglint.runtime import BackgroundTasks, TaskReport, background_tasks
from bglint.runtime.injection import background_tasks_with

Tasks = Annotated[BackgroundTasks, Depends(background_tasks)]
seen: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def fail() -> None:
    raise ValueError("broken")


def test_the_tasks_run_after_the_reply_and_share_one_object_with_dependencies() -> None:
    app = FastAPI()

    async def audit(tasks: Tasks) -> None:
        tasks.add_task(seen.append, "audit")

    @app.post("/", status_code=202, dependencies=[Depends(audit)])
    async def endpoint(tasks: Tasks, plain: fastapi.BackgroundTasks) -> str:
        tasks.add_task(fail)
        tasks.with_options(name="mail").add_task(seen.append, "mail")
        plain.add_task(seen.append, "fastapi's own")
        return "accepted"

    reply = TestClient(app).post("/")
    assert (reply.status_code, reply.json()) == (202, "accepted")
    assert seen == ["audit", "mail", "fastapi's own"]


def test_sync_endpoints_get_it_as_well() -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: Tasks) -> None:
        tasks.add_task(seen.append, "ran")

    TestClient(app).get("/")
    assert seen == ["ran"]


def test_it_needs_no_parameter_and_adds_none_to_the_schema() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: Tasks) -> None: ...

    assert "parameters" not in app.openapi()["paths"]["/"]["get"]


def test_a_dependency_with_other_defaults_can_be_made() -> None:
    app = FastAPI()
    reports: list[TaskReport] = []
    quick = background_tasks_with(slow_task_ms=20, timeout=5, on_report=reports.append)

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks = Depends(quick)) -> None:  # noqa: B008
        tasks.add_task(seen.append, "ran")
        assert tasks.tasks[0].options.timeout == 5

    TestClient(app).get("/")
    assert [report.threshold_ms for report in reports] == [20]


def test_it_is_accepted_as_the_background_of_a_response() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> fastapi.Response:
        tasks = BackgroundTasks()
        tasks.add_task(seen.append, "ran")
        return fastapi.responses.JSONResponse("ok", background=tasks)

    TestClient(app).get("/")
    assert seen == ["ran"]


def test_a_task_that_fails_is_no_error_of_the_request() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint(tasks: Tasks) -> str:
        tasks.add_task(fail)
        return "ok"

    assert TestClient(app, raise_server_exceptions=True).get("/").json() == "ok"
