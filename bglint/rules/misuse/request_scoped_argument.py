"""Something that belongs to the request is handed to the task.

## What it does
Fires when a task gets, closes over, or reaches through an object that keeps it (a repository, a service, `self`):

- a database session or connection from a dependency with `yield`, or from a `with` block of the endpoint;
- an `UploadFile` or its file; a `Request`, `WebSocket` or `Response`.

A session factory, a plain dependency's long-lived object, an attribute such as `request.client`, bytes that were read
before: all these are right. Of what the target takes and does nothing with it tells as information alone. The message
says what happens in the version of FastAPI that the project's files name.

## Why is this bad?
FastAPI 0.106 to 0.117 closes such things before the tasks run, and Litestar always does: the task fails, or works on a
session that has been rolled back. Other versions close them after the tasks: the connection is missing in the pool for
as long. A request whose client has gone cannot be read any more, and a response that was sent cannot be changed.

## Example
```python
from fastapi import BackgroundTasks, Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
SessionLocal = sessionmaker(create_engine("sqlite://"))


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def write_audit(db: Session, user: str) -> None:
    db.execute(text("SELECT 1"))


@app.post("/users")
async def create(user: str, background_tasks: BackgroundTasks, db: Session = Depends(get_db)):
    background_tasks.add_task(write_audit, db, user)
```

```python
from fastapi import BackgroundTasks, FastAPI, UploadFile

app = FastAPI()


async def store(file: UploadFile) -> None:
    print(len(await file.read()))


@app.post("/files")
async def upload(file: UploadFile, background_tasks: BackgroundTasks):
    background_tasks.add_task(store, file)
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI, UploadFile
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

app = FastAPI()
SessionLocal = sessionmaker(create_engine("sqlite://"))


def write_audit(user: str) -> None:
    with SessionLocal() as db:
        db.execute(text("SELECT 1"))


async def store(data: bytes) -> None:
    print(len(data))


@app.post("/files")
async def upload(user: str, file: UploadFile, background_tasks: BackgroundTasks):
    background_tasks.add_task(write_audit, user)
    background_tasks.add_task(store, await file.read())
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program.hints import instances
from bglint.program.lexical import closed_over, reaching
from bglint.program.scopes import Kind
from bglint.program.values import Collection, FunctionValue, Instance, Partial
from bglint.rules.misuse import _calls
from bglint.rules.misuse._carriers import leads_to, only_reads, touches
from bglint.rules.misuse._origins import origins_in
from bglint.rules.misuse._resources import HARMLESS, Resource, kind_of
from bglint.rules.misuse._tasks import ATTACHED
from bglint.rules.misuse._versions import FastAPI
from bglint.rules.rule import Case, Finding, Rule, shortened
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Severity
    from bglint.program.program import Program
    from bglint.program.values import Meanings, Value
    from bglint.rules.misuse._origins import Origins

_CLEANUPS = frozenset({"close", "aclose", "release", "__exit__", "__aexit__"})
_GRAVITY: dict[Severity, int] = {"info": 0, "warning": 1, "error": 2}
_HELP = {
    "session": "hand over ids, and open a session of its own in the task",
    "upload": "read it in the endpoint and hand over its bytes, or a path that it was copied to",
    "request": "hand over what the task needs of it: `request.client.host`, a header, the body",
    "websocket": "await the work in the endpoint",
    "response": "set what the response needs before it is returned",
}


def check(case: Case) -> Iterator[Finding]:
    """Of the things of the request that reach the task, the one that does most harm."""
    if case.registration.form.framework not in ATTACHED:
        return
    findings = [
        _finding(case, written, resource)
        for written, resource in _handed_over(case, origins_in(case.program))
        if resource.kind not in {"form", "state"}
    ]
    if findings:
        yield max(findings, key=lambda each: (_GRAVITY[each.severity], each.confidence))


def _finding(case: Case, written: str, resource: Resource) -> Finding:
    if _is_left_alone(case, written, resource):
        happens = "the task does nothing with it that its end could harm"
        return Finding(f"{_what(written, resource)}: {happens}", "info", resource.confidence, help="leave it out")
    happens, severity = _happens(case, resource)
    return Finding(f"{_what(written, resource)}: {happens}", severity, resource.confidence, help=_HELP[resource.kind])


def _what(written: str, resource: Resource) -> str:
    nouns = {
        "session": "a session or connection of the request", "upload": "an upload of the request",
        "request": "the request", "websocket": "the request's socket", "response": "the request's response",
    }  # fmt: skip
    if resource.carried:
        return f"`{written}` keeps `{resource.name}`, {nouns[resource.kind]}"
    verb = "holds" if written.startswith(("(", "[", "{")) else "is"
    return f"`{written}` {verb} {nouns[resource.kind]}"


def _happens(case: Case, resource: Resource) -> tuple[str, Severity]:
    """What becomes of a resource when the task runs, and how bad that is."""
    if resource.kind == "request":
        if _only_reads_headers(case, resource.name):
            return "the task keeps all of it for the little that it reads", "info"
        return "its client has gone when the task runs, and what was not read of it is lost", "warning"
    if resource.kind == "websocket":
        return "it may be closed when the task runs", "warning"
    if resource.kind == "response":
        return "it has been sent when the task runs, and changes come too late", "warning"
    if resource.closed == "with":
        return "its `with` block has closed it when the task runs", "error"
    if resource.closed == "middleware":
        return "the middleware that put it on `request.state` may have closed it when the task runs", "warning"
    if case.registration.form.framework == "litestar":
        return "Litestar closes it before the task runs", "error"
    if resource.closed == "function-scope":
        return 'with `scope="function"` it is closed before the task runs', "error"
    version = FastAPI.of(case)
    held = "it stays open until the task has ended, and its connection is held as long"
    if resource.kind == "upload":
        held = "it stays open, with its temporary file, until the task has ended"
    return version.says(
        held, "it is closed before the task runs", held
    ), "error" if version.closes_before_tasks else "warning"


def _handed_over(case: Case, origins: Origins) -> Iterator[tuple[str, Resource]]:
    """What of the request goes to the task, with the expression that shows it."""
    registration = case.registration
    for node in _calls.expressions(registration):
        found = origins.of(node, registration.frame)
        if found is not None and _is_used(case, node, found):
            yield shortened(ast.unparse(node)), found
    for value in runnable(registration):
        if isinstance(value, Partial):
            for node in [*value.call.args[1:], *(keyword.value for keyword in value.call.keywords)]:
                if (found := origins.of(node, value.frame)) is not None:
                    yield shortened(ast.unparse(node)), found
            yield from _through_maker(case, origins, value)
    if isinstance(registration.target, ast.Attribute):
        yield from _through_receiver(case, origins, registration.target)
    for value in runnable(registration):
        if isinstance(value, FunctionValue) and value.function.parent.parent is not None:
            yield from _closed_over(case, origins, value)


def _through_maker(case: Case, origins: Origins, value: Partial) -> Iterator[tuple[str, Resource]]:
    """The session that the function was given which made a partial, where it went into the partial."""
    registration = case.registration
    if value.frame is registration.frame or not isinstance(registration.target, ast.Name):
        return
    bound = [case.program.infer(_unstarred(node), value.frame) for node in value.call.args[1:]]
    bound += [case.program.infer(keyword.value, value.frame) for keyword in value.call.keywords]
    packed = any(keyword.arg is None for keyword in value.call.keywords)
    if not any(
        _holds_session(case.program, meanings) or (packed and _takes_session(case.program, meanings))
        for meanings in bound
    ):
        return
    for binding in reaching(registration.target, registration.frame)[0]:
        made = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
        if isinstance(made, ast.Call):
            for node in [*made.args, *(keyword.value for keyword in made.keywords)]:
                if (found := origins.of(_unstarred(node), registration.frame)) is not None and found.kind == "session":
                    yield shortened(ast.unparse(node)), found


def _unstarred(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Starred) else node


def _holds_session(program: Program, meanings: Meanings) -> bool:
    """Whether values are sessions, or packed arguments with one among them."""
    groups = [group for each in meanings if isinstance(each, Collection) for group in each.elements]
    return any(kind_of(program, group) == "session" for group in [meanings, *groups])


def _takes_session(program: Program, meanings: Meanings) -> bool:
    """Whether values are functions with a parameter that is declared as a session."""
    return any(
        kind_of(program, instances(program, binding.annotation, value.frame)) == "session"
        for value in meanings
        if isinstance(value, FunctionValue)
        for bindings in value.function.scope.bindings.values()
        for binding in bindings
        if binding.kind is Kind.PARAMETER
    )


def _only_reads_headers(case: Case, name: str) -> bool:
    """Whether all that the target does with a request is to read what stays true of it."""
    given = _calls.expressions(case.registration)
    node = next((each for each in given if isinstance(each, ast.Name) and each.id == name), None)
    values = runnable(case.registration)
    for value in values:
        if not isinstance(value, FunctionValue):
            return False
        parameter = _calls.parameter_for(case.registration, value, node) if node is not None else None
        if parameter is None or not only_reads(case.program, value, parameter, HARMLESS["request"]):
            return False
    return bool(values)


def _is_used(case: Case, node: ast.expr, resource: Resource) -> bool:
    """Whether the target may use what an object that it is given carries; not where its body never leads there."""
    if not resource.carried:
        return True
    values = case.program.infer(node, case.registration.frame)
    for value in runnable(case.registration):
        if not isinstance(value, FunctionValue):
            return True
        name = _calls.parameter_for(case.registration, value, node)
        if name is None or leads_to(case.program, value.function.node, name, values, resource.attributes):
            return True
    return False


def _is_left_alone(case: Case, written: str, resource: Resource) -> bool:
    """Whether all that the target can be leave alone what it is given."""
    given = (each for each in _calls.expressions(case.registration) if shortened(ast.unparse(each)) == written)
    node = next(given, None)
    if node is None or resource.carried:
        return False
    targets = runnable(case.registration)
    return bool(targets) and all(_leaves_alone(case, value, node, resource) for value in targets)


def _leaves_alone(case: Case, value: Value, node: ast.expr, resource: Resource) -> bool:
    """Whether a target takes something of the request, and does with it nothing that its end could harm.

    Of a body that is still to be written, and of a function that a decorator wraps, nothing is known.
    """
    if not isinstance(value, FunctionValue) or value.function.is_stub:
        return False
    if set(value.function.decorator_names) - {"staticmethod", "classmethod"}:
        return False
    name = _calls.parameter_for(case.registration, value, node)
    arguments = value.function.node.args
    if name not in {each.arg for each in [*value.function.parameters, *arguments.kwonlyargs]}:
        return False
    harmless = HARMLESS.get(resource.kind, frozenset()) if resource.kind in {"session", "upload"} else frozenset()
    return only_reads(case.program, value, name, harmless)


def _through_receiver(case: Case, origins: Origins, target: ast.Attribute) -> Iterator[tuple[str, Resource]]:
    """The object whose method is handed over, where the method leads to what the object keeps."""
    found = origins.of(target.value, case.registration.frame)
    if found is None or (not found.carried and (target.attr in _CLEANUPS or found.kind == "form")):
        return
    if not found.carried:
        yield shortened(ast.unparse(target)), found
        return
    for value in runnable(case.registration):
        if not isinstance(value, FunctionValue) or not isinstance(value.receiver, Instance):
            continue
        if touches(case.program, value.function, value.receiver, found.attributes):
            yield shortened(ast.unparse(target.value)), found
            return


def _closed_over(case: Case, origins: Origins, value: FunctionValue) -> Iterator[tuple[str, Resource]]:
    """What a nested function or lambda reads of the functions around it, where that does harm."""
    seen = set()
    for name in closed_over(value.function.node, value.function.scope):
        if name.id in seen:
            continue
        seen.add(name.id)
        found = origins.of(name, value.frame)
        if found is None or not _does_harm(case, value, name.id, found):
            continue
        yield name.id, found


def _does_harm(case: Case, value: FunctionValue, name: str, resource: Resource) -> bool:
    node = value.function.node
    if resource.carried:
        values = case.program.infer(_name(name), value.frame)
        return leads_to(case.program, node, name, values, resource.attributes)
    return not only_reads(case.program, value, name, HARMLESS.get(resource.kind, frozenset()))


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load(), lineno=1 << 60, col_offset=0)


RULE = Rule("BG405", "request-scoped-argument", __doc__, check)
