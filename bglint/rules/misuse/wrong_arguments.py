"""The arguments do not fit the target's signature.

## What it does
Binds the arguments of a registration to the target's parameters as Python would: defaults, `*args`, keyword-only and
positional-only parameters, `**parcel` where its keys are written down, partials, bound methods, classes and callable
objects. Targets whose decorators may change their signature are left alone. Every keyword of `add_task` goes to the
target: options such as `timeout=` that belong to another library's tasks are arguments that the target does not know.

## Why is this bad?
The request succeeds, and after the reply the task fails with a `TypeError` that only the server's log shows.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_label(order: int, address: str) -> None:
    print(order, address)


@app.post("/parcels/{order}")
async def ship(order: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_label, order)
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_label(order: int) -> None:
    print(order)


@app.post("/parcels/{order}")
async def ship(order: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_label, order, timeout=10)
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_label(order: int) -> None:
    print(order)


@app.post("/parcels/{order}")
async def ship(order: int, background_tasks: BackgroundTasks):
    parcel = {"order": order, "weight": 2}
    background_tasks.add_task(send_label, **parcel)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_label(order: int, address: str) -> None:
    print(order, address)


@app.post("/parcels/{order}")
async def ship(order: int, address: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_label, order, address=address)
```
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bglint.contract import OPTION_NAMES
from bglint.diagnostics import Confidence
from bglint.program.signatures import Given, mismatch, signature
from bglint.program.values import Coroutine, FunctionValue
from bglint.rules.misuse._calls import given
from bglint.rules.misuse._injected import injected_parameters
from bglint.rules.misuse._tasks import hands_over
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bglint.program.signatures import Signature
    from bglint.program.values import Value


def check(case: Case) -> Iterator[Finding]:
    """A registration whose arguments fit none of the things that its target can be."""
    registration = case.registration
    if not hands_over(registration):
        return
    values = runnable(registration)
    if not values or any(isinstance(value, Coroutine) for value in values):
        return
    if registration.form.framework == "sanic":
        yield from _with_application(case, values)
        return
    arguments = given(registration, case.program)
    if arguments is None:
        return
    reasons = []
    for value in values:
        expected = signature(case.program, value)
        if expected is None:
            return
        reason = mismatch(_without(expected, injected_parameters(case.program, value)), arguments)
        if reason is None:
            return
        reasons.append(reason)
    yield Finding(
        f"the arguments do not fit `{case.target}`{_place(values)}: it {reasons[0]}",
        "error",
        Confidence.HIGH,
        help=_help(arguments, reasons[0]),
    )


def _with_application(case: Case, values: Sequence[Value]) -> Iterator[Finding]:
    """Sanic calls what it is handed with the application, and with nothing where that does not fit."""
    for value in values:
        expected = signature(case.program, value)
        if expected is None or any(mismatch(expected, Given(number, ())) is None for number in (0, 1)):
            return
    yield Finding(
        f"Sanic calls `{case.target}`{_place(values)} with the application or nothing, which does not fit",
        "error",
        Confidence.HIGH,
        help="hand over the coroutine: `add_task(function(argument))`",
    )


def _place(values: Sequence[Value]) -> str:
    definition = next((value.function for value in values if isinstance(value, FunctionValue)), None)
    return f" (line {definition.node.lineno} of {definition.module.name})" if definition is not None else ""


def _without(expected: Signature, injected: frozenset[str]) -> Signature:
    """A signature that does not ask for what only a framework could fill: BG415 speaks of that."""
    return replace(
        expected,
        parameters=tuple(replace(p, required=p.required and p.name not in injected) for p in expected.parameters),
    )


def _help(arguments: Given, reason: str) -> str:
    option = next((name for name in arguments.names if name in OPTION_NAMES and f"'{name}'" in reason), None)
    if option is None:
        return "the task fails with a TypeError after the reply: give it what it takes"
    return f"`{option}` goes to the function: an option is given by `bglint.runtime`'s `tasks.with_options({option}=…)`"


RULE = Rule("BG402", "wrong-arguments", __doc__, check)
