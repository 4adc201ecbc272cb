"""Boundaries: calls that run a callable elsewhere, or run it here for the one who calls them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bglint.effects.model import Where


@dataclass(frozen=True, slots=True)
class Boundary:
    """A call that runs the callable it is handed: which argument, and where."""

    where: Where
    argument: int | None
    keyword: str | None = None
    many: bool = False


_PLACES: dict[str, Boundary] = {
    "asyncio.to_thread": Boundary("thread", 0, "func"),
    "starlette.concurrency.run_in_threadpool": Boundary("thread", 0, "func"),
    "fastapi.concurrency.run_in_threadpool": Boundary("thread", 0, "func"),
    "anyio.to_thread.run_sync": Boundary("thread", 0, "func"),
    "anyio.to_process.run_sync": Boundary("process", 0, "func"),
    "anyio.to_interpreter.run_sync": Boundary("process", 0, "func"),
    "trio.to_thread.run_sync": Boundary("thread", 0),
    "asyncio.AbstractEventLoop.run_in_executor": Boundary("thread", 1, "func"),
    "concurrent.futures.ThreadPoolExecutor.submit": Boundary("thread", 0),
    "concurrent.futures.ThreadPoolExecutor.map": Boundary("thread", 0, many=True),
    "concurrent.futures.Executor.submit": Boundary("thread", 0),
    "concurrent.futures.Executor.map": Boundary("thread", 0, many=True),
    "concurrent.futures.ProcessPoolExecutor.submit": Boundary("process", 0),
    "concurrent.futures.ProcessPoolExecutor.map": Boundary("process", 0),
    "concurrent.futures.thread.ThreadPoolExecutor.submit": Boundary("thread", 0),
    "concurrent.futures.process.ProcessPoolExecutor.submit": Boundary("process", 0),
    "threading.Thread": Boundary("thread", 1, "target"),
    "threading.Timer": Boundary("thread", 1, "function"),
    "_thread.start_new_thread": Boundary("thread", 0),
    "multiprocessing.Process": Boundary("process", 1, "target"),
    "multiprocessing.context.Process": Boundary("process", 1, "target"),
    "litestar.concurrency.sync_to_thread": Boundary("thread", 0, "fn"),
    "quart.utils.run_sync": Boundary("thread", 0),
    "asgiref.sync.sync_to_async": Boundary("thread", 0),
    "asyncer.asyncify": Boundary("thread", 0),
    "starlette.concurrency.iterate_in_threadpool": Boundary("thread", 0),
    "functools.reduce": Boundary("here", 0, many=True),
    "builtins.map": Boundary("here", 0, many=True),
    "builtins.filter": Boundary("here", 0, many=True),
    "itertools.starmap": Boundary("here", 0, many=True),
    "contextvars.Context.run": Boundary("here", 0),
    "contextvars.copy_context().run": Boundary("here", 0),
    "asyncio.AbstractEventLoop.call_soon": Boundary("here", 0),
    "asyncio.AbstractEventLoop.call_later": Boundary("here", 1),
    "asyncio.AbstractEventLoop.call_soon_threadsafe": Boundary("here", 0),
    "anyio.abc.TaskGroup.start_soon": Boundary("here", 0),
    "anyio.create_task_group().start_soon": Boundary("here", 0),
    "anyio.run": Boundary("here", 0),
    "anyio.from_thread.run": Boundary("here", 0),
    "anyio.from_thread.run_sync": Boundary("here", 0),
    "pandas.DataFrame.apply": Boundary("here", 0, "func", many=True),
    "pandas.Series.apply": Boundary("here", 0, "func", many=True),
    "pandas.Series.map": Boundary("here", 0, many=True),
    "pandas.DataFrame.map": Boundary("here", 0, many=True),
    "tenacity.Retrying()": Boundary("here", 0),
    "tenacity.Retrying.__call__": Boundary("here", 0),
    "tenacity.AsyncRetrying.__call__": Boundary("here", 0),
}
_POOLS = re.compile(
    r"(multiprocessing|billiard|torch\.multiprocessing)\.(pool\.)?(Pool|get_context\(\)\.Pool\(\)|Pool\(\))\."
    r"(map|imap|imap_unordered|starmap|apply|apply_async|map_async|starmap_async)"
)


@cache
def boundary(name: str) -> Boundary | None:
    """What a library call does with the callable it is handed; None where it takes none that is known."""
    found = _PLACES.get(name)
    if found is None and _POOLS.fullmatch(name):
        return Boundary("process", 0, "func")
    return found


def runs_in_processes(executor: str) -> bool:
    """Whether an executor's class runs what it gets in other processes."""
    return executor.endswith("ProcessPoolExecutor")


def goes_on_by_itself(name: str) -> bool:
    """Whether nobody waits for what a call runs, unless it is joined."""
    return name in {"threading.Thread", "threading.Timer", "_thread.start_new_thread"}
