"""The target raises `HTTPException`: nobody is there to receive it.

## What it does
Fires when a target, or a function of the project that it calls, raises an exception that the framework would turn
into a response, and nothing on the way catches it. A handler that raises again says nothing of itself: what it caught
is looked for.

## Why is this bad?
The response has been sent. The exception becomes a `RuntimeError: Caught handled exception, but response already
started` in the server's log, which hides what went wrong, and the later tasks of the response do not run.

## Example
```python
from pathlib import Path

from fastapi import BackgroundTasks, FastAPI, HTTPException

app = FastAPI()


def remove(path: str) -> None:
    if not Path(path).exists():
        raise HTTPException(404)
    Path(path).unlink()


@app.delete("/files")
async def delete(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(remove, path)
```

## Use instead
```python
from pathlib import Path

from fastapi import BackgroundTasks, FastAPI, HTTPException

app = FastAPI()


def remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


@app.delete("/files")
async def delete(path: str, background_tasks: BackgroundTasks):
    if not Path(path).exists():
        raise HTTPException(404)
    background_tasks.add_task(remove, path)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import exceptions, signatures
from bglint.rules.misuse._tasks import ATTACHED
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.reach import Body

_DEPTH = 3
"""How many calls from the target a raise still counts as the target's."""


def check(case: Case) -> Iterator[Finding]:
    """The nearest `raise` of a response's exception that leaves the target."""
    registration = case.registration
    if registration.form.framework not in ATTACHED:
        return
    for body in case.reach.within(_DEPTH):
        raising = _raised(case, body)
        if raising is None:
            continue
        raised = ast.unparse(raising.exc.func if isinstance(raising.exc, ast.Call) else raising.exc or raising)
        there = "" if not body.way else f" through `{body.symbol}`"
        yield Finding(
            f"`{case.target}` raises `{raised}`{there} ({body.place(raising)}), when the response has long been sent",
            "warning",
            Confidence.HIGH if not body.way else Confidence.MEDIUM,
            help="check it in the endpoint, before the task is added, or log it in the task",
        )
        return


def _raised(case: Case, body: Body) -> ast.Raise | None:
    """A `raise` of a body whose exception nothing up to the target catches.

    One that raises what its handler caught says nothing of itself: where that came from is looked at.
    """
    for node in body.function.function.scope.raises:
        if _raises_again(body, node):
            continue
        names = exceptions.raised_names(case.program, body.frame, node)
        if not exceptions.is_http_exception(names) or not exceptions.escapes(case.program, body.frame, node):
            continue
        if body.way and _asks_for(body, node, _given_by(body)):
            continue
        if all(exceptions.escapes(case.program, frame, site.node, names) for site, frame in body.way):
            return node
    return None


def _raises_again(body: Body, node: ast.Raise) -> bool:
    handler = exceptions.handler_around(body.frame.scope.node, node)
    return handler is not None and (
        node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == handler.name)
    )


def _given_by(body: Body) -> frozenset[str]:
    """The parameters that the call which leads to a body gives."""
    call = body.way[-1][0].node
    expected = signatures.declared(body.function.function)
    slots = [p.name for p in expected.parameters if p.positional][body.function.receiver is not None :]
    return frozenset(slots[: len(call.args)]) | {k.arg for k in call.keywords if k.arg is not None}


def _asks_for(body: Body, node: ast.AST, given: frozenset[str]) -> bool:
    """Whether a statement runs only where one of some parameters is empty: callers that give one mean it not to be."""
    for around, child in exceptions.ancestors(body.frame.scope.node, node):
        if isinstance(around, ast.If) and child in around.body:
            match around.test:
                case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)) if name in given:
                    return True
                case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
                    if name in given:
                        return True
    return False


RULE = Rule("BG416", "response-error-in-task", __doc__, check)
