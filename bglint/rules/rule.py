"""What a rule is, what it may ask, and what it answers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence, Diagnostic, Fix, Severity, Span, Step

if TYPE_CHECKING:
    from bglint.contract import JobQueue
    from bglint.effects.model import Effect, Hop
    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.reach import Reach
    from bglint.registrations.registration import Registration
    from bglint.settings import Settings
    from bglint.verdict import Judgement


@dataclass(frozen=True, slots=True, eq=False)
class ModuleCase:
    """A module with its registrations, before rules that look at more than one of them."""

    module: Module
    program: Program
    settings: Settings
    registrations: tuple[Registration, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One judged registration, before the rules.

    `reach` has the bodies that run for its target, `siblings` are the registrations of the same module.
    """

    registration: Registration
    judgement: Judgement
    program: Program
    reach: Reach
    settings: Settings
    queue: JobQueue | None
    siblings: tuple[Registration, ...] = ()

    @property
    def target(self) -> str:
        """The target as a message names it."""
        return shortened(self.registration.target_text)

    @property
    def argument_texts(self) -> list[str]:
        """The arguments that go to the target, as written."""
        call, form = self.registration.call, self.registration.form
        skipped = 0 if form.argument is None else form.argument + 1
        given = [ast.unparse(each) for each in call.args[skipped:]]
        named = [f"{k.arg}={ast.unparse(k.value)}" if k.arg else f"**{ast.unparse(k.value)}" for k in call.keywords]
        return given + named


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of a case; the engine makes a diagnostic of it.

    `effect` gives the trace, the category and the ceiling of the confidence; `span` where it is not the registration.
    """

    message: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    effect: Effect | None = None
    category: str | None = None
    help: str | None = None
    fix: Fix | None = None
    span: Span | None = None
    trace: tuple[Hop, ...] = ()


Check = Callable[[Case], Iterable[Finding]]
ModuleCheck = Callable[[ModuleCase], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `documentation` is Markdown, the module docstring of the rule's file."""

    code: str
    name: str
    documentation: str
    check: Check | None = None
    check_module: ModuleCheck | None = None
    preview: bool = False
    fixable: str | None = None

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.strip().partition("\n")[0]


def diagnose(rule: Rule, case: Case, finding: Finding) -> Diagnostic:
    """The diagnostic of a finding."""
    effect, registration = finding.effect, case.registration
    sure = min(finding.confidence, registration.confidence)
    if effect is not None:
        sure = min(sure, effect.confidence)
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        message=finding.message,
        span=finding.span or registration.span,
        severity=finding.severity,
        confidence=sure,
        category=finding.category or (effect.category if effect is not None else None),
        target=registration.target_text,
        verdict=case.judgement.verdict,
        trace=steps(effect.trace if effect is not None else finding.trace, effect),
        help=finding.help,
        fix=finding.fix,
    )


def diagnose_module(rule: Rule, finding: Finding) -> Diagnostic:
    """The diagnostic of a finding that belongs to a module."""
    assert finding.span is not None, f"{rule.code} gives no place"
    return Diagnostic(
        code=rule.code,
        name=rule.name,
        message=finding.message,
        span=finding.span,
        severity=finding.severity,
        confidence=finding.confidence,
        category=finding.category,
        trace=steps(finding.trace, None),
        help=finding.help,
        fix=finding.fix,
    )


def steps(trace: Iterable[Hop], effect: Effect | None) -> tuple[Step, ...]:
    """A trace as users see it; the last step says what the effect is."""
    hops = list(trace)
    found = []
    for index, hop in enumerate(hops):
        detail = hop.detail
        if effect is not None and index == len(hops) - 1:
            detail = ", ".join(
                filter(None, (_kind(effect), f"category {effect.category}" if effect.category else "", detail))
            )
        found.append(Step(hop.symbol, hop.module.path, hop.module.source.position(hop.row, hop.column), detail))
    return tuple(found)


def _kind(effect: Effect) -> str:
    words = {
        "cpu": "CPU", "blocking": "blocks its thread", "slow-io": "waits", "enqueue": "enqueues",
        "offload": "runs in another process", "endless": "",
    }  # fmt: skip
    if effect.program is not None:
        return f"runs {effect.program}"
    return words.get(effect.kind, effect.kind)


def chain(effect: Effect) -> str:
    """A trace on one line."""
    return " → ".join(hop.symbol for hop in effect.trace)


def shortened(text: str, width: int = 60) -> str:
    """A text that fits a message."""
    return text if len(text) <= width else text[: width - 1] + "…"
