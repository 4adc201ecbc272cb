"""Each job queue with a real Redis server and a real worker in a process of its own."""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, Place, TaskReport
from bglint.runtime.offload import Arq, BullMQ, Offload, OffloadError, Rq

if TYPE_CHECKING:
    from types import ModuleType

    from tests.runtime.conftest import Eventually, StartWorker

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, redis_port: int) -> Callable[[str], ModuleType]:
    """Import a module of `apps/` as the worker does, with the port of the Redis server."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "apps"))
    monkeypatch.setenv("TEST_REDIS_PORT", str(redis_port))
    return importlib.import_module


class Handing:
    """Hands calls over, and looks at what the worker made of them."""

    def __init__(self, folder: Path, eventually: Eventually) -> None:
        self.folder = folder
        self.completed: list[bool] = []
        self._eventually = eventually

    async def over(self, offload: Offload | None, *functions: Callable[..., Any]) -> None:
        reports: list[TaskReport] = []
        tasks = BackgroundTasks(on_report=reports.append)
        options: Any = {} if offload is None else {"offload": offload}
        view = tasks.with_options(on_complete=lambda: self.completed.append(True), **options)
        for number, function in enumerate(functions):
            view.add_task(function, str(self.folder / f"{number}.done"), text="words")
        await tasks()
        assert [(report.outcome, report.place) for report in reports] == [(Outcome.OFFLOADED, Place.QUEUE)] * len(
            functions
        ), [report.error for report in reports]
        assert len(self.completed) == len(functions)

    def is_done_elsewhere(self, count: int) -> None:
        files = [self.folder / f"{number}.done" for number in range(count)]
        self._eventually(lambda: all(file.exists() for file in files), f"work of the worker on {count} tasks", 30)
        for file in files:
            process, _, text = file.read_text().partition(" ")
            assert text == "words"
            assert int(process) != os.getpid()


@pytest.fixture
def handing(tmp_path: Path, eventually: Eventually) -> Handing:
    return Handing(tmp_path, eventually)


PROGRAM = """
import {module} as module
from bglint.runtime import BackgroundTasks, task_options

def make():
    def nested(): ...
    nested.__module__ = module.__name__
    return task_options(offload=module.queue)(nested)

@task_options(offload=module.queue)
def of_the_script(): ...

for function in (of_the_script, make()):
    try:
        BackgroundTasks().add_task(function)
    except ValueError as error:
        print(error)
    else:
        print("taken")
