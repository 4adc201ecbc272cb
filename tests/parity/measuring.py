"""Runs the background tasks of one application under `bglint.runtime`, and writes what was measured as JSON.

    python -m tests.parity.measuring SPECIFICATION.json RESULT.json

Run in a process of its own and in a folder that holds the data. The application is asked through its own endpoints;
what they register is not run by the framework but kept, with the line that registered it, and then run task by task,
with nothing beside it: once to warm up (imports, caches, connections), then again to be measured. Of several runs the
least is taken, since what disturbs a measurement only ever adds to it.
"""

from __future__ import annotations

import asyncio
import filecmp
import gc
import importlib
import json
import linecache
import logging
import re
import resource
import shutil
import socket
import sys
import time
import warnings
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import fastapi.background
import httpx
import redis
import starlette.background
from fastapi import FastAPI

from bglint.runtime import BackgroundTasks, SlowTaskWarning, TaskReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNS: Final = 3
WARM_UP_MS: Final = 3000
"""A first run that computed for longer did not do so for what it pays only once: imports and caches cost less."""
ENOUGH_MS: Final = 1000
"""A run that used or waited for so much need not be repeated: its disturbance is small beside it."""
TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Specification:
    """What to run: an application, the values of its parameters, and where the network ends.

    `values` are keyed by a regular expression for the line that registers a task: the task is run with the values of
    the first that is found there. A task whose line matches one of `left_out` is not run. `data` is a folder; what is
    in it lies in the working directory whenever a task begins. `ports` maps ports to those of stand-ins.
    """

    roots: list[str]
    application: str
    values: dict[str, dict[str, Any]]
    left_out: list[str]
    data: str
    ports: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Kept:
    """A task that an endpoint registered, and the line that did."""

    filename: str
    row: int
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measured:
    """What one task did; times in milliseconds.

    `loop_cpu_ms` is all that the thread of the event loop computed meanwhile, for tasks that this one started as well.
    `process_cpu_ms` counts all threads of the process, and no child.
    """

    filename: str
    row: int
    name: str
    outcome: str
    place: str
    duration_ms: float
    cpu_ms: float
    busy_ms: float
    longest_block_ms: float
    loop_cpu_ms: float
    process_cpu_ms: float
    children_cpu_ms: float
    queue_commands: int
    error: str


def redirect(ports: dict[str, int]) -> None:
    """Lead every connection to a port of the table to this machine, whatever its host."""
    resolve, connect = socket.getaddrinfo, asyncio.BaseEventLoop.create_connection

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        there = ports.get(str(port))
        return resolve(host, port, *args, **kwargs) if there is None else resolve("127.0.0.1", there, *args, **kwargs)

    async def create_connection(self: Any, factory: Any, host: Any = None, port: Any = None, **kwargs: Any) -> Any:
        return await connect(self, factory, host, ports.get(str(port), port), **kwargs)

    socket.getaddrinfo = getaddrinfo
    asyncio.BaseEventLoop.create_connection = create_connection  # type: ignore[method-assign,assignment]


