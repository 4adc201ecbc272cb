"""What a watch was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bglint.runtime.clock import Clock
    from bglint.runtime.report import Listener


@dataclass(frozen=True, slots=True, eq=False)
class WatchSettings:
    """The settings of one watch; two are never the same one."""

    slow_task_ms: float | None
    timeout: float | None
    isolate: bool
    on_report: Listener | None
    clock: Clock
