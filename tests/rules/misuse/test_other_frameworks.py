"""What the rules say of Starlette, Litestar, Quart and Sanic happens there."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import sanic
from litestar import Litestar
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from litestar import get as litestar_get
from litestar.background_tasks import BackgroundTask as LitestarTask
from litestar.di import Provide
from litestar.testing import TestClient as LitestarClient
from quart import Quart
from sanic import Sanic
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


@pytest.fixture
def events() -> list[str]:
    return []


# Starlette


def starlette(background: Callable[[], Any]) -> None:
    """Answer one request with a background that is made in the endpoint."""

    async def endpoint(request: Request) -> Response:
        return JSONResponse({}, background=background())

    TestClient(Starlette(routes=[Route("/", endpoint)])).get("/")


async def note(events: list[str]) -> None:
    events.append("ran")


def test_starlette_runs_what_is_handed_over(events: list[str]) -> None:
    starlette(lambda: BackgroundTask(note, events))
    assert events == ["ran"]


def test_starlette_cannot_call_a_result(events: list[str]) -> None:
    with pytest.raises(TypeError):
        starlette(lambda: BackgroundTask(events.append("early")))  # type: ignore[func-returns-value, arg-type]
    assert events == ["early"]


def test_starlette_refuses_arguments_that_do_not_fit(events: list[str]) -> None:
    with pytest.raises(TypeError):
        starlette(lambda: BackgroundTask(note, events, timeout=3))  # type: ignore[call-arg]
    assert events == []


def test_starlette_only_builds_a_generator(events: list[str]) -> None:
    def export() -> Any:
        yield events.append("ran")  # type: ignore[func-returns-value]

    starlette(lambda: BackgroundTask(export))
    assert events == []


def test_starlette_awaits_no_coroutine_of_a_lambda(events: list[str]) -> None:
    starlette(lambda: BackgroundTask(lambda: note(events)))
    starlette(lambda: BackgroundTask(partial(note, events)))
    assert events == ["ran"]


def test_starlette_drops_unattached_tasks(events: list[str]) -> None:
    def unattached() -> None:
        BackgroundTasks().add_task(note, events)
        BackgroundTask(note, events)

    starlette(unattached)
    assert events == []


def test_starlettes_add_task_gives_nothing_to_attach(events: list[str]) -> None:
    """BG404."""
    starlette(lambda: BackgroundTasks().add_task(note, events))
    assert events == []


def test_awaiting_starlettes_add_task_fails_the_request(events: list[str]) -> None:
    """BG412."""

    async def endpoint(request: Request) -> Response:
        tasks = BackgroundTasks()
        await tasks.add_task(note, events)  # type: ignore[func-returns-value, misc]
        return JSONResponse({}, background=tasks)

    with pytest.raises(TypeError):
        TestClient(Starlette(routes=[Route("/", endpoint)])).get("/")
    assert events == []


def test_starlette_drops_the_tasks_of_an_endpoint_that_raises(events: list[str]) -> None:
    """BG408; a response that is returned with them runs them, whatever its status."""

    async def endpoint(request: Request) -> Response:
        tasks = BackgroundTasks()
        tasks.add_task(note, events)
        if request.url.path == "/raise":
            raise HTTPException(404)
        return JSONResponse({}, 404, background=tasks)

    client = TestClient(Starlette(routes=[Route("/raise", endpoint), Route("/return", endpoint)]))
    assert client.get("/raise").status_code == 404
    assert events == []
    assert client.get("/return").status_code == 404
    assert events == ["ran"]


def test_what_a_with_block_holds_is_closed_before_the_task(events: list[str]) -> None:
    """BG405."""

    @contextmanager
    def session() -> Iterator[str]:
        yield "session"
        events.append("closed")

    async def endpoint(request: Request) -> Response:
        with session():
            return JSONResponse({}, background=BackgroundTask(note, events))

    TestClient(Starlette(routes=[Route("/", endpoint)])).get("/")
    assert events == ["closed", "ran"]


def test_starlette_stops_at_the_first_failure(events: list[str]) -> None:
    def fail() -> None:
        raise LookupError

    tasks = BackgroundTasks([BackgroundTask(fail), BackgroundTask(note, events)])
    with pytest.raises(LookupError):
        starlette(lambda: tasks)
    assert events == []


# Litestar


def litestar(background: Callable[[], Any]) -> None:
    @litestar_get("/")
    async def endpoint() -> LitestarResponse[dict[str, str]]:
        return LitestarResponse({}, background=background())

    with LitestarClient(Litestar([endpoint])) as client:
        client.get("/")


def test_litestar_runs_what_is_handed_over(events: list[str]) -> None:
    litestar(lambda: LitestarTask(note, events))
    assert events == ["ran"]


def test_litestar_cannot_run_a_coroutine(events: list[str]) -> None:
    with suppress(Exception):
        litestar(lambda: LitestarTask(note(events)))  # type: ignore[arg-type]
    assert events == []


def test_litestar_only_builds_a_generator(events: list[str]) -> None:
    def export() -> Any:
        yield events.append("ran")  # type: ignore[func-returns-value]

    litestar(lambda: LitestarTask(export))
    assert events == []


def test_litestar_awaits_no_coroutine_of_a_lambda(events: list[str]) -> None:
    litestar(lambda: LitestarTask(lambda: note(events)))
    assert events == []


def test_litestar_refuses_arguments_that_do_not_fit(events: list[str]) -> None:
    with suppress(Exception):
        litestar(lambda: LitestarTask(note, events, timeout=3))  # type: ignore[call-arg]
    assert events == []


def test_litestar_closes_dependencies_before_the_task(events: list[str]) -> None:
    async def session() -> AsyncIterator[str]:
        events.append("open")
        yield "session"
        events.append("close")

    @litestar_get("/", dependencies={"session": Provide(session)})
    async def endpoint(request: LitestarRequest[Any, Any, Any], session: str) -> LitestarResponse[dict[str, str]]:
        return LitestarResponse({}, background=LitestarTask(note, events))

    with LitestarClient(Litestar([endpoint])) as client:
        client.get("/")
    assert events == ["open", "close", "ran"]


# Quart


def quart(register: Callable[[Quart], Any]) -> None:
    """Run an application for one request that registers something, and shut it down."""
    app = Quart("tests", root_path=str(Path.cwd()))

    @app.get("/")
    async def endpoint() -> str:
        made = register(app)
        if isinstance(made, asyncio.Future) or asyncio.iscoroutine(made):
            await made
        return ""

    async def main() -> int:
        async with app.test_app() as running:
            response = await running.test_client().get("/")
            return int(response.status_code)

    if asyncio.run(main()) == 500:
        raise TypeError


def test_quart_runs_what_is_handed_over(events: list[str]) -> None:
    quart(lambda app: app.add_background_task(note, events))
    assert events == ["ran"]


def test_quart_cannot_run_a_coroutine(events: list[str]) -> None:
    with suppress(Exception):
        quart(lambda app: app.add_background_task(note(events)))  # type: ignore[arg-type]
    assert events == []


def test_quart_only_builds_a_generator(events: list[str]) -> None:
    def export() -> Any:
        yield events.append("ran")  # type: ignore[func-returns-value]

    quart(lambda app: app.add_background_task(export))
    assert events == []


def test_quart_awaits_no_coroutine_of_a_lambda(events: list[str]) -> None:
    quart(lambda app: app.add_background_task(lambda: note(events)))
    assert events == []


def test_quart_awaits_no_coroutine_of_an_object_but_that_of_its_method(events: list[str]) -> None:
    class Noting:
        async def __call__(self) -> None:
            events.append("called")

        async def run(self) -> None:
            events.append("ran")

    quart(lambda app: app.add_background_task(Noting()))
    assert events == []
    quart(lambda app: app.add_background_task(Noting().run))
    assert events == ["ran"]


def test_awaiting_quarts_registration_fails_the_request(events: list[str]) -> None:
    async def awaited(app: Quart) -> None:
        await app.add_background_task(note, events)  # type: ignore[func-returns-value, misc]

    with pytest.raises(TypeError):
        quart(awaited)


# Sanic


async def request_of_sanic(app: Sanic[Any, Any]) -> None:
    """Start an application as an ASGI server does, send it one request, and give its tasks a turn."""
    received: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    started = asyncio.Event()

    async def send(message: Any) -> None:
        started.set()

    await received.put({"type": "lifespan.startup"})
    lifespan = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, received.get, send))
    await started.wait()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tests") as client:
        await client.get("/")
    await asyncio.sleep(0.01)
    lifespan.cancel()


def sanic_app(name: str, register: Callable[[Any], Any]) -> None:
    """Run an application for one request that registers something."""
    app: Any = Sanic(f"tests_{name}")

    @app.get("/")  # type: ignore[untyped-decorator]
    async def endpoint(request: Any) -> Any:
        made = register(app)
        if isinstance(made, asyncio.Future):
            await made
        return sanic.response.empty()

    asyncio.run(request_of_sanic(app))


def test_sanic_only_builds_a_generator(events: list[str]) -> None:
    """BG403: as a function, as an object, plain and async."""

    def export(_: object = None) -> Any:
        yield events.append("ran")  # type: ignore[func-returns-value]

    async def aexport(_: object = None) -> Any:
        yield events.append("ran")  # type: ignore[func-returns-value]

    for number, target in enumerate([export, export(), aexport, aexport()]):
        sanic_app(f"generator_{number}", lambda app, target=target: app.add_task(target))  # type: ignore[misc]
    assert events == []


def test_sanic_gives_the_application_or_nothing(events: list[str]) -> None:
    """BG402: what takes neither, or more, never runs."""

    async def two(app: object, what: str) -> None:
        events.append(what)

    async def one(app: object) -> None:
        events.append("one")

    async def none() -> None:
        events.append("none")

    for function in (two, one, none):
        with suppress(Exception):
            sanic_app(function.__name__, lambda app, function=function: app.add_task(function))  # type: ignore[misc]
    assert events == ["one", "none"]


def test_lambdas_of_a_loop_see_its_last_value_in_sanic(events: list[str]) -> None:
    """BG406; called in the loop, the coroutine has its own."""

    async def send(what: str) -> None:
        events.append(what)

    def late(app: Any) -> None:
        for what in "ab":
            app.add_task(lambda _: send(what))  # noqa: B023 -- what is tried

    def called(app: Any) -> None:
        for what in "ab":
            app.add_task(send(what))

    sanic_app("late", late)
    assert events == ["b", "b"]
    sanic_app("called", called)
    assert events[2:] == ["a", "b"]


def test_sanics_registration_may_be_awaited(events: list[str]) -> None:
    """BG412 does not speak of it: a task is returned."""
    sanic_app("awaited", lambda app: app.add_task(note(events)))
    assert events == ["ran"]


def test_plain_functions_run_on_sanics_loop(events: list[str]) -> None:
    """BG410 and BG411 do not speak of it: there is a loop, and what is returned is awaited."""

    def plain() -> Any:
        return asyncio.create_task(note(events))

    sanic_app("plain", lambda app: app.add_task(plain))
    assert events == ["ran"]


@pytest.mark.parametrize("called", [True, False])
def test_sanic_takes_a_coroutine_or_a_function(events: list[str], called: bool) -> None:
    app: Any = Sanic(f"tests_{called}")

    async def task(_: object = None) -> None:
        events.append("ran")

    @app.get("/")  # type: ignore[untyped-decorator]
    async def endpoint(request: Any) -> Any:
        app.add_task(task() if called else task)
        return sanic.response.empty()

    asyncio.run(request_of_sanic(app))
    assert events == ["ran"]


def test_sanic_awaits_what_a_lambda_returns(events: list[str]) -> None:
    app: Any = Sanic("tests_lambda")

    @app.get("/")  # type: ignore[untyped-decorator]
    async def endpoint(request: Any) -> Any:
        app.add_task(lambda _: note(events))
        return sanic.response.empty()

    asyncio.run(request_of_sanic(app))
    assert events == ["ran"]
