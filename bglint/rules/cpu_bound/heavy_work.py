"""What the BG1xx rules share: the check for one category of CPU-bound work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.advice import instead
from bglint.rules.rule import Case, Check, Finding, chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.diagnostics import Severity
    from bglint.effects.model import Effect

OWN_CATEGORIES = frozenset(
    {"image", "video", "pdf", "data", "loop", "audio", "ocr", "document", "ml", "compression", "crypto", "plot"}
)
"""Categories that have a rule of their own; the others are BG112's."""


def heavy_work(categories: frozenset[str], work: str) -> Check:
    """A check that fires when the heaviest CPU-bound work of a task is of one of the categories."""

    def check(case: Case) -> Iterator[Finding]:
        effect = case.judgement.cpu()
        if effect is None or not _matches(effect, categories):
            return
        severity, consequence = _weight(case, effect)
        yield Finding(
            f"background task `{case.target}` is CPU-bound {work} and {consequence} ({chain(effect)})",
            severity,
            effect=effect,
            help=instead(case.queue, case.registration.target_text, case.argument_texts),
        )

    return check


def _matches(effect: Effect, categories: frozenset[str]) -> bool:
    if not categories:
        return effect.category not in OWN_CATEGORIES
    return effect.category in categories


def _weight(case: Case, effect: Effect) -> tuple[Severity, str]:
    """Severity, and what the work does to the application."""
    if case.judgement.is_async:
        return "error", "stops the event loop"
    if effect.gil_ms >= case.judgement.threshold_ms:
        return "error", "keeps the GIL in one long call, so that its thread stops the event loop too"
    return "warning", "competes with every request for the CPU"
