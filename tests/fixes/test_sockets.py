"""The fix of tasks that are added to a WebSocket endpoint's object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fixes.conftest import Build

HEAD = """\
from fastapi import BackgroundTasks, FastAPI, WebSocket

app = FastAPI()

async def mail(*users, **options): ...

def store(*rows): ...

@app.websocket("/")
"""
ENDPOINT = "{}def chat(socket: WebSocket, tasks: BackgroundTasks):\n    {}\n"


def mended(build: Build, source: str, head: str = HEAD) -> str | None:
    fixed = build("BG409", head + source)
    assert fixed is None or fixed.applicability == "unsafe"
    return fixed.text if fixed is not None else None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tasks.add_task(mail)", "await mail()"),
        ("tasks.add_task(mail, 1, key=2)  # why", "await mail(1, key=2)  # why"),
        ("tasks.add_task(\n        mail,\n        1,\n    )", "await mail(\n        1,\n    )"),
        ("tasks.add_task(lambda: mail(1))", None),
        ("tasks.add_task(func=mail)", None),
        ("tasks.add_task(unknown, 1)", None),
        ("x = tasks.add_task(mail)", None),
    ],
)
def test_a_coroutine_is_awaited(build: Build, before: str, after: str | None) -> None:
    expected = after and HEAD + ENDPOINT.format("async ", after)
    assert mended(build, ENDPOINT.format("async ", before)) == expected


@pytest.mark.parametrize(
    ("head", "start", "callee"),
    [
        (HEAD, "import asyncio\n\nfrom fastapi", "asyncio.to_thread"),
        (f"import os\n\n{HEAD}", "import asyncio\nimport os\n\nfrom fastapi", "asyncio.to_thread"),
        (f"import asyncio as aio\n\n{HEAD}", "import asyncio as aio\n\nfrom fastapi", "aio.to_thread"),
        (f'"""Doc."""\n\n{HEAD}', '"""Doc."""\n\nimport asyncio\n\nfrom fastapi', "asyncio.to_thread"),
    ],
)
def test_a_plain_function_runs_in_a_thread(build: Build, head: str, start: str, callee: str) -> None:
    text = mended(build, ENDPOINT.format("async ", "tasks.add_task(store, 1, key=2)"), head)
    assert text is not None
    assert text.startswith(start)
    assert text.endswith(f"    await {callee}(store, 1, key=2)\n")


def test_a_function_that_cannot_await_is_left_alone(build: Build) -> None:
    assert mended(build, ENDPOINT.format("", "tasks.add_task(store, 1)")) is None


def test_a_name_that_means_something_else_is_not_taken(build: Build) -> None:
    head = HEAD.replace("app = FastAPI()", "app = FastAPI()\nasyncio = None")
    assert mended(build, ENDPOINT.format("async ", "tasks.add_task(store, 1)"), head) is None
