"""The verdicts as people see them: in which order, in which colour, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """How a verdict is shown: a style of the pen, and a sentence on what it means."""

    style: str
    meaning: str


VERDICTS: Final[Mapping[str, ShownVerdict]] = {
    "cpu-async": ShownVerdict(
        "error", "CPU-bound work in an `async` task: it stops the event loop, and with it every request."
    ),
    "blocking-async": ShownVerdict(
        "error", "An `async` task that waits without giving the event loop back: every request waits with it."
    ),
    "cpu": ShownVerdict(
        "warning", "CPU-bound work in a plain function: it holds a worker thread, and the GIL or a core."
    ),
    "slow-io": ShownVerdict("warning", "Seconds of waiting that block nobody, but are lost when the process stops."),
    "unknown": ShownVerdict("faint", "Part of it could not be read, and nothing was found in the rest."),
    "offloaded": ShownVerdict("good", "The heavy part runs in another process, or in a thread that it was given to."),
    "enqueue": ShownVerdict("good", "The work is handed to a job queue."),
    "light": ShownVerdict("good", "All of it could be read, and nothing heavy or slow was found."),
}
"""The heaviest first."""


def style_of(verdict: str) -> str:
    """Return the style of a verdict."""
    return VERDICTS[verdict].style if verdict in VERDICTS else "strong"


def rank_of(verdict: str) -> int:
    """Return where a verdict stands in their order; one that is not known comes first."""
    return [*VERDICTS].index(verdict) if verdict in VERDICTS else -1
