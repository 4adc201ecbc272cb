"""What the rules say of a task holds in each framework that runs it: the wrong form fails, the right one works."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from celery import Celery
from fastapi import Depends
from lilya.apps import Lilya
from lilya.background import Task as LilyaTask
from lilya.background import Tasks as LilyaTasks
from lilya.exceptions import HTTPException as LilyaError
from lilya.responses import JSONResponse as LilyaResponse
from lilya.routing import Path as LilyaPath
from litestar import Litestar
from litestar import Response as LitestarResponse
from litestar import get as litestar_get
from litestar.background_tasks import BackgroundTask as LitestarTask
from litestar.background_tasks import BackgroundTasks as LitestarTasks
from litestar.exceptions import HTTPException as LitestarError
from litestar.testing import TestClient as LitestarClient
from quart import Quart
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    Run = Callable[..., None]

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def starlette(*tasks: tuple[Any, ...]) -> None:
    async def endpoint(request: Request) -> Response:
        return JSONResponse({}, background=BackgroundTasks([BackgroundTask(*each) for each in tasks]))

    TestClient(Starlette(routes=[Route("/", endpoint)])).get("/")


def litestar(*tasks: tuple[Any, ...]) -> None:
    @litestar_get("/")
    async def endpoint() -> LitestarResponse[dict[str, str]]:
        return LitestarResponse({}, background=LitestarTasks([LitestarTask(*each) for each in tasks]))

    with LitestarClient(Litestar([endpoint])) as client:
        client.get("/")


def lilya(*tasks: tuple[Any, ...]) -> None:
    respond_with_lilya(lambda: LilyaTasks([LilyaTask(*each) for each in tasks]))


def respond_with_lilya(background: Callable[[], Any]) -> None:
    async def endpoint(request: Any) -> LilyaResponse:
        return LilyaResponse({}, background=background())

    TestClient(Lilya(routes=[LilyaPath("/", endpoint)])).get("/")


def quart(*tasks: tuple[Any, ...]) -> None:
    app = Quart("tests", root_path=str(Path.cwd()))

    @app.get("/")
    async def endpoint() -> str:
        for each in tasks:
            app.add_background_task(*each)
        return ""

    async def main() -> None:
        async with app.test_app() as running:
            await running.test_client().get("/")

    asyncio.run(main())


RESPONSES = pytest.mark.parametrize("run", [starlette, litestar, lilya])
ALL = pytest.mark.parametrize("run", [starlette, litestar, lilya, quart])


def note(events: list[Any], what: Any = "ran") -> None:
    events.append(what)


async def anote(events: list[Any]) -> None:
    events.append("ran")


@ALL
def test_create_task_finds_no_loop_in_a_worker_thread(run: Run) -> None:
    """BG411."""
    events: list[Any] = []
    coroutine = anote(events)
    with suppress(Exception):
        run((asyncio.create_task, coroutine))
    coroutine.close()
    assert events == []
    run((anote, events))
    assert events == ["ran"]


@ALL
def test_a_worker_thread_has_no_loop_to_ask_for(run: Run) -> None:
    """BG411."""
    events: list[Any] = []

    def work() -> None:
        note(events, asyncio.get_event_loop())

    with suppress(Exception):
        run((work,))
    assert events == []


@ALL
def test_a_queues_task_runs_here(run: Run) -> None:
    """BG414: no broker is asked."""
    events: list[Any] = []
    app = Celery("tests", broker="redis://127.0.0.1:1/0")

    @app.task  # type: ignore[untyped-decorator]
    def work() -> None:
        note(events, os.getpid())

    run((work,))
    assert events == [os.getpid()]


@ALL
def test_nobody_fills_the_dependencies_of_a_target(run: Run) -> None:
    """BG415."""
    events: list[Any] = []

    def work(session: object = Depends(list)) -> None:
        note(events, type(session).__name__)

    run((work,))
    assert events == ["Depends"]


@ALL
def test_a_plain_decorator_leaves_the_coroutine_unawaited(run: Run) -> None:
    """BG410."""

    def traced(function: Any) -> Any:
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    events: list[Any] = []
    run((traced(anote), events))
    assert events == []


@ALL
def test_arguments_that_do_not_fit_run_nothing(run: Run) -> None:
    """BG402."""
    events: list[Any] = []
    with suppress(Exception):
        run((note, events, 1, 2))
    assert events == []
    run((note, events, 1))
    assert events == [1]


@ALL
def test_lambdas_of_a_loop_see_its_last_value(run: Run) -> None:
    """BG406."""
    events: list[Any] = []
    run(*[(lambda: note(events, number),) for number in (1, 2)])  # noqa: B023 -- what is tried
    assert events == [2, 2]
    run(*[(note, events, number) for number in (1, 2)])
    assert sorted(events[2:]) == [1, 2]


@RESPONSES
def test_the_first_failure_ends_the_tasks_of_a_response(run: Run) -> None:
    """BG418."""
    events: list[Any] = []

    def fail() -> None:
        raise LookupError

    with suppress(Exception):
        run((fail,), (note, events))
    assert events == []
    run((note, events), (note, events))
    assert events == ["ran", "ran"]


def test_in_quart_a_failure_ends_no_other_task() -> None:
    """BG418 does not speak of it."""
    events: list[Any] = []

    def fail() -> None:
        raise LookupError

    with suppress(Exception):
        quart((fail,), (note, events))
    assert events == ["ran"]


@RESPONSES
def test_a_task_sees_what_became_of_its_argument(run: Run) -> None:
    """BG419: here a task in front changes it."""
    events: list[Any] = []
    data = {"state": "new"}
    run((data.update, {"state": "sent"}), (note, events, data))
    assert events == [{"state": "sent"}]


@pytest.mark.parametrize(
    ("run", "error"),
    [(starlette, HTTPException(404)), (litestar, LitestarError(status_code=404)), (lilya, LilyaError(status_code=404))],
)
def test_an_http_error_of_a_task_reaches_nobody(run: Run, error: Exception) -> None:
    """BG416: what the server gets to see is another exception, or none; the client has its 200."""

    def fail() -> None:
        raise error

    with pytest.raises(Exception, match=r"response (already )?started|Not Found"):
        run((fail,))


def test_a_litestar_task_that_is_not_attached_never_runs() -> None:
    """BG404."""
    events: list[Any] = []

    @litestar_get("/")
    async def endpoint() -> LitestarResponse[dict[str, str]]:
        LitestarTask(note, events)
        return LitestarResponse({})

    with LitestarClient(Litestar([endpoint])) as client:
        client.get("/")
    assert events == []


def test_the_background_of_a_litestar_response_replaces_the_decorators() -> None:
    """BG407."""
    events: list[Any] = []

    @litestar_get("/", background=LitestarTask(note, events, "decorator"))
    async def endpoint() -> LitestarResponse[dict[str, str]]:
        return LitestarResponse({}, background=LitestarTask(note, events, "response"))

    with LitestarClient(Litestar([endpoint])) as client:
        client.get("/")
    assert events == ["response"]


@ALL
def test_a_called_function_runs_at_once_and_its_result_is_no_task(run: Run) -> None:
    """BG401."""
    events: list[Any] = []
    result = anote(events)
    with suppress(Exception):
        run((result,))
    result.close()
    assert events == []


@ALL
def test_a_generator_is_only_built(run: Run) -> None:
    """BG403."""
    events: list[Any] = []

    def rows() -> Iterator[int]:
        note(events)
        yield 1

    run((rows,))
    assert events == []


def test_tasks_of_lilya_that_are_not_attached_never_run() -> None:
    """BG404: made by hand, or what `add_task` returns."""
    events: list[Any] = []

    def unattached() -> None:
        LilyaTasks().add_task(note, events)

    def attached() -> LilyaTasks:
        tasks = LilyaTasks()
        tasks.add_task(note, events)
        return tasks

    respond_with_lilya(unattached)
    assert events == []
    respond_with_lilya(attached)
    assert events == ["ran"]
