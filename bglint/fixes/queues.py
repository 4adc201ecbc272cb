"""Fixes that hand a job queue's task to its queue, instead of running it in this process."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bglint.effects.queues import queue_task
from bglint.fixes.site import fix, is_statement
from bglint.program.values import FunctionValue

if TYPE_CHECKING:
    from bglint.diagnostics import Applicability, Edit, Fix
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
    task = site.text.of(target)
    alone = is_statement(site, call)
    if alone and form.awaited and isinstance(site.function(call), ast.AsyncFunctionDef):
        return _called_itself(site, registration, f"await {task}.{form.awaited}", applicability)
    if alone and form.plain:
        return _called_itself(site, registration, f"{task}.{form.plain}", applicability)
    if registration.awaited:  # BG412 comes first
        return None
    method = form.plain or form.awaited
    end = site.text.end(target)
    return fix(applicability, f"Hand over `{task}.{method}`", site.text.edit(end, end, f".{method}"))


def _enqueueing(site: Site, registration: Registration) -> Enqueueing | None:
    """How all that the target can be is handed to its queue; None where that differs or is not known."""
    found = {
        queue_task(site.program, value) if isinstance(value, FunctionValue) else None for value in registration.meanings
    }
    return ENQUEUEING.get(next(iter(found)) or "") if len(found) == 1 else None


def _called_itself(site: Site, registration: Registration, callee: str, applicability: Applicability) -> Fix | None:
    """The fix that calls `callee` with the arguments behind the target, in place of the registering call."""
    text, call = site.text, registration.call
    start, end = text.start(call.func), text.end(call.func)
    if "#" in text.text[start : text.opening(call)]:
        return None
    message = f"Enqueue it: `{callee}(…)`"
    return fix(applicability, message, text.edit(start, end, callee), _without_target(site, registration))


def _without_target(site: Site, registration: Registration) -> Edit | None:
    """The edit that takes the target out of the arguments; None where a comment would go, or it is not the first."""
    text, call, target = site.text, registration.call, registration.target
    assert target is not None
    low = text.opening(call) + 1
    start, end = text.outer(target, low)
    keyword = next((each for each in call.keywords if each.value is target), None)
    if keyword is not None:
        start = text.start(keyword)
    if text.skip(low) != start:
        return None
    behind = text.skip(end)
    if text.text[behind] == ",":
        behind = text.skip(behind + 1)
    alone = len(call.args) + len(call.keywords) == 1
    if alone:
        start, behind = low, text.closing(call)
    return None if "#" in text.text[start:behind] else text.edit(start, behind, "")
