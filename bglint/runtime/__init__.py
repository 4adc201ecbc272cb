"""Background tasks that are measured as they run: the task API that agrees with the linter.

Importing this needs no framework and no job queue, and imports none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bglint.runtime.draining import Drained, drain
from bglint.runtime.limits import TaskTimeout
from bglint.runtime.options import task_options
from bglint.runtime.report import Outcome, Place, SlowTaskWarning, TaskReport, subscribe
from bglint.runtime.tasks import BackgroundTasks
from bglint.runtime.watching import Watch, watch

if TYPE_CHECKING:
    from bglint.runtime.injection import background_tasks
else:

    def __getattr__(name: str) -> Any:
        if name == "background_tasks":  # its signature needs FastAPI, which only those who use it have to have
            from bglint.runtime.injection import background_tasks  # noqa: PLC0415

            return background_tasks
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "BackgroundTasks",
    "Drained",
    "Outcome",
    "Place",
    "SlowTaskWarning",
    "TaskReport",
    "TaskTimeout",
    "Watch",
    "background_tasks",
    "drain",
    "subscribe",
    "task_options",
    "watch",
]
