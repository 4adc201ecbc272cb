"""`Taskiq`: hands tasks to a Taskiq broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import check_worker_finds
from bglint.runtime.options import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from taskiq import AsyncBroker


class Taskiq(Offload):
    """Hands tasks to `broker`, which must be started: a task that `@broker.task` made, or a function registered by it.

    `@task_options(offload=…)` registers its function.
    """

    def __init__(self, broker: AsyncBroker) -> None:
        self._broker = broker

    def register(self, function: Callable[..., Any]) -> None:
        """Make a Taskiq task of `function`; the worker that imports its module has it then."""
        name, qualname = function.__name__, function.__qualname__
        self._broker.task(task_name=f"{function.__module__}:{qualname}")(function)
        # Taskiq renames what it decorates, since its task takes the name over; here the function keeps its place.
        function.__name__, function.__qualname__ = name, qualname

    def name_of(self, function: Callable[..., Any]) -> str:
        """Return the function's name, as it was before its task took it over."""
        return name_of(function).removesuffix("__taskiq_original")

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the task, and format the message as the broker will."""
        from taskiq import TaskiqMessage  # noqa: PLC0415  optional

        tasks = self._broker.get_all_tasks().values()
        task = next((task for task in tasks if function in (task, task.original_func)), None)
        if task is None:
            raise OffloadError(
                f"{self.name_of(function)!r} is no task of this Taskiq broker: decorate it with @broker.task, "
                "or with @task_options(offload=Taskiq(broker)), in a module that the worker imports"
            )
        if function is not task:
            check_worker_finds(function)
        try:
            self._broker.formatter.dumps(
                TaskiqMessage(task_id="", task_name=task.task_name, labels={}, args=list(args), kwargs=dict(kwargs))
            )
        except Exception as error:
            raise OffloadError(
                f"The arguments of {self.name_of(function)!r} cannot be sent to Taskiq: {error}"
            ) from error

        async def enqueue() -> None:
            await task.kiq(*args, **kwargs)

        return Enqueueing(enqueue)
