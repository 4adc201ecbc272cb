"""Tasks that a dependency adds after its `yield` are ignored by most versions of FastAPI.

## What it does
Fires when a dependency with `yield` adds tasks once it has yielded. The generator of a streaming response is left
alone: it runs before the tasks do.

## Why is this bad?
The exit code of a dependency runs after the tasks, so what it adds comes too late. FastAPI 0.106 to 0.117 ran it before
the tasks; all versions before and after do not.

## Example
```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def write_audit(user: str) -> None:
    print("seen", user)


async def audited(user: str, background_tasks: BackgroundTasks):
    yield user
    background_tasks.add_task(write_audit, user)


@app.get("/users")
async def show(user: str = Depends(audited)):
    return {"user": user}
```

## Use instead
```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def write_audit(user: str) -> None:
    print("seen", user)


async def audited(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_audit, user)
    yield user


@app.get("/users")
async def show(user: str = Depends(audited)):
    return {"user": user}
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.program import exceptions, flow
from bglint.program.modules import function_of, last_name
from bglint.program.values import FunctionValue
from bglint.rules.misuse._injected import DEPENDS
from bglint.rules.misuse._tasks import ON_RESPONSE, parameter
from bglint.rules.misuse._versions import FastAPI
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from bglint.program.modules import Function, Module


def check(case: Case) -> Iterator[Finding]:
    """A registration behind the `yield` of a dependency."""
    registration = case.registration
    frame = registration.frame
    injected = parameter(registration)
    if registration.form.framework not in ON_RESPONSE or injected is None or injected[1] is not frame:
        return
    function = function_of(frame.scope)
    if function is None or not function.is_generator or function.decorators:
        return
    statement = exceptions.statement_of(frame.scope.node, registration.call)
    if statement not in flow.after(case.program, frame, frame.scope.yields).statements:
        return
    if not _is_dependency(case, function) or case.program.search.callers(function):
        return
    version = FastAPI.of(case)
    yield Finding(
        f"`{case.target}` is added after the `yield` of a dependency: {version.says(_BEFORE, _BETWEEN, _SINCE)}",
        "error" if not version.closes_before_tasks else "warning",
        help="add the task before the `yield`, or do the work right there",
    )


_BEFORE = _SINCE = "the tasks have run by then, and it never does"
_BETWEEN = "it runs, but with most other versions it does not"


def _is_dependency(case: Case, function: Function) -> bool:
    """Whether the project hands the function to `Depends(…)`."""
    for module in case.program.search.mentions(rb"\b%s\b", function.name, function.module):
        for name in DEPENDS:
            for call in module.calls_by_name.get(name, ()):
                if any(last_name(each) == function.name for each in call.args) and _means(case, module, call, function):
                    return True
    return False


def _means(case: Case, module: Module, call: ast.Call, function: Function) -> bool:
    frame = case.program.frame_at(module, (call.lineno, call.col_offset))
    values = case.program.infer(call.args[0], frame)
    return any(isinstance(value, FunctionValue) and function in (value.function, value.origin) for value in values)


RULE = Rule("BG417", "added-after-yield", __doc__, check)
