"""A sync callable that only makes a coroutine: nothing awaits it, and nothing runs.

## What it does
Fires when the target is a lambda around an async call, an async function behind a decorator whose wrapper is a plain
`def`, or a plain function that returns a coroutine or makes one and drops it. In Quart also when it is an object whose
`__call__` is async, and in Falcon when `schedule_sync` gets an async function.

## Why is this bad?
The framework sees a plain callable, runs it in a thread, and throws away what it returns. The coroutine is never
awaited: all that happens is a `RuntimeWarning` in the server's log.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(lambda: send_mail(user))
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def traced(function):
    def wrapper(*args, **kwargs):
        print("calling", function.__name__)
        return function(*args, **kwargs)

    return wrapper


@traced
async def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, user)
```

```python
from quart import Quart

app = Quart(__name__)


class Mail:
    def __init__(self, user: str) -> None:
        self.user = user

    async def __call__(self) -> None:
        print("mail to", self.user)


@app.post("/users/<user>")
async def create(user: str):
    app.add_background_task(Mail(user))
    return ""
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail, user)
```

```python
from quart import Quart

app = Quart(__name__)


class Mail:
    def __init__(self, user: str) -> None:
        self.user = user

    async def send(self) -> None:
        print("mail to", self.user)


@app.post("/users/<user>")
async def create(user: str):
    app.add_background_task(Mail(user).send)
    return ""
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import calling, signatures
from bglint.program.calling import Arguments
from bglint.program.lexical import reaching
from bglint.program.modules import last_name
from bglint.program.scopes import Kind
from bglint.program.values import Coroutine, External, FunctionValue, Instance, Partial
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import is_async, runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Frame, Value

_PATCHES = rb"\bimport\s+quart[._]%s\b"
"""The import by which an application makes Quart await what plain callables return."""


def check(case: Case) -> Iterator[Finding]:
    """A target that runs in a thread and only makes a coroutine there."""
    registration = case.registration
    if registration.form.takes != "callable" or registration.form.sync_in != "thread":
        return
    values = runnable(registration)
    if registration.form.framework == "falcon":
        if registration.form.method != "schedule_sync":
            return  # it refuses plain callables at once
        if values and all(is_async(value, case.program) for value in values):
            yield Finding(
                f"`schedule_sync` runs `{case.target}` in a thread, which only makes a coroutine: nothing awaits it",
                "error",
                help="hand it to `schedule`",
            )
    made = [only_makes_coroutine(value, registration.arguments, case.program) for value in values]
    objects = [_unawaited_object(value, case) for value in values]
    if objects and all(objects):
        yield Finding(
            f"Quart takes `{case.target}` for a plain callable, and `{objects[0]}` only makes a coroutine: nothing "
            "awaits it",
            "error",
            help="hand over its async method instead of the object",
        )
    if made and all(made):
        yield Finding(
            f"`{case.target}` is no coroutine function and only makes the coroutine `{made[0]}(…)`: nothing awaits it",
            "error",
            help=f"hand over `{made[0]}` and its arguments, or await it in an `async def`",
        )


def _unawaited_object(value: Value, case: Case) -> str | None:
    """The async method that calls an object, where the framework does not look whether it is one.

    Quart asks `inspect.iscoroutinefunction` of the object itself; quart-flask-patch awaits whatever a call returns.
    """
    if case.registration.form.framework != "quart" or not isinstance(value, Instance):
        return None
    if case.program.search.texts.find(_PATCHES, "flask_patch", case.registration.module):
        return None
    return f"{value.cls.cls.name}.__call__" if is_async(value, case.program) else None


def only_makes_coroutine(value: Value, arguments: Arguments, program: Program) -> str | None:
    """What a plain callable makes a coroutine of and leaves unawaited; None where it does not."""
    if isinstance(value, Partial):
        bound = arguments.behind(0, Arguments(program, value.call, value.frame))
        return only_makes_coroutine(value.target, bound, program)
    if not isinstance(value, FunctionValue) or value.function.is_async or value.function.is_generator:
        return None
    node = value.function.node
    frame = calling.enter(program, value, arguments)
    if isinstance(node, ast.Lambda):
        return _coroutine(node.body, frame, program)
    ends = [each.value for each in value.function.scope.returns if each.value is not None]
    made = [_coroutine(each, frame, program) for each in ends]
    if made and all(made):
        return (value.origin.name if value.origin is not None else None) or made[0]
    dropped = (_coroutine(each.value, frame, program) for each in ast.walk(node) if isinstance(each, ast.Expr))
    return next(filter(None, dropped), None)


def _coroutine(node: ast.expr, frame: Frame, program: Program) -> str | None:
    """The name of the async function whose coroutine a call makes."""
    if not isinstance(node, ast.Call):
        return None
    callees = program.infer(node.func, frame)
    if not callees or not all(_makes_coroutine(callee, node, frame, program) for callee in callees):
        return None
    return ast.unparse(node.func)


def _is_itself(written: ast.expr, callee: FunctionValue, frame: Frame) -> bool:
    """Whether a function is called by its own name or as a parameter: under another it may have been wrapped."""
    if last_name(written) == (callee.origin or callee.function).name:
        return True
    return isinstance(written, ast.Name) and all(b.kind is Kind.PARAMETER for b in reaching(written, frame)[0])


def _is_wrapped_here(written: ast.expr, callee: FunctionValue, frame: Frame, program: Program) -> bool:
    """Whether a function is called as the parameter of its only decorator: there it is what was written."""
    function = callee.function
    if not isinstance(written, ast.Name) or len(function.decorators) != 1:
        return False
    holder = reaching(written, frame)[1].scope.node
    decorators = program.infer(function.decorators[0], program.frame_of(function.parent))
    return any(isinstance(each, FunctionValue) and each.function.node is holder for each in decorators)


def _makes_coroutine(callee: Value, call: ast.Call, frame: Frame, program: Program) -> bool:
    match callee:
        case FunctionValue(function=function):
            if (
                not function.is_async
                or not _is_itself(call.func, callee, frame)
                or (
                    signatures.signature(program, callee) is None
                    and not _is_wrapped_here(call.func, callee, frame, program)
                )
            ):
                return False
            made = calling.call(program, callee, Arguments(program, call, frame))
            return bool(made) and all(isinstance(each, Coroutine) for each in made)
        case External(name):
            entry = catalog.lookup(name)
            return entry is not None and entry.asynchronous
        case _:
            return False


RULE = Rule("BG410", "never-awaited", __doc__, check, fixable="safe")
