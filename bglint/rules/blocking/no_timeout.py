"""I/O in the target waits without a limit.

## What it does
Fires when a task reaches a call that waits for somebody else for as long as it takes, unless told otherwise, and is
given no timeout: requests, smtplib, subprocess, sockets and others that the catalogue marks.

## Why is this bad?
A server that accepts the connection and then says nothing holds the task for ever, and with it a worker thread, or the
event loop itself. Some forty such tasks, and no plain endpoint answers any more.

## Example
```python
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def notify(url: str) -> None:
    requests.post(url, json={"event": "created"})


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(notify, url)
```

## Use instead
```python
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def notify(url: str) -> None:
    requests.post(url, json={"event": "created"}, timeout=(3, 10))


@app.post("/orders")
async def order(url: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(notify, url)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.program import exceptions
from bglint.program.modules import last_name
from bglint.program.values import External
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.catalog import Entry
    from bglint.program.reach import Body

_DEPTH = 5
_OTHER_WORK = frozenset({"audio", "image", "video", "pdf", "ocr", "document"})
"""Categories whose calls start a program of their own and take no timeout."""
_NO_IO = ("threading.", "multiprocessing.", "concurrent.")
_LIMITS = frozenset({"wait_for", "timeout", "timeout_at", "fail_after", "move_on_after"})


def check(case: Case) -> Iterator[Finding]:
    """The nearest call without a limit."""
    for body in case.reach.within(_DEPTH):
        for site in body.function.function.scope.calls:
            entry = _unlimited(case, body, site.node)
            if entry is None:
                continue
            yield Finding(
                f"background task `{case.target}` waits in `{entry.name}` without a limit ({body.place(site.node)})",
                "warning",
                Confidence.HIGH if len(body.way) < 2 else Confidence.MEDIUM,
                category=entry.category,
                help="put `asyncio.wait_for(…, timeout)` around it"
                if entry.asynchronous
                else f"give it `{entry.timeout}=…`",
            )
            return


def _unlimited(case: Case, body: Body, call: ast.Call) -> Entry | None:
    """The catalogue's entry of a call that waits as long as it takes, and is told no limit."""
    for callee in case.program.infer(call.func, body.frame):
        entry = catalog.lookup(catalog.canonical(callee.name)) if isinstance(callee, External) else None
        if entry is None or not entry.unbounded or entry.category in _OTHER_WORK or entry.name.startswith(_NO_IO):
            continue
        if any(keyword.arg in {None, entry.timeout, "timeout"} for keyword in call.keywords):
            continue
        if any(isinstance(each, ast.Starred) for each in call.args) or _is_limited(body, call):
            continue
        return entry
    return None


def _is_limited(body: Body, call: ast.Call) -> bool:
    """Whether a limit stands around a call: `asyncio.wait_for(…)`, `async with timeout(…)`."""
    for around, _ in exceptions.ancestors(body.function.function.node, call):
        if isinstance(around, ast.Call) and last_name(around.func) in _LIMITS:
            return True
        if isinstance(around, ast.With | ast.AsyncWith):
            for item in around.items:
                if isinstance(item.context_expr, ast.Call) and last_name(item.context_expr.func) in _LIMITS:
                    return True
    return False


RULE = Rule("BG205", "no-timeout", __doc__, check, preview=True)
