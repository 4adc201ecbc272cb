"""Falcon, asgi-background and aiojobs: what happens there, and what the rules say of it and what they leave alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiojobs
import falcon.asgi
import httpx
import pytest
from asgi_background import BackgroundTaskMiddleware, BackgroundTasks
from asgi_lifespan import LifespanManager
from falcon.testing import ASGIConductor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.rules.misuse.conftest import Lint

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

HEAD = """\
import aiojobs
import falcon.asgi
from asgi_background import BackgroundTasks


async def note(*rows):
    print(rows)


def store(*rows):
    print(rows)


def lines():
    yield 1


async def endpoint(resp: falcon.asgi.Response, tasks: BackgroundTasks, jobs: aiojobs.Scheduler):
    {}
"""
ran: list[object] = []


async def note(*rows: object) -> None:
    ran.append(rows)


def store(*rows: object) -> None:
    ran.append(rows)


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def falcon_runs(register: Callable[[Any], Any]) -> list[object]:
    falcon_answers(register)
    return list(ran)


def falcon_answers(register: Callable[[Any], Any]) -> int:
    """The status of a response on which something was scheduled."""

    class Resource:
        async def on_get(self, request: Any, response: Any) -> None:
            made = register(response)
            if asyncio.iscoroutine(made):
                await made

    async def main() -> int:
        app: Any = falcon.asgi.App()
        app.add_route("/", Resource())
        async with ASGIConductor(app) as conductor:
            result: Any = await conductor.simulate_get("/")
            await settled()
        return int(result.status_code)

    return asyncio.run(main())


def asgi_background_runs(register: Callable[[Any], Awaitable[None]]) -> list[object]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        await register(BackgroundTasks(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def main() -> None:
        async with LifespanManager(BackgroundTaskMiddleware(app)) as manager:
            transport = httpx.ASGITransport(app=manager.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                await client.get("/")
            await settled()

    asyncio.run(main())
    return list(ran)


def aiojobs_runs(spawn: Callable[[aiojobs.Scheduler], Any]) -> list[object]:
    async def main() -> None:
        async with aiojobs.Scheduler() as jobs:
            await spawn(jobs)
            await settled()

    asyncio.run(main())
    return list(ran)


async def settled() -> None:
    """Wait until what was started has ended, or has had its time."""
    for _ in range(100):
        if ran:
            return
        await asyncio.sleep(0.001)


RUNS = {"resp": falcon_runs, "tasks": asgi_background_runs, "jobs": aiojobs_runs}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("resp.schedule(note)", None),
        ("resp.schedule(note())", "BG401"),
        ("resp.schedule_sync(store)", None),
        ("resp.schedule_sync(note)", "BG410"),
        ("resp.schedule_sync(lambda: note(1))", "BG410"),
        ("tasks.add_task(note, 1)", None),
        ("tasks.add_task(store, 1)", None),
        ("tasks.add_task(lambda: note(1))", None),
        ("tasks.add_task(note(1))", "BG401"),
        ("tasks.add_task(note, 1, x=2)", "BG402"),
        ("jobs.spawn(note(1))", None),
    ],
)
def test_what_the_rules_say_is_what_happens(lint: Lint, call: str, code: str | None) -> None:
    awaited = "" if call.startswith("resp") else "await "
    found = [each.code for each in lint(HEAD.format(awaited + call), code="BG4")]
    assert found == ([code] if code is not None else [])
    name = call.partition(".")[0]
    scope = {"note": note, "store": store}
    runs: Any = RUNS[name]
    assert bool(runs(lambda given: eval(call, {**scope, name: given}))) is (code is None)


def test_what_falcon_schedules_cannot_be_awaited(lint: Lint) -> None:
    (found,) = lint(HEAD.format("await resp.schedule(note)"), code="BG412")
    assert found.severity == "error"

    async def awaited(response: Any) -> None:
        await response.schedule(note)

    assert falcon_answers(awaited) == 500
    assert falcon_answers(lambda response: response.schedule(note)) == 200


def test_falcon_refuses_a_generator(lint: Lint) -> None:
    def lines() -> Iterator[int]:
        yield 1

    (found,) = lint(HEAD.format("resp.schedule(lines)"), code="BG403")
    assert found.message == "`lines` is a generator: Falcon refuses it, the request fails, and its body never runs"
    assert falcon_answers(lambda response: response.schedule(lines)) == 500
    (found,) = lint(HEAD.format("tasks.add_task(lines)"), code="BG403")
    assert found.message == "`lines` is a generator: the task only builds it, and its body never runs"
