"""Fixes that hand a job queue's task to its queue, instead of running it in this process."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import libcst as cst

from bglint.effects.queues import queue_task
from bglint.fixes.concrete import rewritten
from bglint.fixes.rewriting import called_instead
from bglint.fixes.site import fix, is_statement
from bglint.program.values import FunctionValue

if TYPE_CHECKING:
    from bglint.diagnostics import Applicability, Fix
    from bglint.fixes.site import Site
    from bglint.registrations.registration import Registration


@dataclass(frozen=True, slots=True)
class Enqueueing:
    """The methods of a queue's task that hand it over: plain, and one that is awaited."""

    plain: str | None = None
    awaited: str | None = None
    keyword_only: bool = False


ENQUEUEING: Final = {
    "Celery": Enqueueing("delay"),
    "Dramatiq": Enqueueing("send"),
    "RQ": Enqueueing("delay"),
    "Taskiq": Enqueueing(awaited="kiq"),
    "Procrastinate": Enqueueing("defer", "defer_async", keyword_only=True),
    "streaQ": Enqueueing(awaited="enqueue"),
    "Django tasks": Enqueueing("enqueue", "aenqueue"),
    "Ray": Enqueueing("remote"),
    "Modal": Enqueueing("spawn"),
}
"""How a task is handed over, by the name of the queue that its decorator makes it a task of."""


def enqueue_queue_task(site: Site) -> Fix | None:
    """BG414: `add_task(task, x)` becomes the queue's own form, `task.delay(x)`."""
    return _enqueued(site, "safe")


def enqueue_heavy_task(site: Site) -> Fix | None:
    """BG1xx: the same where the heavy target already is a task of the project's queue."""
    return _enqueued(site, "unsafe")


def _enqueued(site: Site, applicability: Applicability) -> Fix | None:
    registration = site.registration
    if registration is None or registration.helper is not None or registration.form.takes != "callable":
        return None
    target, call = registration.target, registration.call
    if not isinstance(target, ast.Name | ast.Attribute):
        return None
    form = _enqueueing(site, registration)
    if form is None or (form.keyword_only and any(argument is not target for argument in call.args)):
        return None
    if is_statement(site, call):
        if form.awaited and isinstance(site.function(call), ast.AsyncFunctionDef):
            return _called_itself(site, registration, form.awaited, applicability, awaited=True)
        if form.plain:
            return _called_itself(site, registration, form.plain, applicability)
    if registration.awaited:  # BG412 comes first
        return None
    method = form.plain or form.awaited
    end = site.text.end(target)
    message = f"Hand over `{site.text.of(target)}.{method}`"
    return fix(applicability, message, site.text.edit(end, end, f".{method}"))


def _enqueueing(site: Site, registration: Registration) -> Enqueueing | None:
    """How all that the target can be is handed to its queue; None where that differs or is not known."""
    found = {
        queue_task(site.program, value) if isinstance(value, FunctionValue) else None for value in registration.meanings
    }
    return ENQUEUEING.get(next(iter(found)) or "") if len(found) == 1 else None


def _called_itself(
    site: Site, registration: Registration, method: str, applicability: Applicability, *, awaited: bool = False
) -> Fix | None:
    """The fix that calls the task's method with the arguments behind the task, in place of the registering call."""
    call, target = registration.call, registration.target
    if target is None or not _comes_first(call, target):
        return None

    def enqueued(old: cst.Call) -> cst.BaseExpression:
        made = called_instead(old, method)
        return cst.Await(made) if awaited else made

    message = f"Enqueue it: `{'await ' * awaited}{site.text.of(target)}.{method}(…)`"
    return fix(applicability, message, rewritten(site, call, cst.Call, enqueued))


def _comes_first(call: ast.Call, target: ast.expr) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return given[0] is target
