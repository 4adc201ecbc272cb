"""The target is called where it should be handed over.

## What it does
Fires when the result of a call stands where the task's function should: `add_task(f(x))`, `add_task(await f(x))`.
Calls that make a callable are right (`partial(f, x)`, a factory, a Celery signature), and so are called coroutines in
APIs that take them (Sanic's `add_task`, aiojobs).

## Why is this bad?
The function runs now, in the request, which waits for it. What it returns is handed over, and calling that after the
reply is a `TypeError`; a coroutine that was handed over is never awaited.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(send_mail(user))
```

```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def send_mail(user: str) -> None:
    print("mail to", user)


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(await send_mail(user))
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
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.diagnostics import Confidence
from bglint.program import signatures
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Coroutine,
    Display,
    External,
    ExternalObject,
    FunctionValue,
    Generator,
    Instance,
    Member,
    Partial,
)
from bglint.rules.rule import Case, Finding, Rule, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.program import Program
    from bglint.program.values import Frame, Value

_RETURN_NOTHING = frozenset({
    "builtins.print", "os.remove", "os.unlink", "os.rmdir", "os.rename", "os.replace", "os.makedirs", "os.mkdir",
    "os.kill", "shutil.rmtree", "time.sleep", "logging.debug", "logging.info", "logging.warning", "logging.error",
})  # fmt: skip
_PLAIN_TYPES = frozenset({"builtins.str", "builtins.int", "builtins.bool", "builtins.float", "builtins.bytes"})
_ENQUEUING = frozenset({"delay", "apply_async", "send", "send_with_options", "kiq", "enqueue", "defer"})


def check(case: Case) -> Iterator[Finding]:
    """A target that is a call, awaited or not, whose result is no callable."""
    registration = case.registration
    if registration.form.takes != "callable" or registration.target is None:
        return
    call, confidence = called_target(registration.target, registration.frame, case.program)
    if call is None:
        return
    name = shortened(ast.unparse(call.func))
    awaited = isinstance(registration.target, ast.Await)
    result = "its result" if awaited or not _is_coroutine(call, registration.frame, case.program) else "a coroutine"
    yield Finding(
        f"`{name}` is called now, in the request, and {result} is handed over in place of a function",
        "error",
        confidence,
        help=f"hand over the function and its arguments: `{_passed(call)}`",
    )


def called_target(target: ast.expr, frame: Frame, program: Program) -> tuple[ast.Call | None, Confidence]:
    """The call that stands where a function should, if its result is no callable, and how sure that is."""
    if isinstance(target, ast.Await):
        if not isinstance(target.value, ast.Call):
            return None, Confidence.LOW
        meanings = program.infer(target, frame)
        if any(_may_be_callable(value) for value in meanings):
            return None, Confidence.LOW
        read = meanings or _runs_to_its_end(target.value, frame, program)
        return target.value, Confidence.HIGH if read else Confidence.MEDIUM
    if isinstance(target, ast.Call) and _result_is_no_callable(target, frame, program):
        return target, Confidence.HIGH
    return None, Confidence.LOW


def _may_be_callable(value: Value) -> bool:
    match value:
        case FunctionValue() | ClassValue() | Partial() | External() | Member():
            return True
        case Instance(cls=cls):
            return "__call__" in cls.cls.methods or bool(cls.cls.node.bases)
        case ExternalObject(name):
            return name not in _PLAIN_TYPES
        case _:
            return False


def _runs_to_its_end(call: ast.Call, frame: Frame, program: Program) -> bool:
    """Whether a call means functions of the project, of which none returns anything."""
    callees = program.infer(call.func, frame)
    return bool(callees) and all(_returns_nothing(callee) for callee in callees)


def _returns_nothing(callee: Value) -> bool:
    if not isinstance(callee, FunctionValue) or isinstance(callee.function.node, ast.Lambda) or callee.function.is_stub:
        return False
    return not any(each.value is not None for each in callee.function.scope.returns)


def _result_is_no_callable(call: ast.Call, frame: Frame, program: Program) -> bool:
    """Whether whatever a call can mean gives something that cannot be called."""
    callees = program.infer(call.func, frame)
    if callees and all(isinstance(callee, External) for callee in callees) and _is_coroutine(call, frame, program):
        return True
    return bool(callees) and all(_gives_no_callable(callee, program) for callee in callees)


def _gives_no_callable(callee: Value, program: Program) -> bool:
    match callee:
        case External(name):
            name = catalog.canonical(name)
            return name in _RETURN_NOTHING or _is_async_library(name)
        case Member(owner=FunctionValue(), name=name):
            return name in _ENQUEUING
        case FunctionValue(function=function):
            if signatures.signature(program, callee) is None or function.is_stub:
                return False
            if function.is_async or function.is_generator or _returns_nothing(callee):
                return True
            frame = program.frame_of(function.scope)
            results = [program.infer(each.value, frame) for each in function.scope.returns if each.value is not None]
            return bool(results) and all(result and all(map(_is_plain, result)) for result in results)
        case _:
            return False


def _is_plain(value: Value) -> bool:
    """Whether a value is certainly nothing that can be called."""
    match value:
        case Coroutine() | Generator() | Constant() | Display() | Collection():
            return True
        case ExternalObject(name):
            return name in _PLAIN_TYPES
        case _:
            return False


def _is_async_library(name: str) -> bool:
    entry = catalog.lookup(name)
    return entry is not None and entry.asynchronous


def _is_coroutine(call: ast.Call, frame: Frame, program: Program) -> bool:
    meanings = program.infer(call, frame)
    return bool(meanings) and all(isinstance(value, Coroutine) for value in meanings)


def _passed(call: ast.Call) -> str:
    """The call that hands the function over."""
    parts = [call.func, *call.args, *(k.value for k in call.keywords)]
    texts = [ast.unparse(part) for part in parts[: 1 + len(call.args)]]
    texts += [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]
    return f"add_task({shortened(', '.join(texts))})"


RULE = Rule("BG401", "called-not-passed", __doc__, check, fixable="safe")