def keep(kept: list[Kept]) -> None:
    """Make Starlette's `add_task` keep the task instead of running it."""

    def add_task(_self: object, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        caller = sys._getframe(1)
        while caller.f_code.co_filename in {__file__, fastapi.background.__file__}:
            caller = caller.f_back or caller
        kept.append(Kept(caller.f_code.co_filename, caller.f_lineno, func, args, kwargs))

    def construct(self: Any, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        add_task(self, func, *args, **kwargs)
        self.func, self.args, self.kwargs, self.is_async = nothing, (), {}, True

    starlette.background.BackgroundTasks.add_task = add_task  # type: ignore[method-assign,assignment]
    starlette.background.BackgroundTask.__init__ = construct  # type: ignore[method-assign]


async def nothing() -> None:
    """Stand in for a task that was kept."""


def requests(app: FastAPI, values: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and query of a request to every endpoint; plain numbers and words where no value is given."""
    plain = {"integer": 7, "number": 1.5, "boolean": True}
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            query = {}
            filled = path
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                value = values.get(name, plain.get(parameter["schema"].get("type", "string"), name))
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{name}}}", str(value))
                elif parameter["in"] == "query":
                    query[name] = value
            yield method.upper(), filled, query


async def register(app: FastAPI, values: dict[str, Any]) -> None:
    """Ask every endpoint once."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        for method, path, query in requests(app, values):
            answer = await client.request(method, path, params=query)
            if answer.is_error:
                print(f"{method} {path}: {answer.status_code} {answer.text[:200]}", file=sys.stderr)


def queue_commands(client: redis.Redis) -> int:
    """How many commands the Redis server has been sent."""
    return int(client.info("stats")["total_commands_processed"])


def restore(data: Path) -> None:
    """Bring back what an earlier run took from the working directory or wrote over."""
    for each in data.iterdir():
        here = Path(each.name)
        if each.is_dir() and not here.exists():
            shutil.copytree(each, here)
        elif each.is_file() and not (here.exists() and filecmp.cmp(each, here)):
            shutil.copy2(each, here)


async def once(task: Kept, data: Path, client: redis.Redis) -> Measured:
    """Run a task, and say what it did."""
    restore(data)
    reports: list[TaskReport] = []
    tasks = BackgroundTasks(timeout=TIMEOUT_S, slow_task_ms=100, on_report=reports.append)
    tasks.add_task(task.function, *task.args, **task.kwargs)
    gc.collect()
    commands = queue_commands(client)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    process_ns, loop_ns = time.process_time_ns(), time.thread_time_ns()
    await tasks()
    loop_ms = (time.thread_time_ns() - loop_ns) / 1e6
    process_ms = (time.process_time_ns() - process_ns) / 1e6
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    commands = queue_commands(client) - commands - 1
    report = reports[0]
    return Measured(
        filename=task.filename,
        row=task.row,
        name=report.name,
        outcome=report.outcome.value,
        place=report.place.value,
        duration_ms=report.duration_ms,
        cpu_ms=report.cpu_ms,
        busy_ms=report.busy_ms,
        longest_block_ms=report.longest_block_ms,
        loop_cpu_ms=loop_ms,
        process_cpu_ms=process_ms,
        children_cpu_ms=(after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime) * 1000,
        queue_commands=max(commands, 0),
        error=repr(report.error) if report.error is not None else "",
    )


FIGURES: Final = (
    "duration_ms",
    "cpu_ms",
    "busy_ms",
    "longest_block_ms",
    "loop_cpu_ms",
    "process_cpu_ms",
    "children_cpu_ms",
)


def least(runs: list[Measured]) -> Measured:
    """The least of each figure: what the task did when nothing disturbed it."""
    return replace(runs[-1], **{name: min(getattr(run, name) for run in runs) for name in FIGURES})


async def measure(task: Kept, data: Path, client: redis.Redis) -> Measured:
    """Warm a task up, then run it until it has been measured often enough."""
    runs = [await once(task, data, client)]
    if runs[0].outcome != "finished" or runs[0].cpu_ms > WARM_UP_MS:
        return runs[0]
    runs.clear()
    while len(runs) < RUNS and sum(max(run.duration_ms, run.process_cpu_ms) for run in runs) < ENOUGH_MS:
        await asyncio.sleep(0.01)  # what the last run left to the loop is not this one's
        runs.append(await once(task, data, client))
    failed = [run for run in runs if run.outcome != "finished"]
    return failed[0] if failed else least(runs)


async def main(specification: Specification) -> list[Measured]:
    """Register and measure all tasks of an application."""
    sys.path[:0] = specification.roots
    redirect(specification.ports)
    kept: list[Kept] = []
    keep(kept)
    data = Path(specification.data)
    restore(data)
    module, _, name = specification.application.partition(":")
    app = getattr(importlib.import_module(module), name)
    wanted = []
    for pattern, values in specification.values.items():
        kept.clear()
        await register(app, values)
        wanted += [task for task in kept if _first(specification, task) == pattern]
    with redis.Redis(port=specification.ports["6379"]) as client:
        return [await measure(task, data, client) for task in wanted]


def _first(specification: Specification, task: Kept) -> str | None:
    """The pattern that decides about a task; None for one that is left out."""
    line = linecache.getline(task.filename, task.row)
    if any(re.search(pattern, line) for pattern in specification.left_out):
        return None
    return next((pattern for pattern in specification.values if re.search(pattern, line)), None)


if __name__ == "__main__":
    warnings.simplefilter("ignore", SlowTaskWarning)
    logging.getLogger("bglint.runtime").setLevel(logging.CRITICAL)
    given = Specification(**json.loads(Path(sys.argv[1]).read_text()))
    measured = asyncio.run(main(given))
    Path(sys.argv[2]).write_text(json.dumps([asdict(each) for each in measured]))
