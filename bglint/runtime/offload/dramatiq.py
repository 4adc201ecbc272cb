"""`Dramatiq`: hands tasks to a Dramatiq broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import check_worker_finds
from bglint.runtime.options import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import dramatiq


class Dramatiq(Offload):
    """Hands tasks to `broker`: an actor, or a function that is one, by `@task_options(offload=…)` if need be."""

    def __init__(self, broker: dramatiq.Broker) -> None:
        self._broker = broker

    def register(self, function: Callable[..., Any]) -> None:
        """Make an actor of `function`; the worker that imports its module has it then."""
        from dramatiq import actor  # noqa: PLC0415  optional

        actor(actor_name=f"{function.__module__}.{function.__qualname__}", broker=self._broker)(function)

    def name_of(self, function: Callable[..., Any]) -> str:
        """Return the function's name, an actor's as well."""
        return name_of(getattr(function, "fn", function))

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the actor, and encode the message."""
        found = [actor for actor in self._broker.actors.values() if function in (actor, actor.fn)]
        if not found:
            raise OffloadError(
                f"{self.name_of(function)!r} is no actor of this Dramatiq broker: decorate it with @dramatiq.actor, "
                "or with @task_options(offload=Dramatiq(broker)), in a module that the worker imports"
            )
        if function is not found[0]:
            check_worker_finds(function)
        message = found[0].message_with_options(args=args, kwargs=dict(kwargs))
        try:
            message.encode()
        except Exception as error:
            raise OffloadError(
                f"The arguments of {self.name_of(function)!r} cannot be sent to Dramatiq: {error}"
            ) from error
        return Enqueueing(lambda: self._broker.enqueue(message))
