"""An async target reaches a call that blocks the event loop.

## What it does
Fires when an `async` background task reaches, outside any thread or process, calls that wait without giving the event
loop back: a synchronous HTTP client, a database driver, `time.sleep`, a child process that is waited for. The waits
are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
While such a call waits, the event loop stands still: no other request is answered until it returns.

## Example
```python
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def notify(url: str) -> None:
    requests.post(url, json={"event": "created"}, timeout=5)


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(notify, url)
```

## Use instead
```python
import httpx
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def notify(url: str) -> None:
    async with httpx.AsyncClient(timeout=5) as client:
        await client.post(url, json={"event": "created"})


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(notify, url)
```

A plain function is right as well: it runs in a worker thread.

```python
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def notify(url: str) -> None:
    requests.post(url, json={"event": "created"}, timeout=5)


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(notify, url)
```

## Options
`slow-task-ms`, `light`, `max-depth`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.rules.rule import Case, Finding, Rule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator

_REMEDIES = {
    "http": "use an async client (`httpx.AsyncClient`), or make the task a plain `def`, which runs in a thread",
    "db": "use the driver's async API, or make the task a plain `def`, which runs in a thread",
    "sleep": "use `await asyncio.sleep(…)`",
    "subprocess": "use `asyncio.create_subprocess_exec(…)`, or a job queue",
}
_OTHERWISE = "move the call into a thread (`await asyncio.to_thread(…)`), or make the task a plain `def`"


def check(case: Case) -> Iterator[Finding]:
    """The longest wait on the event loop, where all waits together pass the threshold."""
    effect = case.judgement.blocking()
    if effect is None:
        return
    call = effect.trace[-1].symbol
    yield Finding(
        f"background task `{case.target}` blocks the event loop in `{call}` ({chain(effect)})",
        "error",
        effect=effect,
        help=_REMEDIES.get(effect.category or "", _OTHERWISE),
    )


RULE = Rule("BG201", "blocking-call", __doc__, check)
