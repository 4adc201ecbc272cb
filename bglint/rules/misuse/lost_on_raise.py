"""The tasks are added on a path that then raises: they never run.

## What it does
Follows the ways on from a registration through its function (branches, loops, `try`, `match`, `with`) and fires where
an exception leaves the function: an explicit `raise`, a call of a function that does nothing but raise, or the `raise`
of a handler for what happens after the registration. Exceptions that are caught are followed into their handlers; a
condition that was decided before is not decided otherwise later. A loop that adds tasks in one turn and can raise in
the next is reported with low confidence, and so is a handler that only raises again what may happen afterwards.

## Why is this bad?
Tasks ride on the response that the endpoint returns. When it raises, the error's response is another one, and the tasks
are dropped without a word. A response with a 4xx status that is returned runs them.

## Example
```python
from fastapi import BackgroundTasks, FastAPI, HTTPException

app = FastAPI()


def log_failure(user: str) -> None:
    print("failed login of", user)


@app.post("/login")
async def login(user: str, password: str, background_tasks: BackgroundTasks):
    if password != "secret":
        background_tasks.add_task(log_failure, user)
        raise HTTPException(401)
    return {"user": user}
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


def log_failure(user: str) -> None:
    print("failed login of", user)


@app.post("/login")
async def login(user: str, password: str, background_tasks: BackgroundTasks):
    if password != "secret":
        background_tasks.add_task(log_failure, user)
        return JSONResponse({"detail": "Unauthorized"}, status_code=401, background=background_tasks)
    return {"user": user}
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import exceptions, flow
from bglint.program.facts import names_in
from bglint.program.modules import function_of
from bglint.program.scopes import own_nodes
from bglint.rules.misuse._tasks import ON_RESPONSE, receiver, route_methods
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.values import Frame


def check(case: Case) -> Iterator[Finding]:
    """A registration on a response's tasks that an exception can follow."""
    registration = case.registration
    tasks = receiver(registration)
    if registration.form.framework not in ON_RESPONSE or tasks is None:
        return
    frame = registration.frame
    if not isinstance(frame.scope.node, ast.FunctionDef | ast.AsyncFunctionDef) or _runs_them(frame, tasks):
        return
    ways = flow.after(case.program, frame, [registration.call])
    carriers = names_in(tasks)
    exits = [each for each in ways.raises if not names_in(each.statement) & carriers]
    if not exits or not _reaches_the_framework(case, exits[0]):
        return
    first = max(exits, key=_confidence)
    line = _nearest(frame, registration.call, first)
    way = (
        f"line {line} raises{_condition(first)} after this"
        if line > registration.call.lineno or first.repeated
        else f"what line {line} raises goes on from here"
    )
    yield Finding(
        f"{way}: `{case.target}` never runs",
        "error" if ways.always_raises else "warning",
        _confidence(first),
        help=f"return a response with `background={ast.unparse(tasks)}`, or add it when nothing can fail any more",
    )


def _nearest(frame: Frame, call: ast.Call, exit_: flow.Exit) -> int:
    """The line that raises: in the block of the call, where the way out only raises again what comes from there."""
    statement = exceptions.statement_of(frame.scope.node, call)
    again = isinstance(exit_.statement, ast.Raise) and exit_.statement.exc is None
    around = exceptions.parents(frame.scope.node).get(statement) if statement is not None and again else None
    for _, block in ast.iter_fields(around) if around is not None else ():
        if isinstance(block, list) and statement in block:
            behind = block[block.index(statement) + 1 :]
            return next((each.lineno for each in behind if isinstance(each, ast.Raise)), exit_.statement.lineno)
    return exit_.statement.lineno


def _condition(exit_: flow.Exit) -> str:
    if exit_.repeated:
        return " in a later turn of the loop"
    return " when something in between fails" if exit_.supposed else ""


def _confidence(exit_: flow.Exit) -> Confidence:
    again = isinstance(exit_.statement, ast.Raise) and exit_.statement.exc is None
    if exit_.repeated or (exit_.supposed and again):
        return Confidence.LOW
    return Confidence.MEDIUM if exit_.supposed else Confidence.HIGH


def _runs_them(frame: Frame, tasks: ast.expr) -> bool:
    """Whether the function itself awaits the tasks."""
    text = ast.unparse(tasks)
    return any(
        isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == text
        for node in own_nodes(frame.scope)
    )


def _reaches_the_framework(case: Case, exit_: flow.Exit) -> bool:
    """Whether what is raised can leave the endpoint: no caller of the function at hand is prepared to catch it."""
    frame = case.registration.frame
    if route_methods(frame.scope.node):
        return True
    names = (
        exceptions.raised_names(case.program, frame, exit_.statement)
        if isinstance(exit_.statement, ast.Raise)
        else None
    )
    function = function_of(frame.scope)
    return function is not None and all(
        exceptions.escapes(case.program, outer, call, names or frozenset())
        for call, outer in case.program.search.callers(function)
    )


RULE = Rule("BG408", "lost-on-raise", __doc__, check, fixable="unsafe")
