"""The response has a background of its own, and the injected tasks are dropped.

## What it does
Fires when tasks are added to the object that FastAPI injects, and the function then returns a response with another
`background`.

## Why is this bad?
FastAPI attaches the injected tasks only to a response that has no background. Where it has one, they never run.

## Example
```python
import os

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

app = FastAPI()


def count_download(path: str) -> None:
    print("downloaded", path)


@app.get("/reports")
async def download(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(count_download, path)
    return FileResponse(path, background=BackgroundTask(os.remove, path))
```

## Use instead
```python
import os

from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import FileResponse

app = FastAPI()


def count_download(path: str) -> None:
    print("downloaded", path)


@app.get("/reports")
async def download(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(count_download, path)
    background_tasks.add_task(os.remove, path)
    return FileResponse(path)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import flow
from bglint.program.facts import names_in
from bglint.program.lexical import reaching
from bglint.program.modules import last_name
from bglint.program.scopes import own_nodes
from bglint.rules.misuse._tasks import ON_RESPONSE, parameter, route_methods
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.values import Frame


def check(case: Case) -> Iterator[Finding]:
    """A registration on injected tasks that a returned response with another background follows."""
    registration = case.registration
    injected = parameter(registration)
    if registration.form.framework not in ON_RESPONSE or injected is None or injected[1] is not registration.frame:
        return
    name, frame = injected
    for each in flow.after(case.program, frame, [registration.call]).returns:
        other = _background(each.value, frame)
        if other is None or name in names_in(other) or _handed_on(other, name, frame):
            continue
        yield Finding(
            f"the response of line {each.lineno} has a `background` of its own: `{case.target}` never runs",
            "error",
            Confidence.HIGH if route_methods(frame.scope.node) else Confidence.MEDIUM,
            help=f"add that work to `{name}` too, and leave `background=` out",
        )
        return


def _background(value: ast.expr | None, frame: Frame) -> ast.expr | None:
    """The background that a returned response is given, by its constructor or afterwards."""
    match value:
        case ast.Call(keywords=keywords) if last_name(value.func).endswith("Response"):
            given = next((k.value for k in keywords if k.arg == "background"), None)
            return None if isinstance(given, ast.Constant) else given
        case ast.Name(id=name):
            for node in own_nodes(frame.scope):
                if isinstance(node, ast.Assign) and any(_sets_background(target, name) for target in node.targets):
                    return node.value
            found = [
                _background(b.value, frame) for b in reaching(value, frame)[0] if not isinstance(b.value, ast.Name)
            ]
            return found[0] if len(found) == 1 else None
        case _:
            return None


def _sets_background(target: ast.expr, name: str) -> bool:
    match target:
        case ast.Attribute(value=ast.Name(id=owner), attr="background"):
            return owner == name
        case _:
            return False


def _handed_on(other: ast.expr, tasks: str, frame: Frame) -> bool:
    """Whether the function puts the injected tasks into the other background, in a statement that names both."""
    names = names_in(other)
    return any(
        isinstance(node, ast.stmt)
        and not isinstance(node, ast.Return)
        and tasks in names_in(node)
        and names & names_in(node)
        for node in own_nodes(frame.scope)
        if isinstance(node, ast.Assign | ast.Expr | ast.AugAssign | ast.For | ast.AnnAssign)
    ) and isinstance(other, ast.Name)


RULE = Rule("BG407", "replaced-tasks", __doc__, check, fixable="unsafe")
