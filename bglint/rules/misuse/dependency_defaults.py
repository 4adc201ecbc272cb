"""The target has `Depends(…)` parameters that nobody fills.

## What it does
Fires when a target has a parameter that is meant for FastAPI's dependency injection, and the registration does not give
it. Targets with a decorator that may inject are left alone.

## Why is this bad?
Dependencies are resolved for endpoints and for other dependencies, not for tasks: the parameter is the `Depends` object
itself, or is missing, and the task fails when it uses it.

## Example
```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def get_settings() -> dict[str, str]:
    return {"sender": "shop@example.com"}


def send_mail(user: str, settings: dict[str, str] = Depends(get_settings)) -> None:
    print("mail to", user, "from", settings["sender"])


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, user)
```

## Use instead
```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def get_settings() -> dict[str, str]:
    return {"sender": "shop@example.com"}


def send_mail(user: str, settings: dict[str, str]) -> None:
    print("mail to", user, "from", settings["sender"])


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks, settings: dict[str, str] = Depends(get_settings)):
    background_tasks.add_task(send_mail, user, settings)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.program.signatures import signature, unfilled
from bglint.rules.misuse._calls import given
from bglint.rules.misuse._injected import injected_parameters
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.signatures import Given
    from bglint.program.values import Value


def check(case: Case) -> Iterator[Finding]:
    """Parameters for injection that stay empty, whichever of its meanings the target has."""
    if case.registration.form.takes != "callable":
        return
    arguments = given(case.registration, case.program)
    values = runnable(case.registration)
    if arguments is None or not values:
        return
    empty = [_empty(case, value, arguments) for value in values]
    if all(empty):
        names = ", ".join(f"`{name}`" for name in empty[0])
        yield Finding(
            f"nobody fills {names} of `{case.target}`: dependencies are not resolved for a task",
            "error",
            help="resolve it in the endpoint and hand it over, or open what the task needs inside the task",
        )


def _empty(case: Case, value: Value, arguments: Given) -> list[str]:
    """The injected parameters of one meaning of the target that get nothing."""
    expected = signature(case.program, value)
    if expected is None:
        return []
    injected = injected_parameters(case.program, value)
    return [parameter.name for parameter in unfilled(expected, arguments) if parameter.name in injected]


RULE = Rule("BG415", "dependency-defaults", __doc__, check)
