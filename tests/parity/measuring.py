"""Runs the background tasks of one application under `bglint.runtime`, and writes what was measured as JSON.

    python -m tests.parity.measuring SPECIFICATION.json RESULT.json

Run in a process of its own and in a folder that holds the data. The application is asked through its own endpoints;
what they register is not run by the framework but kept, with the line that registered it, and then run task by task,
with nothing beside it: once to warm up (imports, caches, connections), then again to be measured. Of several runs the
least is taken, since what disturbs a measurement only ever adds to it; for the same reason a task that stayed small is
not run again. What is registered at several places with the same arguments is measured once.
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
import threading
import time
import warnings
from contextlib import asynccontextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import redis
from asgi_lifespan import LifespanManager
from starlette.applications import Starlette

from bglint.runtime import BackgroundTasks, SlowTaskWarning, TaskReport
from tests.parity.keeping import Keeping, Kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI

HEAVY_MS: Final = 100.0
"""What a task may compute or hold the event loop for."""
SECONDS_MS: Final = 1000.0
"""What a task may wait."""
RUNS: Final = 3
CLEAR_MS: Final = 300
"""A run that computed or held the loop for so much is far from the threshold, and its disturbance small beside it."""
CACHES_MS: Final = 3000
"""What a first run may spend on what is only paid once, and is no import."""
QUIET_MS: Final = 5
"""CPU in 20 milliseconds that nobody needs who has nothing to do."""
TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Specification:
    """What to run: an application, the values of its parameters, and where the network ends.

    `values` are keyed by a regular expression for the line that registers a task: the task is run with the values of
    the first that is found there. A task whose line matches one of `left_out` is not run. `data` is a folder; what is
    in it lies in the working directory whenever a task begins. `ports` maps ports to those of stand-ins.
    `requests` are those to make, where the application has no description of its endpoints. `frameworks` are those
    whose tasks are kept, `registrations` callables that take a task, with its position. Of the packages in `absent`
    everything can be imported and no task can call anything. `state` is what is put on the application's before it
    starts: what each callable gives. Without `thorough`, a first run that was heavy beyond its imports is enough: that
    says on which side of a threshold a task is, and not how far.
    """

    roots: list[str]
    applications: list[str]
    values: dict[str, dict[str, Any]]
    left_out: list[str]
    data: str
    ports: dict[str, int]
    requests: list[str]
    frameworks: list[str]
    registrations: dict[str, int]
    absent: list[str]
    state: dict[str, str]
    thorough: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """What one task did; times in milliseconds. `through` is that of `Kept`.

    `loop_cpu_ms` is all that the thread of the event loop computed meanwhile, for tasks that this one started as well.
    `process_cpu_ms` counts all threads of the process, and no child.
    """

    filename: str
    row: int
    through: list[tuple[str, int]]
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


class _Nothing:
    """Stands for all that is in an absent package: it can be imported, called and decorate, and no task can use it."""

    in_use = False

    def __init__(self, package: str) -> None:
        self._package = package

    def __call__(self, *_: object, **__: object) -> Any:
        if _Nothing.in_use:
            raise ModuleNotFoundError(f"No module named {self._package!r}")
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class _Absent(Loader, MetaPathFinder):
    """Finds packages that are not there."""

    def __init__(self, packages: list[str]) -> None:
        self._packages = packages

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        absent = fullname.partition(".")[0] in self._packages
        return ModuleSpec(fullname, self, is_package=True) if absent else None

    def exec_module(self, module: Any) -> None:
        nothing = _Nothing(module.__name__.partition(".")[0])
        module.__getattr__ = nothing.__getattr__


Request = tuple[str, str, dict[str, Any], Any]


def requests(app: FastAPI, values: dict[str, Any]) -> Iterator[Request]:
    """Method, path, query and body of a request to every endpoint; plain numbers and words where no value is given."""
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
            yield method.upper(), filled, query, values.get("body") if "requestBody" in operation else None


async def register(app: Any, wanted: list[str], values: dict[str, Any]) -> None:
    """Ask every endpoint once."""
    given: list[Request] = [
        (method, path, {}, None) for method, _, path in (request.partition(" ") for request in wanted)
    ]
    async with _running(app) as client:
        for method, path, query, body in given or requests(app, values):
            answer = await client.request(method, path, params=query, json=body)
            if answer.is_error:
                print(f"{method} {path}: {answer.status_code} {answer.text[:200]}", file=sys.stderr)


@asynccontextmanager
async def _running(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Start an application, and give a client of it."""
    framework = type(app).__module__.partition(".")[0]
    if framework == "aiohttp":
        from aiohttp.test_utils import TestServer

        async with TestServer(app) as server, httpx.AsyncClient(base_url=str(server.make_url("/"))) as client:
            yield client
        return
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        LifespanManager(app, startup_timeout=120)
        if isinstance(app, Starlette) or framework == "sanic"
        else nullcontext(),
        httpx.AsyncClient(transport=transport, base_url="http://app") as client,
    ):
        yield client


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


