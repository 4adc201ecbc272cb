"""`BackgroundTasks` is asked for as a dependency: it fails, or the tasks never run.

## What it does
Fires for a parameter `tasks: BackgroundTasks = Depends()`, `tasks=Depends(BackgroundTasks)`, the same in
`Annotated[…]`, and for an endpoint's parameter `tasks: BackgroundTasks | None`. Defaults such as `= None` or `=
BackgroundTasks()` are replaced by the injected object, and right; so is a function of one's own in `Depends(…)`.

## Why is this bad?
FastAPI injects the tasks by their type alone. With `Depends`, or in a union with None, it refuses the route when the
application is imported. Where only the default names the class, versions 0.118 to 0.121 made an object of its own that
no response carries, and its tasks never ran.

## Example
```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


def notify(tasks: BackgroundTasks = Depends()):
    tasks.add_task(print, "created")
```

```python
from fastapi import BackgroundTasks, Depends, FastAPI

app = FastAPI()


@app.post("/users")
async def create(tasks=Depends(BackgroundTasks)):
    tasks.add_task(print, "created")
```

## Use instead
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


@app.post("/users")
async def create(tasks: BackgroundTasks):
    tasks.add_task(print, "created")
```
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from bglint.diagnostics import Span
from bglint.program.hints import injector, instances
from bglint.program.modules import last_name
from bglint.program.scopes import Kind
from bglint.program.values import External, ExternalObject, Instance
from bglint.rules.misuse._injected import DEPENDS
from bglint.rules.misuse._tasks import is_tasks_class, route_methods
from bglint.rules.rule import Finding, ModuleCase, Rule

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from bglint.program.scopes import Binding, FunctionNode
    from bglint.program.values import Frame

_PLAIN: Final = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict", "Any", "Request", "Session"})
"""Annotations that ask for no tasks, so that a function with no others need not be looked at."""


def check_module(case: ModuleCase) -> Iterator[Finding]:
    """The parameters of a module's functions that ask for tasks in a way that FastAPI does not answer."""
    if "fastapi" not in case.module.imported_packages:
        return
    plain = _PLAIN.union(_from_frameworks(case.module.statements))
    for node in case.module.statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _may_inject(node, plain):
            inside = node.body[0]
            frame = case.program.frame_at(case.module, (inside.lineno, inside.col_offset))
            for bound in frame.scope.bindings.values():
                for binding in bound:
                    if binding.kind is Kind.PARAMETER and (message := _message(case, node, binding, frame)):
                        yield Finding(
                            message,
                            "error",
                            span=_span(case, binding),
                            help="write `tasks: BackgroundTasks`, and nothing else",
                        )


def _from_frameworks(statements: Iterable[ast.stmt]) -> Iterator[str]:
    """The names of a framework's classes: as an annotation, alone, each asks for what it is."""
    for node in statements:
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in {"fastapi", "starlette"}:
            yield from (alias.asname or alias.name for alias in node.names)


def _may_inject(node: FunctionNode, plain: Container[str]) -> bool:
    """Whether a parameter has a default that may be a dependency, or an annotation that may hold one."""
    arguments = node.args
    parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    is_plain = all(each.annotation is None or last_name(each.annotation) in plain for each in parameters)
    return not is_plain or any(isinstance(each, ast.Call) for each in [*arguments.defaults, *arguments.kw_defaults])


def _message(case: ModuleCase, node: FunctionNode, binding: Binding, frame: Frame) -> str | None:
    """What is wrong with a parameter, if anything is."""
    name = binding.name
    found = injector(case.program, binding, frame)
    if found is not None and last_name(found[0].func) in DEPENDS:
        call, where = found
        if call.args:
            if last_name(call.args[0])[:1].islower():
                return None  # a function, which is what nearly every dependency is: no need to find and read it
            asked = case.program.infer(call.args[0], where)
            if not asked or not all(is_tasks_class(case.program, value) for value in asked):
                return None
        elif call.keywords or not _is_tasks(case, binding, frame):
            return None
        if _is_tasks(case, binding, frame):
            return f"`{name}` is injected by its type: with `{last_name(call.func)}` FastAPI refuses the route"
        return f"`{name}` is no injection: FastAPI refuses the route, or makes an object that no response carries"
    if _is_optional(binding.annotation) and route_methods(node) and _is_tasks(case, binding, frame):
        return f"`{name}` is injected by its type, and a union is none: FastAPI refuses the route"
    return None


def _is_tasks(case: ModuleCase, binding: Binding, frame: Frame) -> bool:
    """Whether a parameter is annotated as a framework's tasks."""
    if binding.annotation is None or frame.parent is None:
        return False
    declared = instances(case.program, binding.annotation, frame.parent)
    for value in declared:
        cls = External(value.type_name) if isinstance(value, ExternalObject) else getattr(value, "cls", None)
        if isinstance(value, ExternalObject | Instance) and is_tasks_class(case.program, cls):
            return True
    return False


def _is_optional(node: ast.expr | None) -> bool:
    match node:
        case ast.BinOp(op=ast.BitOr()):
            return True
        case ast.Subscript(value=base):
            return last_name(base) in {"Optional", "Union"}
        case ast.Constant(value=str(text)):
            return "|" in text or "Optional[" in text
        case _:
            return False


def _span(case: ModuleCase, binding: Binding) -> Span:
    """From the parameter's name to the end of its default or annotation."""
    node, source = binding.node, case.module.source
    assert isinstance(node, ast.arg)
    last = binding.value if binding.value is not None else node
    start = source.position(node.lineno, node.col_offset)
    end = source.position(last.end_lineno or node.lineno, last.end_col_offset or node.col_offset)
    return Span(case.module.path, start, end)


RULE = Rule("BG413", "wrong-injection", __doc__, check_module=check_module, fixable="safe")
