"""The two clocks that a measurement reads."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the runtime reads the time, so that a test can bring its own.

    Both functions return nanoseconds: `wall_ns` since any fixed moment, never going back; `cpu_ns` the CPU time
    that the calling thread has used.
    """

    wall_ns: Callable[[], int] = time.perf_counter_ns
    cpu_ns: Callable[[], int] = time.thread_time_ns


SYSTEM_CLOCK = Clock()
