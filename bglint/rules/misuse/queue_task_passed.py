"""A job queue's task is handed over itself: it runs here, or is lost.

## What it does
Fires when the target is a function that a job queue's decorator has made a task (Celery, Dramatiq, RQ, Taskiq,
Procrastinate …), and not its enqueuing method. A Huey task is right: calling it enqueues it.

## Why is this bad?
Calling the task itself runs its body in the web process, past the queue, its workers and its retries. A Taskiq task is
not even run: its coroutine is made and thrown away. A Django task cannot be called at all.

## Example
```python
import dramatiq
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@dramatiq.actor
def encode(path: str) -> None:
    print("encoded", path)


@app.post("/videos")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(encode, path)
```

## Use instead
```python
import dramatiq
from fastapi import FastAPI

app = FastAPI()


@dramatiq.actor
def encode(path: str) -> None:
    print("encoded", path)


@app.post("/videos")
async def upload(path: str):
    encode.send(path)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.contract import queue_named
from bglint.effects.queues import queue_task
from bglint.program.values import FunctionValue, Partial
from bglint.registrations import runtime_options
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Value

_RUN_HERE = frozenset({"Celery", "Dramatiq", "RQ", "Procrastinate", "streaQ", "Hatchet"})
_FAIL = {
    "Taskiq": "calling a Taskiq task here makes a coroutine that nobody awaits: it is lost",
    "Django tasks": "a Django task cannot be called: the task fails",
    "Ray": "a remote function of Ray cannot be called: the task fails",
}
_METHODS = {"Django tasks": "{task}.enqueue({args})", "Ray": "{task}.remote({args})"}


def check(case: Case) -> Iterator[Finding]:
    """A target that is a queue's task, whichever of its meanings it has."""
    if case.registration.form.takes != "callable" or runtime_options.offload(case.registration, case.program):
        return
    queues = [_queue(value, case.program) for value in runnable(case.registration)]
    if not queues or not all(queues):
        return
    queue = str(queues[0])
    happens = _FAIL.get(queue, f"called here it runs in this process, past {queue}")
    yield Finding(
        f"`{case.target}` is a task of {queue}, handed over itself: {happens}",
        "error" if queue in _FAIL else "warning",
        help=f"enqueue it: `{_enqueue(case, queue)}`",
    )


def _queue(value: Value, program: Program) -> str | None:
    """The queue whose task a value is, where calling it does not enqueue it."""
    if isinstance(value, Partial):
        return _queue(value.target, program)
    if not isinstance(value, FunctionValue):
        return None
    queue = queue_task(program, value)
    return queue if queue in _RUN_HERE or queue in _FAIL else None


def _enqueue(case: Case, queue: str) -> str:
    target, arguments = case.target, case.argument_texts
    known = queue_named(queue)
    if known is not None:
        return known.enqueue_call(target, arguments)
    return _METHODS.get(queue, "{task}.delay({args})").format(task=target, args=", ".join(arguments))


RULE = Rule("BG414", "queue-task-passed", __doc__, check, fixable="safe")
