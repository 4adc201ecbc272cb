"""Fixes: for each rule that has one, a function that builds the edits; and the machine that applies them.

A builder gives None where the edit would not be clear; a finding then stays without a fix.
"""

from __future__ import annotations

from dataclasses import replace
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Final

from bglint import profiling
from bglint.effects.queues import queue_task
from bglint.fixes.site import RegistrationCase, Site
from bglint.program.values import FunctionValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bglint.diagnostics import Diagnostic, Fix, Span
    from bglint.fixes.site import ModuleCase
    from bglint.registrations.registration import Registration

_HEAVY_CODES: Final = (*(f"BG1{number:02}" for number in range(1, 13)), "BG201")

BUILDERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_HEAVY_CODES, "queues:enqueue_heavy_task"),
    "BG401": "calls:hand_over_uncalled",
    "BG403": "calls:consume_generator",
    "BG404": "attaching:attach",
    "BG406": "calls:bind_early",
    "BG407": "attaching:add_to_injected",
    "BG408": "returning:return_instead",
    "BG409": "sockets:await_instead",
    "BG410": "calls:hand_over_coroutine_function",
    "BG411": "calls:leave_out_loop_call",
    "BG412": "injection:drop_await",
    "BG413": "injection:inject_plainly",
    "BG414": "queues:enqueue_queue_task",
}
"""What builds the fix of a rule's findings, by code: module and function of this package.

They are named and not imported, as they import libcst, which takes longer than linting a small application.
"""


@profiling.stage("fixes")
def with_fix(diagnostic: Diagnostic, case: RegistrationCase | ModuleCase) -> Diagnostic:
    """Return a finding with the fix that can be built for it; one that brings its own keeps it."""
    if diagnostic.fix is not None or diagnostic.code not in BUILDERS:
        return diagnostic
    return replace(diagnostic, fix=fix_for(diagnostic.code, case, diagnostic.span))


def fix_for(code: str, case: RegistrationCase | ModuleCase, span: Span | None = None) -> Fix | None:
    """Return the fix of a finding of the rule `code` that lies at `span`, by default at its registration."""
    site = _site(case, span)
    if site is None or code not in BUILDERS or (code in _HEAVY_CODES and not _is_of_queue(site)):
        return None
    build: Callable[[Site], Fix | None] = resolve_name(f"{__name__}.{BUILDERS[code]}")
    return build(site)


def _is_of_queue(site: Site) -> bool:
    """Whether what is handed over is a task of a job queue."""
    meanings = site.registration.meanings if site.registration is not None else ()
    return any(isinstance(value, FunctionValue) and queue_task(site.program, value) for value in meanings)


def _site(case: RegistrationCase | ModuleCase, span: Span | None) -> Site | None:
    if isinstance(case, RegistrationCase):
        registration: Registration | None = case.registration
        module, siblings = case.registration.module, case.siblings
    else:
        registration = next((each for each in case.registrations if each.span == span), None)
        module, siblings = case.module, case.registrations
    at = span or (registration.span if registration is not None else None)
    if at is None or at.filename != module.path:
        return None
    return Site(case.program, module, at, registration, siblings)
