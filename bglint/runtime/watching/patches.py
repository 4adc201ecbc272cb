"""Puts the watch into a framework's two places, and takes it out again."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from bglint.runtime.watching.settings import WatchSettings

Call = TypeVar("Call", bound="Callable[..., Any]")

_of_this_request: ContextVar[WatchSettings | None] = ContextVar("bglint_watch", default=None)


@dataclass(frozen=True, slots=True)
class _WatchedApp:
    """An application, kept alive so that its id stays its own, and the watches kept on it; not all are hashable."""

    app: object
    watches: list[WatchSettings] = field(default_factory=list)


@dataclass
class Framework:
    """One framework: the class of its applications, that of its tasks, and how a watched task is called.

    The methods are replaced as long as anything is watched. What others put in their place meanwhile is left alone:
    the replacement then calls through.
    """

    application: type
    task: type
    call_watched: Callable[[Callable[[Any], Coroutine[Any, Any, None]], Any, WatchSettings], Awaitable[None]]
    _everywhere: list[WatchSettings] = field(default_factory=list)
    _by_app: dict[int, _WatchedApp] = field(default_factory=dict)
    _undo: list[Callable[[], None]] = field(default_factory=list)

    def owns(self, app: object) -> bool:
        """Whether `app` is one of its applications."""
        return isinstance(app, self.application)

    def begin(self, settings: WatchSettings, app: object | None) -> None:
        """Watch `app`, or every application, from its next request on."""
        watches = self._everywhere if app is None else self._by_app.setdefault(id(app), _WatchedApp(app)).watches
        watches.append(settings)
        if not self._undo:
            self._undo = [_replace(self.application, self._enter), _replace(self.task, self._run)]

    def end(self, settings: WatchSettings, app: object | None) -> None:
        """Watch no longer what `begin` was called for."""
        watches = self._everywhere if app is None else self._by_app[id(app)].watches
        watches.remove(settings)
        if app is not None and not watches:
            del self._by_app[id(app)]
        if not self._everywhere and not self._by_app:
            for undo in self._undo:
                undo()
            self._undo = []

    def _enter(self, call: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def __call__(app: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  it stands in for the method
            watched = self._by_app.get(id(app))
            if watched is None:
                await call(app, *args, **kwargs)
                return
            token = _of_this_request.set(watched.watches[-1])
            try:
                await call(app, *args, **kwargs)
            finally:
                _of_this_request.reset(token)

        return __call__

    def _run(self, call: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], Awaitable[None]]:
        async def __call__(task: Any) -> None:  # noqa: N807  it stands in for the method
            settings = _of_this_request.get() or (self._everywhere[-1] if self._everywhere else None)
            if settings is None or not _runs_on_asyncio():
                await call(task)
            else:
                await self.call_watched(call, task, settings)

        return __call__


def _runs_on_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _replace(owner: type, wrap: Callable[[Any], Any]) -> Callable[[], None]:
    original = owner.__dict__["__call__"]
    replacement = wrap(original)
    for attribute in ("__module__", "__qualname__", "__doc__"):
        setattr(replacement, attribute, getattr(original, attribute))
    replacement.__wrapped__ = original
    setattr(owner, "__call__", replacement)  # noqa: B010  an assignment no type checker would let pass

    def undo() -> None:
        if owner.__dict__["__call__"] is replacement:
            setattr(owner, "__call__", original)  # noqa: B010  as above

    return undo
