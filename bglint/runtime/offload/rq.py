"""`Rq`: hands tasks to an RQ queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import dotted_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import rq


class Rq(Offload):
    """Hands functions to `queue`; a worker imports them by their name."""

    def __init__(self, queue: rq.Queue) -> None:
        self._queue = queue

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the function by its name, and serialize the arguments as the queue will."""
        name = dotted_name(function)
        arguments = dict(kwargs)
        try:
            self._queue.serializer.dumps((name, None, args, arguments))
        except Exception as error:
            raise OffloadError(f"The arguments of {name!r} cannot be sent to RQ: {error}") from error
        return Enqueueing(lambda: self._queue.enqueue_call(name, args=args, kwargs=arguments))
