"""BG204: what never ends, what ends only by an answer, and what only looks so."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION = """
import asyncio
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def is_ready(job):
    return job in app.state.done


{target}

@app.post("/")
async def start(job: int, tasks: BackgroundTasks):
    tasks.add_task(work, job)
"""

FIRES = {
    "left by what it was answered": """
        async def work(job):
            while True:
                status = await is_ready(job)
                if status:
                    break
                await asyncio.sleep(5)
    """,
    "asked in the condition": """
        async def work(job):
            while not await is_ready(job):
                await asyncio.sleep(5)
    """,
    "two calls away": """
        async def work(job):
            return await result(job)

        async def result(job):
            while True:
                if await is_ready(job):
                    return job
                await asyncio.sleep(5)
    """,
}
SILENT = {
    "turns counted": """
        async def work(job):
            turns = 0
            while not await is_ready(job):
                turns += 1
                if turns == 10:
                    break
                await asyncio.sleep(5)
    """,
    "deadline": """
        async def work(job):
            end = time.monotonic() + 60
            while time.monotonic() < end:
                if await is_ready(job):
                    return
                await asyncio.sleep(5)
    """,
    "timeout around the call": """
        async def work(job):
            async with asyncio.timeout(60):
                await result(job)

        async def result(job):
            while not await is_ready(job):
                await asyncio.sleep(5)
    """,
    "pages": """
        async def fetch(page):
            return app.state.pages.get(page)

        async def work(job):
            page = 0
            while True:
                found = await fetch(page)
                if not found:
                    break
                page = found.next
                await asyncio.sleep(1)
    """,
    "a generator that is not iterated to its end": """
        def delays():
            while True:
                yield 1

        async def work(job):
            for delay in delays():
                return delay
    """,
    "started, not awaited": """
        async def forever():
            while True:
                await asyncio.sleep(60)

        async def work(job):
            app.state.task = asyncio.create_task(forever())
    """,
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        *(pytest.param(target, 1, id=name) for name, target in FIRES.items()),
        *(pytest.param(target, 0, id=name) for name, target in SILENT.items()),
    ],
)
def test_a_task_that_only_an_answer_ends_is_endless(target: str, expected: int, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APPLICATION.format(target=textwrap.dedent(target)))
    report = run([str(tmp_path)], SettingsResolver(cli_overrides={"select": ["BG204"]}, isolated=True))
    assert len(report.diagnostics) == expected
