"""A lambda or nested function that is handed over in a loop closes over the loop's variable.

## What it does
Fires when a lambda or a nested function is registered in a loop and reads a name that each turn binds anew. A name that
is bound by a default (`lambda user=user: …`) is fine, and so is a loop that is left right after the registration.

## Why is this bad?
The name is looked up when the task runs, after the loop: every task sees the value of the last turn.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/newsletter")
async def newsletter(users: list[str], background_tasks: BackgroundTasks):
    for user in users:
        background_tasks.add_task(lambda: send_mail(user))
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/newsletter")
async def newsletter(users: list[str], background_tasks: BackgroundTasks):
    for user in users:
        background_tasks.add_task(send_mail, user)
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program import exceptions
from bglint.program.lexical import closed_over
from bglint.program.values import FunctionValue
from bglint.rules.misuse._tasks import hands_over
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Function
    from bglint.program.scopes import LoopNode, Scope
    from bglint.registrations.registration import Registration


def check(case: Case) -> Iterator[Finding]:
    """A closure over what the innermost loops around the registration bind."""
    registration = case.registration
    if not hands_over(registration):
        return
    loops = _loops_around(registration)
    if not loops or _left_at_once(registration):
        return
    rebound = {name for loop in loops for name in _bound_by(loop)}
    for value in runnable(registration):
        if not isinstance(value, FunctionValue) or not _is_nested(value.function, registration.frame.scope):
            continue
        names = [each.id for each in closed_over(value.function.node, value.function.scope) if each.id in rebound]
        if names:
            yield Finding(
                f"`{case.target}` reads `{names[0]}` when the task runs: every task of the loop sees its last value",
                "error",
                help=f"hand the value over as an argument: `add_task(function, {names[0]})`",
            )
            return


def _loops_around(registration: Registration) -> list[LoopNode]:
    site = next((each for each in registration.frame.scope.calls if each.node is registration.call), None)
    return list(site.loops) if site is not None else []


def _is_nested(function: Function, scope: Scope) -> bool:
    """Whether a function is a lambda or nested function of the scope that registers it."""
    return function.parent is scope and scope.parent is not None


def _bound_by(loop: LoopNode) -> set[str]:
    """The names that each turn of a loop binds."""
    parts: list[ast.AST] = list(loop.body) if isinstance(loop, ast.For | ast.AsyncFor | ast.While) else []
    if not isinstance(loop, ast.While):
        parts.append(loop.target)
    names: set[str] = set()
    while parts:
        node = parts.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            parts += ast.iter_child_nodes(node)
    return names


def _left_at_once(registration: Registration) -> bool:
    """Whether the statements behind the registration leave the loop: then the last value is the right one."""
    root = registration.frame.scope.node
    for around, child in exceptions.ancestors(root, registration.call):
        for block in ("body", "orelse", "finalbody"):
            statements = getattr(around, block, None)
            if isinstance(statements, list) and child in statements:
                behind = statements[statements.index(child) :]
                if any(isinstance(each, ast.Break | ast.Return | ast.Raise) for each in behind):
                    return True
        if isinstance(around, ast.For | ast.AsyncFor | ast.While):
            return False
    return False


RULE = Rule("BG406", "late-binding", __doc__, check, fixable="safe")
