"""The target sleeps or polls for longer than the threshold.

## What it does
Fires when a background task sleeps longer than the slow-task threshold, all its sleeps and their loops taken together;
also when it polls: sleeps in a loop that ends when something has happened elsewhere.

## Why is this bad?
A sleeping thread is one of some forty that serve all plain endpoints. A sleeping task is lost when the process stops,
and keeps the process from stopping. A job queue can run work later, or again.

## Example
```python
import time

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def remind(user: int) -> None:
    time.sleep(600)
    print("reminder for", user)


@app.post("/trials")
async def trial(user: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(remind, user)
```

## Use instead
```python
from celery import shared_task
from fastapi import FastAPI

app = FastAPI()


@shared_task
def remind(user: int) -> None:
    print("reminder for", user)


@app.post("/trials")
async def trial(user: int):
    remind.apply_async([user], countdown=600)
```

## Options
`slow-task-ms`, `queue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.contract import ANY_JOB_QUEUE
from bglint.rules.rule import Case, Finding, Rule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(case: Case) -> Iterator[Finding]:
    """The longest sleep that does not already block the event loop: that is BG201's."""
    sleeps = [e for e in case.judgement.effects("blocking", "slow-io") if e.category == "sleep"]
    for effect in sleeps:
        on_loop = case.judgement.is_async and effect.kind == "blocking" and effect.where == "here"
        if effect.ms < case.judgement.threshold_ms or on_loop:
            continue
        holds = "holds a worker thread" if effect.kind == "blocking" else "keeps a task alive"
        queue = case.queue.name if case.queue is not None else ANY_JOB_QUEUE
        yield Finding(
            f"background task `{case.target}` sleeps for about {_seconds(effect.ms)} "
            f"and {holds} for as long ({chain(effect)})",
            "warning" if effect.kind == "blocking" else "info",
            effect=effect,
            help=f"let {queue} run it later",
        )
        return


def _seconds(ms: float) -> str:
    return f"{ms / 1000:,.1f} s" if ms < 10_000 else f"{ms / 1000:,.0f} s"


RULE = Rule("BG202", "long-sleep", __doc__, check)
