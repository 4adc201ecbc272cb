"""Makes the frameworks keep the tasks that are registered instead of running them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib import import_module
from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CoroutineType, FrameType


@dataclass(slots=True)
class Kept:
    """A task that an endpoint registered, and the line that did; `options` are those of `with_options`.

    `through` are the lines that called for it, the nearest first: where a helper registers what it is given, the task
    is known by the line that gave it, too. A coroutine that was handed over `runs_once`.
    """

    filename: str
    row: int
    through: list[tuple[str, int]]
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    runs_once: bool = False

    def is_same(self, other: Kept) -> bool:
        """Tell whether both call the same with the same arguments; what cannot be compared is not the same."""
        try:
            return bool(self._call == other._call)
        except Exception:  # arrays and data frames have no single answer
            return False

    @property
    def _call(self) -> tuple[object, ...]:
        types = [type(each) for each in (*self.args, *self.kwargs.values())]  # 1 == True == 1.0
        return self.function, types, self.args, self.kwargs, self.options


class Keeping:
    """The tasks that were registered so far."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self._undo: list[Callable[[], None]] = []

    def begin(self, frameworks: list[str]) -> None:
        """Let these frameworks keep their tasks."""
        for name in frameworks:
            _KEEPERS[name](self)

    def declared(self, registrations: dict[str, int]) -> None:
        """Keep what is handed to these callables, `module:qualified.name`, at the position that is given."""
        for place, position in registrations.items():
            module, _, name = place.partition(":")
            owner: Any = import_module(module)
            *path, attribute = name.split(".")
            for each in path:
                owner = getattr(owner, each)
            skipped = position + bool(path)  # a method's first argument is its object

            def keep(*args: Any, _at: int = skipped) -> None:
                self.keep(*args[_at:])

            self.replace(owner, attribute, keep)

    def end(self) -> None:
        """Let everything be as it was."""
        for undo in reversed(self._undo):
            undo()

    def keep(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Keep a task that a framework of others would have run here."""
        self.add(function, args, kwargs, {"offload": None})

    def keep_coroutine(self, coroutine: CoroutineType[Any, Any, Any]) -> None:
        """Keep a coroutine that a framework would have run here."""

        async def run() -> None:
            await coroutine

        run.__qualname__ = coroutine.__qualname__
        self.add(run, (), {}, {"offload": None})
        self.kept[-1].runs_once = True

    def add(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], options: dict[str, Any]
    ) -> None:
        lines = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if not _is_machinery(frame.f_code.co_filename):
                lines.append((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back
        (filename, row), *through = lines
        self.kept.append(Kept(filename, row, through, function, args, kwargs, options))

    def replace(self, owner: Any, attribute: str, replacement: Any) -> Any:
        """Put `replacement` in the place of an attribute, until the end, and return what was there."""
        original = getattr(owner, attribute)
        setattr(owner, attribute, replacement)
        self._undo.append(lambda: setattr(owner, attribute, original))
        return original

    def construction_of(self, cls: type, parameter: str = "func") -> None:
        """Keep what is handed to a class that stands for one task; the object then does nothing."""

        def construct(task: Any, *args: Any, **kwargs: Any) -> None:
            function = args[0] if args else kwargs.pop(parameter)
            self.keep(function, *args[1:], **kwargs)
            original(task, nothing)

        original = self.replace(cls, "__init__", construct)

    def method(self, owner: type, name: str) -> None:
        """Keep what is handed to a method."""

        def keep(_self: object, function: Any, *args: Any, **kwargs: Any) -> None:
            self.keep(function, *args, **kwargs)

        self.replace(owner, name, keep)


async def nothing() -> None:
    """Stand in for a task that was kept."""


def _is_machinery(filename: str) -> bool:
    return "/site-packages/" in filename or filename == __file__ or filename.endswith("/bglint/runtime/tasks.py")


def _starlette(keeping: Keeping) -> None:
    from starlette.background import BackgroundTask, BackgroundTasks

    keeping.method(BackgroundTasks, "add_task")
    keeping.construction_of(BackgroundTask)


def _litestar(keeping: Keeping) -> None:
    from litestar.background_tasks import BackgroundTask

    keeping.construction_of(BackgroundTask, "fn")


def _quart(keeping: Keeping) -> None:
    from quart import Quart

    keeping.method(Quart, "add_background_task")


def _falcon(keeping: Keeping) -> None:
    from falcon.asgi import Response

    keeping.method(Response, "schedule")
    keeping.method(Response, "schedule_sync")


def _lilya(keeping: Keeping) -> None:
    from lilya.background import Task

    keeping.construction_of(Task)


def _sanic(keeping: Keeping) -> None:
    from sanic import Sanic

    def add_task(app: Sanic[Any, Any], task: Any, **_: Any) -> None:
        if iscoroutine(task):
            keeping.keep_coroutine(task)
        else:
            keeping.keep(task, app)

    keeping.replace(Sanic, "add_task", add_task)


def _aiojobs(keeping: Keeping) -> None:
    from aiojobs import Scheduler

    async def spawn(_scheduler: object, coroutine: Any, *_: object) -> None:
        keeping.keep_coroutine(coroutine)

    keeping.replace(Scheduler, "spawn", spawn)


def _asgi_background(keeping: Keeping) -> None:
    from asgi_background import BackgroundTasks

    async def add_task(_tasks: object, function: Any, *args: Any, **kwargs: Any) -> None:
        keeping.keep(function, *args, **kwargs)

    keeping.replace(BackgroundTasks, "add_task", add_task)


def _bglint(keeping: Keeping) -> None:
    from bglint.runtime import BackgroundTasks

    def add(_tasks: object, given: Any, function: Any, args: Any, kwargs: Any) -> None:
        keeping.add(function, args, kwargs, dict(given or {}))

    keeping.replace(BackgroundTasks, "_add", add)


_KEEPERS: Final = {
    "aiojobs": _aiojobs,
    "asgi_background": _asgi_background,
    "bglint": _bglint,
    "falcon": _falcon,
    "lilya": _lilya,
    "litestar": _litestar,
    "quart": _quart,
    "sanic": _sanic,
    "starlette": _starlette,
}
