"""How Litestar runs a background task."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.background_tasks import BackgroundTask
from litestar.utils.sync import AsyncCallable

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
    if isinstance(task.fn, own.BackgroundTasks):
        await call(task)
        return
    started = Usage(settings.clock.wall_ns())
    if isinstance(task.fn, AsyncCallable):
        watched = WatchedTask(task.fn.func, Place.WORKER_THREAD, settings, started)
        timed_task = copy.copy(task)
        timed_task.fn = AsyncCallable(watched.timed(task.fn.func))
        await watched.run(call(timed_task))
    else:
        await WatchedTask(task.fn, Place.EVENT_LOOP, settings, started).run(call(task))


FRAMEWORK = Framework(Litestar, BackgroundTask, _call_watched)
