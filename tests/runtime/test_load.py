"""10,000 tasks through a real server: every one is accounted for exactly once, and nothing is left behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.runtime.conftest import Eventually, Serve

TASKS = 10_000
PER_REQUEST = 50


async def post_all(url: str) -> list[int]:
    connections = asyncio.Semaphore(20)
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:

        async def post(first: int) -> int:
            async with connections:
                return (await client.post(f"/tasks/{first}", params={"count": PER_REQUEST})).status_code

        return await asyncio.gather(*(post(first) for first in range(0, TASKS, PER_REQUEST)))


def test_every_task_is_accounted_for_exactly_once_and_nothing_is_left(serve: Serve, eventually: Eventually) -> None:
    server = serve("load_app:app", "--loop", "asyncio", "--log-level", "warning")
    assert set(asyncio.run(post_all(server.url))) == {200}

    def account() -> dict[str, Any] | None:
        found: dict[str, Any] = httpx.get(f"{server.url}/account", timeout=30).json()
        return found if len(found["reports"]) == TASKS and not found["threads"] and not found["tasks"] else None

    found = eventually(account, f"end of {TASKS} tasks", 60)
    numbers = [str(number) for number in range(TASKS)]
    expected = {n: {"3": "failed", "7": "timed out"}.get(n[-1], "finished") for n in numbers}
    assert found["bodies"] == dict.fromkeys(numbers, 1)
    assert found["reports"] == {number: [outcome] for number, outcome in expected.items()}
    assert found["completed"] == {number: 1 for number, outcome in expected.items() if outcome == "finished"}
    kinds = {"failed": ["ValueError"], "timed out": ["TaskTimeout"]}
    assert found["errors"] == {number: kinds[outcome] for number, outcome in expected.items() if outcome != "finished"}
    assert [found[kind] for kind in ("threads", "tasks", "timers", "deadlines")] == [[], [], [], []]
    assert "Exception in ASGI application" not in server.stop()
