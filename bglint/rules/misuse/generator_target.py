"""The target is a generator: its body never runs.

## What it does
Fires when the target is a function with `yield`, plain or `async`, or a lambda that returns what such a function makes.

## Why is this bad?
Calling a generator function runs nothing of its body: it builds an object that somebody has to iterate, and nobody
does. There is no error and no warning; Falcon's `schedule` alone refuses it, with a `TypeError`.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def export(rows: list[str]):
    for row in rows:
        print("exported", row)
        yield row


@app.post("/exports")
async def start(rows: list[str], background_tasks: BackgroundTasks):
    background_tasks.add_task(export, rows)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def export(rows: list[str]) -> None:
    for row in rows:
        print("exported", row)


@app.post("/exports")
async def start(rows: list[str], background_tasks: BackgroundTasks):
    background_tasks.add_task(export, rows)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program import members, signatures
from bglint.program.values import FunctionValue, Generator, Instance, Partial
from bglint.rules.misuse._tasks import hands_over
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Value


def check(case: Case) -> Iterator[Finding]:
    """A target that can only be a generator function."""
    registration = case.registration
    if not hands_over(registration):
        return
    values = runnable(registration)
    if values and all(only_builds(value, case.program) for value in values):
        refused = registration.form.framework == "falcon" and registration.form.method == "schedule"
        happens = "Falcon refuses it, the request fails" if refused else "the task only builds it"
        yield Finding(
            f"`{case.target}` is a generator: {happens}, and its body never runs",
            "error",
            help="take the `yield` out, or hand over a function that iterates it",
        )


def only_builds(value: Value, program: Program) -> bool:
    """Whether calling a value runs nothing but builds a generator."""
    match value:
        case FunctionValue(function=function) if isinstance(function.node, ast.Lambda):
            made = program.infer(function.node.body, program.frame_of(function.scope))
            return bool(made) and all(isinstance(each, Generator) for each in made)
        case FunctionValue(function=function):
            return function.is_generator and signatures.signature(program, value) is not None
        case Partial(target=target):
            return only_builds(target, program)
        case Instance():
            called = members.member(program, value, "__call__")
            return bool(called) and all(only_builds(each, program) for each in called if each != value)
        case _:
            return False


RULE = Rule("BG403", "generator-target", __doc__, check, fixable="unsafe")