async def settle() -> None:
    """Wait until what an earlier task left to threads and to the loop has ended: it is not the next one's."""
    for _ in range(200):
        used_ns = time.process_time_ns()
        await asyncio.sleep(0.02)
        if time.process_time_ns() - used_ns < QUIET_MS * 1e6:
            return


async def once(task: Kept, data: Path, client: redis.Redis) -> Measured:
    """Run a task, and say what it did."""
    restore(data)
    reports: list[TaskReport] = []
    tasks = BackgroundTasks(on_report=reports.append)
    options: Any = {**task.options, "timeout": TIMEOUT_S, "slow_task_ms": 100}
    tasks.with_options(**options).add_task(task.function, *task.args, **task.kwargs)
    gc.collect()
    await settle()
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
        through=task.through,
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


class ImportTime:
    """The time that all imports have taken since this was made, in milliseconds."""

    def __init__(self) -> None:
        self.ms = 0.0
        self._find_and_load = importlib._bootstrap._find_and_load  # type: ignore[attr-defined]
        self._under_way: set[int] = set()
        importlib._bootstrap._find_and_load = self._load  # type: ignore[attr-defined]

    def _load(self, *args: Any) -> Any:
        thread = threading.get_ident()
        if thread in self._under_way:
            return self._find_and_load(*args)
        self._under_way.add(thread)
        begun = time.perf_counter()
        try:
            return self._find_and_load(*args)
        finally:
            self.ms += (time.perf_counter() - begun) * 1000
            self._under_way.discard(thread)


def heaviness(run: Measured) -> float:
    """What a run computed or held the loop for, whatever was more."""
    return max(run.cpu_ms, run.busy_ms, run.loop_cpu_ms, run.process_cpu_ms + run.children_cpu_ms)


def is_small(run: Measured) -> bool:
    """Tell whether a run neither computed nor held the loop for as much as counts; waiting needs no warming up."""
    return heaviness(run) < HEAVY_MS


async def measure(task: Kept, data: Path, client: redis.Redis, imports: ImportTime, *, thorough: bool) -> Measured:
    """Warm a task up, then run it until it has been measured often enough."""
    imported_ms = imports.ms
    first = await once(task, data, client)
    once_only_ms = imports.ms - imported_ms + (CACHES_MS if thorough else 0)
    settled = first.outcome != "finished" or is_small(first) or task.runs_once
    if settled or heaviness(first) - once_only_ms > CLEAR_MS:
        return first
    runs: list[Measured] = []
    while len(runs) < RUNS and sum(map(heaviness, runs)) < CLEAR_MS:
        runs.append(await once(task, data, client))
        if runs[-1].outcome != "finished" or is_small(runs[-1]):
            return runs[-1]
    return least(runs)


async def measure_all(tasks: list[Kept], data: Path, client: redis.Redis, *, thorough: bool) -> list[Measured]:
    """Measure each task, and what several places registered once for all of them."""
    imports = ImportTime()
    done: list[tuple[Kept, Measured]] = []
    for task in tasks:
        alike = next((measured for other, measured in done if other.is_same(task)), None)
        measured = alike or await measure(task, data, client, imports, thorough=thorough)
        done.append((task, replace(measured, filename=task.filename, row=task.row, through=task.through)))
    return [measured for _, measured in done]


async def main(specification: Specification) -> list[Measured]:
    """Register and measure all tasks of an application."""
    roots = tuple(specification.roots)
    sys.path[:0] = roots
    sys.meta_path.insert(0, _Absent(specification.absent))
    redirect(specification.ports)
    data = Path(specification.data)
    restore(data)
    keeping = Keeping()
    keeping.begin(specification.frameworks)
    keeping.declared(specification.registrations)
    apps = [found_at(name) for name in specification.applications]
    for name, place in specification.state.items():
        setattr(apps[0].state, name, found_at(f"{place}()"))
    at_import = [*keeping.kept]
    wanted = []
    for pattern, values in specification.values.items():
        keeping.kept[:] = at_import
        for app in apps:
            await register(app, specification.requests, values)
        wanted += [
            task for task in keeping.kept if _first(specification, task) == pattern and task.filename.startswith(roots)
        ]
    keeping.end()
    _Nothing.in_use = True
    with redis.Redis(port=specification.ports["6379"]) as client:
        client.flushall()  # what other applications left
        return await measure_all(wanted, data, client, thorough=specification.thorough)


def found_at(place: str) -> Any:
    """The object of `module:name`, or what the factory of `module:name()` makes."""
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name.removesuffix("()"))
    return found() if name.endswith("()") else found


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
