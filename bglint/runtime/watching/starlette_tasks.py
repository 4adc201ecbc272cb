"""How Starlette, and FastAPI on top of it, run a background task."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks

from bglint.runtime import tasks as own
from bglint.runtime.measure import Usage
from bglint.runtime.report import Place
from bglint.runtime.watching.patches import Framework
from bglint.runtime.watching.watched import WatchedTask

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from bglint.runtime.watching.settings import WatchSettings


async def _call_watched(
    call: Callable[[Any], Coroutine[Any, Any, None]], task: BackgroundTask, settings: WatchSettings
) -> None:
    if isinstance(task, BackgroundTasks) or isinstance(task.func, own.BackgroundTasks | BackgroundTasks):
        await call(task)
        return

    place = Place.EVENT_LOOP if task.is_async else Place.WORKER_THREAD
    watched = WatchedTask(task.func, place, settings, Usage(settings.clock.wall_ns()))
    if not task.is_async:
        task = copy.copy(task)
        task.func = watched.timed(task.func)
    await watched.run(call(task))


FRAMEWORK = Framework(Starlette, BackgroundTask, _call_watched)
