"""`Celery`: hands tasks to a Celery application."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from bglint.contract import is_async_callable
from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.names import check_worker_finds
from bglint.runtime.options import name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class CeleryApp(Protocol):
    """What is used of a `celery.Celery`."""

    @property
    def tasks(self) -> Mapping[str, Any]:
        """The registered tasks by name."""

    @property
    def main(self) -> str | None:
        """The name of the module that is taken for the main script's, by which the worker imports it."""

    @property
    def conf(self) -> Any:
        """The configuration."""

    def task(self, *args: Any, **options: Any) -> Any:
        """Register a task."""

    def gen_task_name(self, name: str, module: str) -> str:
        """Return the name that a function's task has by default."""


class Celery(Offload):
    """Hands tasks to `app`: one that `@app.task` made, or a function that `@task_options(offload=…)` registered."""

    def __init__(self, app: CeleryApp) -> None:
        self._app = app

    def register(self, function: Callable[..., Any]) -> None:
        """Make a Celery task of `function`, under Celery's own name for it; the worker that imports it has it then."""
        if is_async_callable(function):
            raise OffloadError(f"{name_of(function)!r} is async, and Celery runs plain functions")
        self._app.task(name=self._name(function))(function)

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Find the task, and serialize the arguments as the application will."""
        task: Any = function if hasattr(function, "apply_async") else self._app.tasks.get(self._name(function))
        if task is None:
            raise OffloadError(
                f"{name_of(function)!r} is no task of this Celery application: decorate it with @app.task, "
                "or with @task_options(offload=Celery(app)), in a module that the worker imports"
            )
        if task is not function:
            check_worker_finds(function, name_of_main_script=self._app.main)
        _check_arguments(name_of(function), args, kwargs, task.serializer or self._app.conf.task_serializer)
        return Enqueueing(lambda: task.apply_async(args, kwargs))

    def _name(self, function: Callable[..., Any]) -> str:
        return self._app.gen_task_name(name_of(function), getattr(function, "__module__", None) or "__main__")


def _check_arguments(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], serializer: str) -> None:
    kombu: Any = import_module("kombu")  # Celery brings it
    try:
        kombu.serialization.dumps((args, kwargs), serializer=serializer)
    except kombu.exceptions.EncodeError as error:
        raise OffloadError(f"The arguments of {name!r} cannot be sent to Celery as {serializer}: {error}") from error