"""


def refused(offload: Offload, function: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(OffloadError) as error:
        BackgroundTasks().with_options(offload=offload).add_task(function, *args)
    return str(error.value)


def test_celery(
    load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int
) -> None:
    module = load("queue_celery")
    start_worker(
        "celery", "-A", "queue_celery", "worker", "--pool", "solo", "--loglevel", "WARNING",
        TEST_REDIS_PORT=str(redis_port),
    )  # fmt: skip
    asyncio.run(handing.over(module.queue, module.own_task, module.registered))
    handing.is_done_elsewhere(2)

    assert "is no task of this Celery application" in refused(module.queue, module.unregistered, "x")
    assert "is no task of this Celery application" in refused(module.queue, lambda: None)
    assert "cannot be sent to Celery as json" in refused(module.queue, module.own_task, object())

    async def asynchronous() -> None: ...

    with pytest.raises(OffloadError, match="is async, and Celery runs plain functions"):
        module.task_options(offload=module.queue)(asynchronous)


def test_options_fixed_to_a_function_offload_it_and_name_it(
    load: Callable[[str], ModuleType], handing: Handing
) -> None:
    module = load("queue_celery")
    tasks = BackgroundTasks()
    tasks.add_task(module.registered, "path")
    (task,) = tasks.tasks
    assert (task.name, task.place) == ("render", Place.QUEUE)


def test_dramatiq(
    load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int
) -> None:
    module = load("queue_dramatiq")
    start_worker("dramatiq", "--processes", "1", "--threads", "1", "queue_dramatiq", TEST_REDIS_PORT=str(redis_port))
    asyncio.run(handing.over(module.queue, module.own_task, module.registered))
    handing.is_done_elsewhere(2)

    assert "is no actor of this Dramatiq broker" in refused(module.queue, module.unregistered, "x")
    assert "cannot be sent to Dramatiq" in refused(module.queue, module.own_task, object())


def test_taskiq(
    load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int
) -> None:
    module = load("queue_taskiq")
    start_worker("taskiq", "worker", "--workers", "1", "queue_taskiq:broker", TEST_REDIS_PORT=str(redis_port))

    async def main() -> None:
        await module.broker.startup()
        await handing.over(module.queue, module.own_task, module.registered)
        assert "is no task of this Taskiq broker" in refused(module.queue, module.unregistered, "x")
        assert "cannot be sent to Taskiq" in refused(module.queue, module.own_task, object())
        await module.broker.shutdown()

    asyncio.run(main())
    handing.is_done_elsewhere(2)


def test_rq(load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int) -> None:
    import redis
    import rq

    module = load("queue_work")
    with redis.Redis(port=redis_port) as connection:
        queue = Rq(rq.Queue(connection=connection))
        start_worker("rq.cli", "worker", "--url", f"redis://127.0.0.1:{redis_port}/0", "--quiet", "default")
        asyncio.run(handing.over(queue, module.write, module.write_async))
        handing.is_done_elsewhere(2)

        assert "cannot be found by its name" in refused(queue, lambda: None)
        assert "has no name to be found by" in refused(queue, functools.partial(module.write, "x"))
        assert "cannot be sent to RQ" in refused(queue, module.write, lambda: None)


def test_arq(load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int) -> None:
    work, module = load("queue_work"), load("queue_arq")
    start_worker("arq", "queue_arq.WorkerSettings", TEST_REDIS_PORT=str(redis_port))

    async def main() -> None:
        from arq import create_pool
        from arq.connections import RedisSettings

        pool = await create_pool(RedisSettings(port=redis_port))
        queue = Arq(pool)
        await handing.over(queue, work.write, work.write_async, module.own_task)
        assert "cannot be found by its name" in refused(queue, lambda: None)
        assert "cannot be sent to ARQ" in refused(queue, work.write, lambda: None)
        with pytest.raises(OffloadError, match="ARQ keeps these arguments of 'write' to itself: _job_id"):
            BackgroundTasks().with_options(offload=Arq(lambda: pool)).add_task(work.write, _job_id="x")
        await pool.aclose()

    asyncio.run(main())
    handing.is_done_elsewhere(3)


def test_bullmq(
    load: Callable[[str], ModuleType], handing: Handing, start_worker: StartWorker, redis_port: int
) -> None:
    bullmq = importlib.import_module("bullmq")
    module = load("queue_work")
    start_worker("queue_bullmq", TEST_REDIS_PORT=str(redis_port))

    async def main() -> None:
        queue = bullmq.Queue("heavy-tasks", {"connection": f"redis://127.0.0.1:{redis_port}/0"})
        for offload in (BullMQ(queue), BullMQ(lambda: queue, job_options={"attempts": 3})):
            handing.completed.clear()
            await handing.over(offload, module.write, module.write_async)
        assert "cannot be found by its name" in refused(BullMQ(queue), lambda: None)
        assert "cannot be sent to BullMQ as JSON" in refused(BullMQ(queue), module.write, object())
        await queue.close()

    asyncio.run(main())
    handing.is_done_elsewhere(2)


NOT_OF_A_MODULE = "'of_the_script' is defined in the main script, where no worker finds it: put it in a module"
NESTED = "'make.<locals>.nested' cannot be found by its name: hand over a function of a module"


@pytest.mark.parametrize(
    ("module", "name", "said"),
    [
        ("queue_celery", "program", [NOT_OF_A_MODULE, NESTED]),
        ("queue_celery", "queue_celery", ["taken", NESTED]),  # Celery knows the script by the name of the app
        ("queue_dramatiq", "program", [NOT_OF_A_MODULE, NESTED]),
        ("queue_taskiq", "program", [NOT_OF_A_MODULE, NESTED]),
    ],
)
def test_what_a_worker_would_not_find_is_refused_though_it_is_registered_here(
    module: str, name: str, said: list[str], tmp_path: Path
) -> None:
    program = tmp_path / f"{name}.py"
    program.write_text(PROGRAM.format(module=module))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "apps"), "TEST_REDIS_PORT": "1"}
    command = [sys.executable, "-P", str(program)]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ran.stdout.splitlines() == said, ran.stderr


@pytest.mark.parametrize("module", ["queue_celery", "queue_dramatiq", "queue_taskiq"])
def test_a_task_of_a_queue_has_the_name_of_its_function(module: str, load: Callable[[str], ModuleType]) -> None:
    jobs = load(module)
    tasks = BackgroundTasks()
    tasks.with_options(offload=jobs.queue).add_task(jobs.own_task, "path")
    assert [task.name for task in tasks.tasks] == ["own_task"]


def test_the_bullmq_processor_refuses_a_job_it_does_not_know(load: Callable[[str], ModuleType]) -> None:
    processor = BullMQ.processor(load("queue_work").write)

    job = SimpleNamespace(name="no such", data={})
    with pytest.raises(LookupError, match="This worker has no function 'no such', only write"):
        asyncio.run(_finished(processor(job, "")))


async def _finished(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def test_a_queue_that_cannot_be_reached_is_a_failure_of_the_task(
    load: Callable[[str], ModuleType], caplog: pytest.LogCaptureFixture
) -> None:
    import redis
    import rq

    errors: list[Exception] = []
    queue = Rq(rq.Queue(connection=redis.Redis(port=1)))
    tasks = BackgroundTasks()
    tasks.with_options(offload=queue, on_error=errors.append).add_task(load("queue_work").write, "x")
    asyncio.run(tasks())
    assert isinstance(errors[0], redis.ConnectionError)
    assert "Background task 'write' failed" in caplog.text
