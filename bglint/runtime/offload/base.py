"""What every way of running a task elsewhere has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from bglint.contract import is_async_callable
from bglint.runtime.options import name_of
from bglint.runtime.report import Outcome, Place, logger
from bglint.runtime.running import run_in_worker, run_on_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bglint.runtime.clock import Clock
    from bglint.runtime.limits import Named
    from bglint.runtime.measure import Usage


class OffloadError(ValueError):
    """A task cannot be run elsewhere: it cannot be found by its name there, or its arguments cannot get there."""


class Handover(ABC):
    """One task that is ready to be handed over."""

    place: ClassVar[Place]
    outcome: ClassVar[Outcome]

    @abstractmethod
    async def run(self, usage: Usage, clock: Clock, timeout: float | None, named: Named) -> None:
        """Hand the task over; raises what went wrong, and `TaskTimeout` after `timeout` seconds."""


class Offload(ABC):
    """Runs tasks elsewhere: in other processes of this machine, or through a job queue."""

    def register(self, function: Callable[..., Any]) -> None:  # noqa: B027  most need not know beforehand
        """Make `function` known where it will run; called as `@task_options(offload=…)` decorates it."""

    def name_of(self, function: Callable[..., Any]) -> str:
        """Return the name that a task of `function` has when it is given none."""
        return name_of(function)

    @abstractmethod
    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Check that the call can be made elsewhere, and get it ready; raises `OffloadError` where it cannot."""


class Enqueueing(Handover):
    """Puts a task on a job queue by `enqueue`, a sync or async function of no arguments, and is done then."""

    place = Place.QUEUE
    outcome = Outcome.OFFLOADED

    def __init__(self, enqueue: Callable[[], Any]) -> None:
        self._enqueue = enqueue

    async def run(self, usage: Usage, clock: Clock, timeout: float | None, named: Named) -> None:
        """Call `enqueue`, in a worker thread where it is sync: it waits for the network then."""
        if is_async_callable(self._enqueue):
            await run_on_loop(self._enqueue, usage, clock, timeout, named)
        else:
            await run_in_worker(
                self._enqueue, usage, clock, timeout, named, on_late_end=lambda error: _say_late(named, error)
            )


def _say_late(named: Named, error: BaseException | None) -> None:
    what = "has been put on its queue after all" if error is None else f"could not be put on its queue: {error!r}"
    logger.warning("Background task '%s', which had timed out, %s", named.name, what)
