"""`BullMQ`: hands tasks to a BullMQ queue."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Protocol

from bglint.contract import is_async_callable
from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import dotted_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping


class BullMQQueue(Protocol):
    """What is used of a `bullmq.Queue`."""

    async def add(self, name: str, data: Any, opts: Any = ..., /) -> Any:
        """Add a job."""


class BullMQ(Offload):
    """Hands functions to `queue`, or to the queue that a function given instead returns.

    A job is called by the function's qualified name, and its data are `{"args": [...], "kwargs": {...}}`. The worker's
    processor is `BullMQ.processor(…)` of the functions that are handed over, or any that understands these.
    `job_options` are BullMQ's own, such as `{"attempts": 3}`.
    """

    def __init__(
        self, queue: BullMQQueue | Callable[[], BullMQQueue], *, job_options: Mapping[str, Any] | None = None
    ) -> None:
        self._queue = queue
        self._job_options = dict(job_options or {})

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the function by its name, and the arguments fit for JSON."""
        dotted_name(function)
        name = function.__qualname__
        data = {"args": list(args), "kwargs": dict(kwargs)}
        try:
            json.dumps(data, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise OffloadError(f"The arguments of {name!r} cannot be sent to BullMQ as JSON: {error}") from error

        async def enqueue() -> None:
            queue = self._queue() if callable(self._queue) else self._queue
            await queue.add(name, data, self._job_options)

        return Enqueueing(enqueue)

    @staticmethod
    def processor(*functions: Callable[..., Any]) -> Callable[[Any, str], Awaitable[Any]]:
        """Return the processor of a `bullmq.Worker` that runs these functions, the sync ones in threads.

        A job of another name fails with LookupError.
        """
        by_name = {function.__qualname__: function for function in functions}

        async def process(job: Any, _token: str) -> Any:
            function = by_name.get(job.name)
            if function is None:
                raise LookupError(f"This worker has no function {job.name!r}, only {', '.join(sorted(by_name))}")
            args, kwargs = job.data.get("args", []), job.data.get("kwargs", {})
            if is_async_callable(function):
                return await function(*args, **kwargs)
            return await asyncio.to_thread(function, *args, **kwargs)

        return process
