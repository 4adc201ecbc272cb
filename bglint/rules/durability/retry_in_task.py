"""The target retries.

## What it does
Fires when a task runs a function under a retrying decorator (tenacity, backoff, stamina, or one whose name says so), or
a loop around `try` and a sleep that comes again when something has failed. What polls is left alone: a loop that sleeps
first thing in every turn, a function called `poll…` or `wait…`. So is what bridges a broken connection: in a function
that the target calls, a loop whose attempts are over within ten seconds as far as the code says, and a decorator
where the target does more than to call what it stands on.

## Why is this bad?
Work that is worth a second attempt is worth keeping. Here the attempts end when the process does, a deploy or a crash
forgets them, and while they wait they hold a worker thread or keep the server from stopping. Job queues retry across
restarts, with a limit and a record.

## Example
```python
import time

import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def deliver(url: str) -> None:
    for attempt in range(5):
        try:
            requests.post(url, json={"event": "created"}, timeout=5)
            return
        except requests.RequestException:
            time.sleep(2**attempt)


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(deliver, url)
```

## Use instead
```python
import requests
from celery import shared_task
from fastapi import FastAPI

app = FastAPI()


@shared_task(autoretry_for=(requests.RequestException,), retry_backoff=True, max_retries=5)
def deliver(url: str) -> None:
    requests.post(url, json={"event": "created"}, timeout=5)


@app.post("/orders")
async def order(url: str):
    deliver.delay(url)
```

```python
import time

import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
ATTEMPTS = 3


def post(url: str, event: str) -> None:
    for attempt in range(ATTEMPTS):
        try:
            requests.post(url, json={"event": event}, timeout=5)
            return
        except requests.ConnectionError:
            time.sleep(0.5 * 2**attempt)


def deliver(url: str) -> None:
    post(url, "created")


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(deliver, url)
```

## Options
`queue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.advice import instead
from bglint.diagnostics import Confidence
from bglint.rules.durability._retries import retrying_decorator, retrying_loop
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.reach import Body

_DEPTH = 4
"""How many calls from the target a loop that retries still counts as the target's."""


def check(case: Case) -> Iterator[Finding]:
    """The nearest retry that the target leads to."""
    registration = case.registration
    if registration.form.application:
        return
    for body in case.reach.within(_DEPTH):
        how = _how(case, body)
        if how is None:
            continue
        there = "" if not body.way else f" in `{body.symbol}`"
        yield Finding(
            f"background task `{case.target}` retries{there} ({how}): its attempts are lost when the process stops",
            "warning",
            Confidence.HIGH if len(body.way) < 2 else Confidence.MEDIUM,
            help=f"{instead(case.queue, registration.target_text, case.argument_texts)}, which retries across restarts",
        )
        return


def _is_all_of_it(body: Body) -> bool:
    """Whether a target does nothing of its own but to call a function; else a decorator there guards one statement."""
    if not body.way:
        return True
    ((site, frame), *further) = body.way
    if further:
        return False
    function = body.function.origin or body.function.function
    return function.parent is frame.scope or len([each for each in frame.scope.calls if each.node is not site.node]) < 2


def _how(case: Case, body: Body) -> str | None:
    """How a body retries; None where it does not."""
    shown = body.function.origin or body.function.function
    decorator = retrying_decorator(shown)
    if decorator is not None:
        return f"`@{decorator}`" if _is_all_of_it(body) else None
    loop = retrying_loop(case.program, body.function.function, body.frame, brief=not body.way)
    return f"the loop of {body.place(loop)}" if loop is not None else None


RULE = Rule("BG301", "retry-in-task", __doc__, check)
