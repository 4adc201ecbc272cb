"""The dependency that injects `BackgroundTasks` into FastAPI's endpoints; imports FastAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fastapi  # noqa: TC002  FastAPI evaluates the annotation below

from bglint.contract import DEFAULT_SLOW_TASK_MS, DEFAULT_TIMEOUT_S
from bglint.runtime.tasks import BackgroundTasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.runtime.report import Listener


def background_tasks_with(
    *,
    slow_task_ms: float | None = DEFAULT_SLOW_TASK_MS,
    timeout: float | None = DEFAULT_TIMEOUT_S,
    on_report: Listener | None = None,
) -> Callable[[fastapi.BackgroundTasks], BackgroundTasks]:
    """Make a dependency like `background_tasks` whose tasks have these options for defaults."""

    def background_tasks(injected: fastapi.BackgroundTasks) -> BackgroundTasks:
        """Return the request's `BackgroundTasks`, attached to the response by FastAPI's own."""
        tasks = BackgroundTasks(slow_task_ms=slow_task_ms, timeout=timeout, on_report=on_report)
        injected.add_task(tasks)
        return tasks

    return background_tasks


background_tasks = background_tasks_with()
