"""`Arq`: hands tasks to ARQ."""

from __future__ import annotations

import asyncio
import functools
import pickle
from typing import TYPE_CHECKING, Any, Final

from bglint.contract import is_async_callable
from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import dotted_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from arq.connections import ArqRedis
    from arq.worker import Function

_TAKEN_BY_ARQ: Final = {"function", "_job_id", "_queue_name", "_defer_until", "_defer_by", "_expires", "_job_try"}


class Arq(Offload):
    """Hands functions to the pool that `arq.create_pool` made, or that a function given instead returns.

    A job is called as ARQ calls it by default, by the function's qualified name. The worker's `functions` hold either
    ARQ's own functions of these names, or `Arq.functions(…)` of the very functions that are handed over.
    """

    def __init__(self, pool: ArqRedis | Callable[[], ArqRedis]) -> None:
        self._pool = pool

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the function by its name, and serialize the arguments as the pool will."""
        dotted_name(function)
        name = function.__qualname__
        pool = self._pool() if callable(self._pool) else self._pool
        taken = _TAKEN_BY_ARQ & kwargs.keys()
        if taken:
            raise OffloadError(f"ARQ keeps these arguments of {name!r} to itself: {', '.join(sorted(taken))}")
        try:
            (pool.job_serializer or pickle.dumps)({"f": name, "a": args, "k": dict(kwargs)})
        except Exception as error:
            raise OffloadError(f"The arguments of {name!r} cannot be sent to ARQ: {error}") from error

        async def enqueue() -> None:
            await pool.enqueue_job(name, *args, **kwargs)

        return Enqueueing(enqueue)

    @staticmethod
    def functions(*functions: Callable[..., Any]) -> list[Function]:
        """Return what the `functions` of a worker's settings need to run these: without ARQ's `ctx`, sync or async."""
        from arq.worker import func  # noqa: PLC0415  optional

        return [func(_with_context(function), name=function.__qualname__) for function in functions]


def _with_context(function: Callable[..., Any]) -> Any:
    @functools.wraps(function)
    async def run(_ctx: object, *args: Any, **kwargs: Any) -> Any:
        if is_async_callable(function):
            return await function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)

    return run
