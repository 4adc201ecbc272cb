"""Hand-made tasks that are never attached to a response: they never run.

## What it does
Fires for tasks that are added to a `BackgroundTasks()` made by hand (in a function, in a module, or in the `__init__`
of a class, or where a caller has given none) when nothing but `add_task` is ever done with it, for what `add_task`
returns in the place of the tasks (`background=BackgroundTasks().add_task(f)`), and for a `BackgroundTask(…)` that
nothing takes. An object that is returned, awaited, passed on, stored or read in any other way is left alone.

## Why is this bad?
Such an object only collects: its tasks run when it is the `background` of a response that is sent, or is awaited.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str):
    tasks = BackgroundTasks()
    tasks.add_task(send_mail, user)
    return {"user": user}
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


class Users:
    def __init__(self) -> None:
        self.tasks = BackgroundTasks()

    def create(self, user: str) -> None:
        self.tasks.add_task(send_mail, user)


@app.post("/users")
async def create(user: str):
    Users().create(user)
    return {"user": user}
```

```python
from fastapi import BackgroundTasks, FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str):
    return JSONResponse({"user": user}, background=BackgroundTasks().add_task(send_mail, user))
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


def welcome(user: str, tasks: BackgroundTasks | None = None) -> None:
    if tasks is None:
        tasks = BackgroundTasks()
    tasks.add_task(send_mail, user)


@app.post("/users")
async def create(user: str):
    welcome(user)
    return {"user": user}
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, tasks: BackgroundTasks):
    tasks.add_task(send_mail, user)
    return {"user": user}
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import exceptions, members
from bglint.program.lexical import uses
from bglint.program.scopes import Kind
from bglint.program.values import Instance
from bglint.rules.misuse._tasks import ATTACHED, bindings_of, makes_tasks, receiver
from bglint.rules.rule import Case, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.scopes import Scope
    from bglint.program.values import Frame
    from bglint.registrations.registration import Registration


def check(case: Case) -> Iterator[Finding]:
    """A registration whose tasks nothing will ever run."""
    registration = case.registration
    if registration.form.framework not in ATTACHED or registration.helper is not None:
        return
    if registration.form.method[:1].isupper():
        if _is_dropped(registration):
            yield _finding(case, "this task is made, but nothing takes it")
    elif (made := _only_collected(case)) is not None:
        yield made


def _finding(case: Case, reason: str, confidence: Confidence = Confidence.HIGH) -> Finding:
    return Finding(
        f"{reason}: `{case.target}` never runs",
        "error",
        confidence,
        help="take the tasks that the framework injects, or return a response with `background=…`",
    )


def _is_dropped(registration: Registration) -> bool:
    """Whether a constructed task is neither used where it is made nor by the name that it is given."""
    root = registration.frame.scope.node
    match exceptions.parents(root).get(registration.call):
        case ast.Expr():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            scope = registration.frame.scope
            return scope.parent is not None and name not in scope.outer_names and not any(uses(scope, name))
        case _:
            return False


def _only_collected(case: Case) -> Finding | None:
    """What is wrong where the object that tasks are added to is made by hand, and is only ever added to."""
    registration, program = case.registration, case.program
    tasks = receiver(registration)
    by_hand = "is made by hand and never attached to a response"
    if isinstance(tasks, ast.Call) and makes_tasks(program, tasks, registration.frame):
        return _finding(case, f"`{ast.unparse(tasks)}` is lost, since `add_task` returns None")
    if isinstance(tasks, ast.Attribute):
        collects = _attribute_only_collects(tasks, registration.frame, program)
        return _finding(case, f"`{ast.unparse(tasks)}` {by_hand}") if collects else None
    found = bindings_of(registration)
    if found is None:
        return None
    name, bindings, frame = found
    made = [
        b for b in bindings if b.kind is Kind.VALUE and not b.unpack and _makes_or_takes(program, b.value, frame, name)
    ]
    if not made or not all(_adds(use, frame.scope) for use in uses(frame.scope, name)):
        return None
    if len(made) == len(bindings) and all(makes_tasks(program, b.value, frame) for b in made):
        if frame.scope.parent is None and _used_elsewhere(program, frame.scope.module, name):
            return None
        return _finding(case, f"`{name}` {by_hand}")
    if frame.scope.parent is None:
        return None
    return _finding(case, f"where none is given, `{name}` {by_hand}", Confidence.MEDIUM)


def _makes_or_takes(program: Program, value: ast.expr | None, frame: Frame, name: str) -> bool:
    """Whether an expression is `BackgroundTasks()`, or `name or BackgroundTasks()`."""
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or) and len(value.values) == 2:
        given, made = value.values
        return isinstance(given, ast.Name) and given.id == name and makes_tasks(program, made, frame)
    return makes_tasks(program, value, frame)


def _adds(use: ast.expr, scope: Scope) -> bool:
    """Whether a use of an object is `object.add_task(…)`, an argument of that, or the question whether it is there."""
    parents = _all_parents(scope.node)
    match around := parents.get(use):
        case ast.Attribute(attr="add_task"):
            call = parents.get(around)
            return isinstance(call, ast.Call) and call.func is around
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="add_task")):
            return isinstance(use, ast.Name) and use.id == owner
        case ast.Compare(ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return True
        case ast.UnaryOp(op=ast.Not()) | ast.If():
            return True
        case ast.BoolOp(op=ast.Or(), values=[first, ast.Call()]):
            return first is use
        case _:
            return False


def _all_parents(root: ast.AST) -> dict[ast.AST, ast.AST]:
    """The node around each node, nested scopes included."""
    return {child: node for node in ast.walk(root) for child in ast.iter_child_nodes(node)}


def _used_elsewhere(program: Program, module: Module, name: str) -> bool:
    """Whether another module of the project mentions a name that a module defines: then its use there is not read."""
    return any(
        other is not module for other in program.search.mentions(rb"\b%s\b", name, module) if _imports(other, name)
    )


def _imports(module: Module, name: str) -> bool:
    return any(
        (isinstance(node, ast.ImportFrom) and any(alias.name in {name, "*"} for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == name)
        for node in ast.walk(module.tree)
    )


def _attribute_only_collects(tasks: ast.Attribute, frame: Frame, program: Program) -> bool:
    """Whether `self.tasks` is made by its class, and the project does nothing with that attribute but add to it."""
    owners = [value for value in program.infer(tasks.value, frame) if isinstance(value, Instance)]
    if not owners:
        return False
    for owner in owners:
        assigned = [
            (program.frame_of(method.scope), value)
            for cls in members.ancestry(program, owner.cls)
            if hasattr(cls, "cls")
            for method, value, _ in cls.cls.instance_attributes.get(tasks.attr, ())
        ]
        if not assigned or not all(makes_tasks(program, value, where) for where, value in assigned):
            return False
    mentions = program.search.mentions(rb"\.\s*%s\b", tasks.attr, frame.scope.module)
    return all(_reads_only_to_add(module, tasks.attr, owners, program) for module in mentions)


def _reads_only_to_add(module: Module, attribute: str, owners: Iterable[Instance], program: Program) -> bool:
    """Whether a module reads an attribute of some objects only to add tasks; an untyped object may be one."""
    parents = _all_parents(module.tree)
    classes = {owner.cls.cls for owner in owners}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute) or node.attr != attribute or isinstance(node.ctx, ast.Store):
            continue
        around = parents.get(node)
        if isinstance(around, ast.Attribute) and around.attr == "add_task":
            continue
        values = program.infer(node.value, program.frame_at(module, (node.lineno, node.col_offset)))
        others = [v for v in values if isinstance(v, Instance) and v.cls.cls not in classes]
        if not others or len(others) < len(values):
            return False
    return True


RULE = Rule("BG404", "unattached-tasks", __doc__, check, fixable="unsafe")
