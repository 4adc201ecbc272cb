"""What fixes promise, seen to happen: under the real FastAPI a task that did not run, or broke, runs once mended."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

if TYPE_CHECKING:
    from tests.fixes.conftest import Build

HEAD = """\
import asyncio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.background import BackgroundTask

app = FastAPI()
ran = []

async def mail(*users, **options):
    await asyncio.sleep(0)
    ran.append(users)

def store(*rows):
    ran.append(rows)

def rows(count):
    for number in range(count):
        ran.append(number)
        yield number

@app.get("/")
"""

CASES = [
    ("BG401", "async def e(t: BackgroundTasks):\n    t.add_task(mail(1))", [(1,)]),
    ("BG401", "async def e(t: BackgroundTasks):\n    t.add_task(store(1, 2))", [(1, 2)]),
    ("BG403", "def e(t: BackgroundTasks):\n    t.add_task(rows, 2)", [0, 1]),
    ("BG404", "def e(n: int = 1):\n    t = BackgroundTasks()\n    t.add_task(store, n)\n    return n", [(1,)]),
    ("BG404", "def e():\n    t.add_task(store, 1)\n\nt = BackgroundTasks()", [(1,)]),
    ("BG404", "def e():\n    BackgroundTask(store, 1)", [(1,)]),
    ("BG404", "def e():\n    return PlainTextResponse('x', background=BackgroundTasks().add_task(store, 1))", [(1,)]),
    ("BG406", "def e(t: BackgroundTasks):\n    for n in (1, 2):\n        t.add_task(lambda: store(n))", [(1,), (2,)]),
    ("BG407", "def e(t: BackgroundTasks):\n    t.add_task(store, 1)\n"
     "    return PlainTextResponse('x', background=BackgroundTask(store, 2))", [(1,), (2,)]),
    ("BG408", "def e(t: BackgroundTasks):\n    t.add_task(store, 1)\n    raise HTTPException(401, 'no')", [(1,)]),
    ("BG410", "def e(t: BackgroundTasks):\n    t.add_task(lambda: mail(1))", [(1,)]),
    ("BG411", "async def e(t: BackgroundTasks):\n    t.add_task(asyncio.create_task, mail(1))", [(1,)]),
    ("BG412", "async def e(t: BackgroundTasks):\n    await t.add_task(store, 1)", [(1,)]),
    ("BG413", "async def e(t: BackgroundTasks = Depends()):\n    t.add_task(store, 1)", [(1,)]),
    ("BG413", "async def e(n: int = 1, t: BackgroundTasks = Depends()):\n    t.add_task(store, n)", [(1,)]),
]  # fmt: skip


@pytest.mark.parametrize(("code", "endpoint", "expected"), CASES)
def test_what_is_mended_runs(build: Build, code: str, endpoint: str, expected: list[object]) -> None:
    source = f"{HEAD}{endpoint}\n"
    before, _ = requested(source)
    fixed = build(code, source)
    assert fixed is not None
    after, response = requested(fixed.text)
    assert before != (expected, True)
    assert after == (expected, True)
    if code == "BG408":
        assert (response.status_code, response.json()) == (401, {"detail": "no"})


def requested(source: str) -> tuple[tuple[list[object], bool], Any]:
    """What ran, and whether all went well, when the endpoint of an application is asked once."""
    scope: dict[str, Any] = {"__name__": "app"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(source, "app.py", "exec"), scope)
            response = TestClient(scope["app"]).get("/")
        except Exception:
            return (scope.get("ran", []), False), None
    return (scope["ran"], True), response


@pytest.mark.parametrize(("target", "expected"), [("store", [("hello", 1)]), ("mail", [("hello", 1)])])
def test_what_a_socket_lost_runs_once_mended(build: Build, target: str, expected: list[object]) -> None:
    source = HEAD.replace('@app.get("/")', '@app.websocket("/")').replace("HTTPException", "HTTPException, WebSocket")
    source += f"""\
async def e(socket: WebSocket, t: BackgroundTasks):
    await socket.accept()
    t.add_task({target}, await socket.receive_text(), 1)
"""
    assert talked(source) == []
    fixed = build("BG409", source)
    assert fixed is not None
    assert talked(fixed.text) == expected


def talked(source: str) -> list[object]:
    """What ran when a client has sent a word to the socket of an application and the socket was closed."""
    module: dict[str, Any] = {}
    exec(compile(source, "app.py", "exec"), module)
    with TestClient(module["app"]) as client, client.websocket_connect("/") as socket:
        socket.send_text("hello")
    ran = module["ran"]
    assert isinstance(ran, list)
    return ran
