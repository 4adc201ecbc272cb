from __future__ import annotations

import dataclasses
import functools
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from bglint import contract
from bglint.contract import JOB_QUEUES, OPTION_NAMES, JobQueue, is_async_callable, queue_named, slow_task_message
from bglint.effects import queues
from bglint.engine import run
from bglint.fixes.queues import ENQUEUEING
from bglint.rules.misuse import queue_task_passed
from bglint.runtime.options import GivenOptions, TaskOptions
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from pathlib import Path


def test_the_slow_task_message_has_the_words_of_the_guide() -> None:
    assert slow_task_message("slow-task", 150) == (
        "Background task 'slow-task' took 150ms (>100ms threshold). "
        "Consider using a job queue (BullMQ) for heavy operations."
    )


def test_the_finding_follows_as_a_third_sentence() -> None:
    message = slow_task_message("t", 150, queue="Celery", finding=contract.held_loop_sentence(148))
    assert message.endswith(
        "Consider using a job queue (Celery) for heavy operations. It held the event loop for 148ms."
    )


def test_the_other_findings_are_those_of_the_contract() -> None:
    assert contract.used_cpu_sentence(140.2) == "It used 140ms of CPU in a worker thread."
    assert contract.ONLY_WAITED_SENTENCE == "It only waited."


def test_a_task_just_above_the_threshold_is_not_said_to_have_met_it() -> None:
    assert "took 101ms (>100ms threshold)" in slow_task_message("t", 100.2)


def test_option_names_are_those_that_the_runtime_takes() -> None:
    assert set(OPTION_NAMES) == set(get_type_hints(GivenOptions, localns={"Offload": object}))
    assert [field.name for field in dataclasses.fields(TaskOptions)] == list(OPTION_NAMES)


@pytest.mark.parametrize("queue", JOB_QUEUES, ids=lambda queue: queue.name)
def test_every_enqueueing_form_is_python(queue: JobQueue) -> None:
    for arguments in ([], ["upload.id"], ["upload.id", "size=3"], ["*ids", "**options"]):
        call = queue.enqueue_call("make_previews", arguments)
        compile(f"async def endpoint():\n    {call}", "<form>", "exec")
        assert "make_previews" in call


def test_arguments_stand_in_the_form_of_the_queue() -> None:
    def call(name: str, *arguments: str) -> str:
        queue = queue_named(name)
        assert queue is not None
        return queue.enqueue_call("render", arguments)

    assert call("Celery", "upload.id", "size=3") == "render.delay(upload.id, size=3)"
    assert call("rq") == "queue.enqueue(render)"
    assert call("BullMQ", "a", "k=b") == 'await queue.add("render", {"args": [a], "kwargs": {"k": b}})'
    assert call("procrastinate", "k=b") == "render.defer(k=b)"
    assert call("procrastinate", "b") == "render.defer(...)"


def test_a_queue_is_found_by_any_of_its_names() -> None:
    assert queue_named("bullmq") is queue_named("BullMQ") is contract.BULLMQ
    assert queue_named("pydocket") is queue_named("Docket")
    assert queue_named("no such queue") is None


def test_the_preferred_queue_is_the_first_that_is_there() -> None:
    preferred = contract.preferred_queue({"bullmq", "rq"}.__contains__)
    assert preferred is not None
    assert preferred.name == "RQ"
    assert contract.preferred_queue(lambda _package: False) is None


def test_a_package_is_looked_for_without_importing_it() -> None:
    program = (
        "import sys; from bglint.contract import default_queue, is_installed; default_queue();"
        "assert is_installed('email.mime') and not is_installed('email.nothing') and not is_installed('no_such_thing');"
        "print(sorted({'celery', 'rq', 'arq', 'email'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


async def _async(_argument: int = 0) -> None: ...


class _AsyncObject:
    async def __call__(self) -> None: ...

    async def method(self) -> None: ...


class _Object:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    "function",
    [_async, functools.partial(functools.partial(_async, 1)), _AsyncObject(), _AsyncObject().method],
    ids=["function", "partial", "object", "method"],
)
def test_what_gives_a_coroutine_is_async(function: object) -> None:
    assert is_async_callable(function)


@pytest.mark.parametrize(
    "function",
    [print, lambda: None, _Object(), _AsyncObject, functools.partial(print), 3],
    ids=["builtin", "lambda", "object", "class", "partial", "number"],
)
def test_what_gives_none_is_not(function: object) -> None:
    assert not is_async_callable(function)


CALLABLES = """
import functools
from fastapi import BackgroundTasks

def work(_argument=0):
    for _ in range(100_000_000):
        pass

async def work_async(_argument=0):
    work()

class Object:
    def __call__(self):
        work()

    def method(self):
        work()

    async def method_async(self):
        work()

    @staticmethod
    async def static_async():
        work()

class AsyncObject(Object):
    async def __call__(self):
        work()

class Inheriting(AsyncObject):
    pass

class AsyncGenerator:
    async def __call__(self):
        work()
        yield

def wrapped(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args)
    return call

def wrapped_async(function):
    @functools.wraps(function)
    async def call(*args):
        return function(*args)
    return call

decorated, decorated_async = wrapped(work), wrapped_async(work)

def register(tasks: BackgroundTasks):
"""
TARGETS = (
    "work", "work_async", "functools.partial(work, 1)", "functools.partial(functools.partial(work_async), 1)",
    "Object()", "AsyncObject()", "Inheriting()", "AsyncGenerator()", "Object().method", "Object().method_async",
    "Object.static_async", "functools.partial(AsyncObject())", "functools.partial(Object().method_async)",
    "lambda: work()", "decorated", "decorated_async",
)  # fmt: skip


def test_the_linter_and_the_runtime_take_the_same_callables_for_async(tmp_path: Path) -> None:
    code = CALLABLES + "".join(f"    tasks.add_task({target})\n" for target in TARGETS)
    (tmp_path / "main.py").write_text(code)
    tasks = run([str(tmp_path)], SettingsResolver(cli_overrides={})).tasks
    names: dict[str, Any] = {}
    exec(code, names)

    judged = {target: task.verdict for target, task in zip(TARGETS, tasks, strict=True)}
    decided = {target: is_async_callable(eval(target, names)) for target in TARGETS}
    assert judged == {target: "cpu-async" if decided[target] else "cpu" for target in TARGETS}


def test_the_queues_that_the_linter_knows_the_tasks_of_have_the_names_of_the_contract() -> None:
    of_others = {"Ray", "Modal"}
    named = {*queue_task_passed._RUN_HERE, *queue_task_passed._FAIL, *ENQUEUEING, *queues._QUEUES.values()}
    assert named - of_others <= {queue.name for queue in JOB_QUEUES}
