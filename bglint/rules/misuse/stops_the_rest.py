"""An earlier task of the same response can raise, and the later ones are lost.

## What it does
Fires on a task that is added behind another one of the same object, where that one raises an exception that it does not
catch, or talks to a network or a database without a `try` around it. One finding per task: the first such predecessor.

## Why is this bad?
The tasks of a response run one after the other, and the first exception ends them all: what was added behind it never
runs.

## Example
```python
import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def register_parcel(order: int) -> None:
    requests.post("https://carrier.example/parcels", json={"order": order}, timeout=5).raise_for_status()


def send_label(order: int) -> None:
    print("label for", order)


@app.post("/orders/{order}")
async def ship(order: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(register_parcel, order)
    background_tasks.add_task(send_label, order)
```

## Use instead
```python
import logging

import requests
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def register_parcel(order: int) -> None:
    try:
        requests.post("https://carrier.example/parcels", json={"order": order}, timeout=5).raise_for_status()
    except requests.RequestException:
        logging.exception("order %s was not registered", order)


def send_label(order: int) -> None:
    print("label for", order)


@app.post("/orders/{order}")
async def ship(order: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(register_parcel, order)
    background_tasks.add_task(send_label, order)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.program import exceptions, flow, reach
from bglint.program.values import External
from bglint.rules.misuse._tasks import ON_RESPONSE, receiver
from bglint.rules.rule import Case, Finding, Rule, shortened
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.reach import Body
    from bglint.registrations.registration import Registration

_DEPTH = 2
_FAILING = frozenset({"http", "db", "subprocess", "scrape"})
_CLEANING_UP = frozenset({"rollback", "close", "aclose", "dispose"})
"""Methods that end something: where one is called, what could fail has been done."""


def check(case: Case) -> Iterator[Finding]:
    """A registration with a predecessor that may end the response's tasks."""
    registration = case.registration
    tasks = receiver(registration)
    if tasks is None or registration.form.framework not in ON_RESPONSE:
        return
    statement = exceptions.statement_of(registration.frame.scope.node, registration.call)
    for earlier in case.siblings:
        if not _same_object(earlier, registration, tasks):
            continue
        reason = _may_raise(case, earlier)
        if reason is None or statement not in flow.after(case.program, earlier.frame, [earlier.call]).statements:
            continue
        yield Finding(
            f"`{shortened(earlier.target_text)}` (line {earlier.call.lineno}) {reason}: `{case.target}` is lost then",
            "warning",
            Confidence.MEDIUM,
            help="catch and log in the earlier task, or put what must run first",
        )
        return


def _same_object(earlier: Registration, later: Registration, tasks: ast.expr) -> bool:
    """Whether two registrations of one function add to the same object, in this order."""
    other = receiver(earlier)
    return (
        other is not None
        and earlier.frame is later.frame
        and earlier.call.lineno < later.call.lineno
        and ast.unparse(other) == ast.unparse(tasks)
    )


def _may_raise(case: Case, registration: Registration) -> str | None:
    """Why a task can end by an exception; None where nothing says so."""
    for body in reach.bodies(case.program, runnable(registration), registration.arguments, _DEPTH):
        if any(site.guarded for site, _ in body.way):
            continue
        for node in body.function.function.scope.raises:
            if exceptions.escapes(case.program, body.frame, node):
                return f"can raise ({body.place(node)})"
        if (name := _unguarded_call(case, body)) is not None:
            return f"calls `{name}`, which can fail"
    return None


def _unguarded_call(case: Case, body: Body) -> str | None:
    """A call of a library that waits for somebody else, outside any `try`."""
    for site in body.function.function.scope.calls:
        if site.guarded:
            continue
        for callee in case.program.infer(site.node.func, body.frame):
            entry = catalog.lookup(catalog.canonical(callee.name)) if isinstance(callee, External) else None
            if entry is None or entry.name.rpartition(".")[2] in _CLEANING_UP:
                continue
            if entry.category in _FAILING and entry.effect in {"blocking", "slow-io"}:
                return entry.name
    return None


RULE = Rule("BG418", "stops-the-rest", __doc__, check, preview=True)
