"""An argument is changed after it was handed over.

## What it does
Fires when a statement that can run after the registration changes an object that was handed to the task: an item or
attribute is set or deleted, or a method such as `append`, `update` or `pop` is called. Silent where the target can be
read and does nothing with the argument, or reads only other attributes than the one that is set.

## Why is this bad?
The task gets the object itself, not a copy, and runs when the response has been sent: it sees the later value.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def store(data: dict[str, str]) -> None:
    print("stored", data)


@app.post("/events")
async def receive(data: dict[str, str], background_tasks: BackgroundTasks):
    background_tasks.add_task(store, data)
    data["state"] = "received"
    return data
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def store(data: dict[str, str]) -> None:
    print("stored", data)


@app.post("/events")
async def receive(data: dict[str, str], background_tasks: BackgroundTasks):
    background_tasks.add_task(store, data)
    return {**data, "state": "received"}
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import flow
from bglint.program.values import Collection, Display, ExternalObject, FunctionValue
from bglint.rules.misuse._calls import expressions, parameter_for
from bglint.rules.misuse._carriers import uses_of
from bglint.rules.misuse._tasks import ATTACHED
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHANGING = frozenset({
    "append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "setdefault", "add", "discard", "sort",
    "reverse", "appendleft",
})  # fmt: skip
_UNMISTAKABLE = frozenset({"append", "extend", "insert", "popitem", "setdefault", "appendleft"})
_COLLECTIONS = frozenset(
    {"builtins.list", "builtins.dict", "builtins.set", "collections.deque", "collections.defaultdict"}
)
_OWN = frozenset({"self", "cls"})


def check(case: Case) -> Iterator[Finding]:
    """The first change of an argument behind its registration."""
    registration = case.registration
    names = [node for node in expressions(registration) if isinstance(node, ast.Name) and node.id not in _OWN]
    if (
        not names
        or registration.form.framework not in ATTACHED
        or isinstance(registration.frame.scope.node, ast.Lambda)
    ):
        return
    last = registration.call.end_lineno or registration.call.lineno
    for statement in flow.after(case.program, registration.frame, [registration.call]).statements:
        if statement.lineno <= last:
            continue
        node = next((each for each in names if _changes(case, statement, each.id)), None)
        name = node.id if node is not None else ""
        if node is None or _bound_again(case, name, last, statement.lineno):
            continue
        if _is_seen(case, node, statement):
            yield Finding(
                f"`{name}` is changed in line {statement.lineno}, and `{case.target}` sees the change",
                "warning",
                Confidence.MEDIUM,
                help=f"hand over a copy, or change it before: `add_task(…, dict({name}))`",
            )
            return


def _changes(case: Case, statement: ast.stmt, name: str) -> bool:
    """Whether a statement changes the object of a name in place."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner) as node, attr=method))):
            return owner == name and method in _CHANGING and _is_collection(case, node, method)
        case _:
            return any(_is_part_of(target, name) for target in _targets(statement))


def _targets(statement: ast.stmt) -> list[ast.expr]:
    """What a statement sets or deletes."""
    match statement:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return [part for each in targets for part in (each.elts if isinstance(each, ast.Tuple) else [each])]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            return [target]
        case _:
            return []


def _is_seen(case: Case, node: ast.Name, statement: ast.stmt) -> bool:
    """Whether the target may look at what is changed."""
    changed = _changed_attributes(statement, node.id)
    for value in runnable(case.registration):
        name = parameter_for(case.registration, value, node) if isinstance(value, FunctionValue) else None
        if not isinstance(value, FunctionValue) or name is None:
            return True
        if any(not changed or not used or used in changed for used in uses_of(value.function.node, name)):
            return True
    return not runnable(case.registration)


def _changed_attributes(statement: ast.stmt, name: str) -> set[str]:
    """The attributes that a statement sets; none where it changes items or calls a method."""
    own = [each for each in _targets(statement) if _is_part_of(each, name)]
    attributes = {each.attr for each in own if isinstance(each, ast.Attribute)}
    return attributes if all(isinstance(each, ast.Attribute) for each in own) else set()


def _is_collection(case: Case, node: ast.Name, method: str) -> bool:
    """Whether a name holds a list, dict or set: other objects, such as sessions, have methods of these names too."""
    values = case.program.infer(node, case.registration.frame)
    if not values:
        return method in _UNMISTAKABLE
    return any(
        isinstance(value, Display | Collection)
        or (isinstance(value, ExternalObject) and value.type_name in _COLLECTIONS)
        for value in values
    )


def _is_part_of(target: ast.expr, name: str) -> bool:
    match target:
        case ast.Subscript(value=ast.Name(id=owner)):
            return owner == name
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return owner == name and attr != "background"
        case _:
            return False


def _bound_again(case: Case, name: str, after: int, before: int) -> bool:
    """Whether a name is given another object between two lines."""
    bindings = case.registration.frame.scope.bindings.get(name, ())
    return any(after < binding.place[0] <= before for binding in bindings)


RULE = Rule("BG419", "mutated-argument", __doc__, check, preview=True)
