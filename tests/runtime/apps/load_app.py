"""An application that is given very many tasks, and accounts for every one of them."""

import asyncio
import logging
import threading
import time
from collections import Counter
from typing import Annotated, Any

from fastapi import Depends, FastAPI

from bglint.runtime import BackgroundTasks, TaskReport, limits
from bglint.runtime.injection import background_tasks_with

logging.getLogger("bglint.runtime").setLevel(logging.CRITICAL)

bodies: Counter[int] = Counter()
reports: dict[str, list[str]] = {}
completed: Counter[int] = Counter()
errors: dict[int, list[str]] = {}
counted = 0


def hear(report: TaskReport) -> None:
    reports.setdefault(report.name, []).append(report.outcome)


async def async_task(number: int) -> None:
    await asyncio.sleep(0)
    bodies[number] += 1
    if number % 10 == 3:
        raise ValueError(number)
    if number % 10 == 7:
        await asyncio.sleep(60)


def sync_task(number: int) -> None:
    bodies[number] += 1
    if number % 10 == 3:
        raise ValueError(number)
    if number % 10 == 7:
        time.sleep(0.2)


def add(tasks: BackgroundTasks, number: int) -> None:
    def on_complete() -> None:
        completed[number] += 1
        if number % 17 == 0:
            raise RuntimeError("a callback fails")

    async def on_error(error: Exception) -> None:
        errors.setdefault(number, []).append(type(error).__name__)
        if number % 17 == 0:
            raise RuntimeError("a callback fails")

    times_out = number % 10 == 7
    view = tasks.with_options(
        name=str(number), timeout=0.03 if times_out else 60, on_complete=on_complete, on_error=on_error
    )
    view.add_task(sync_task if number % 4 == 0 or number % 20 == 7 else async_task, number)


app = FastAPI()
injected = background_tasks_with(slow_task_ms=None, on_report=hear)


@app.post("/tasks/{first}")
async def endpoint(first: int, count: int, tasks: Annotated[BackgroundTasks, Depends(injected)]) -> None:
    for number in range(first, first + count):
        add(tasks, number)
    if (first // count) % 2:
        tasks.start()


@app.get("/account")
async def account() -> dict[str, Any]:
    loop: Any = asyncio.get_running_loop()
    return {
        "bodies": dict(bodies),
        "reports": reports,
        "completed": dict(completed),
        "errors": errors,
        "threads": [thread.name for thread in threading.enumerate() if thread.name == "bglint background tasks"],
        "tasks": [task.get_name() for task in asyncio.all_tasks() if "execute" in repr(task.get_coro())],
        "deadlines": [repr(alarm._set) for alarm in limits._alarms.get().values() if alarm._set],
        "timers": [repr(one) for one in loop._scheduled if "Deadline" in repr(one) and not one.cancelled()],
    }
