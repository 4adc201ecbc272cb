"""`watch`: measures the background tasks of an application that was written without the runtime."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self

from bglint.contract import DEFAULT_SLOW_TASK_MS, is_installed
from bglint.runtime.clock import SYSTEM_CLOCK
from bglint.runtime.options import check_options
from bglint.runtime.watching.settings import WatchSettings

if TYPE_CHECKING:
    from bglint.runtime.clock import Clock
    from bglint.runtime.report import Listener
    from bglint.runtime.watching.patches import Framework

_FRAMEWORKS: Final = ("starlette", "litestar")


class Watch:
    """A watch that is kept, until `stop`; leaving its `with` stops it as well."""

    def __init__(self, settings: WatchSettings, app: object | None, frameworks: list[Framework]) -> None:
        self._settings = settings
        self._app = app
        self._frameworks = frameworks
        for framework in frameworks:
            framework.begin(settings, app)

    def stop(self) -> None:
        """Take the watch back; the frameworks are as they were once no watch is left. May be called again."""
        frameworks, self._frameworks = self._frameworks, []
        for framework in frameworks:
            framework.end(self._settings, self._app)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def watch(
    app: object | None = None,
    *,
    slow_task_ms: float | None = DEFAULT_SLOW_TASK_MS,
    timeout: float | None = None,
    isolate: bool = False,
    on_report: Listener | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Watch:
    """Measure every background task of `app` (FastAPI, Starlette or Litestar), or of all applications here.

    Slow tasks are warned of, `on_report` gets a `TaskReport` of each, and nothing else changes, unless it is asked
    for: `timeout` (seconds) ends a task that passes it with `TaskTimeout`; with `isolate` a task that fails is logged
    and the next one runs all the same. Where several watch, the one of the innermost application counts, of those the
    latest. A task of the runtime's own is left to its own measurement.

    Raises TypeError for an `app` of another kind, RuntimeError where no framework is installed.
    """
    check_options({"slow_task_ms": slow_task_ms, "timeout": timeout})
    settings = WatchSettings(slow_task_ms, timeout, isolate, on_report, clock)
    # An application may have another framework's mounted in it; none is imported that is not there already.
    names = [name for name in _FRAMEWORKS if name in sys.modules or (app is None and is_installed(name))]
    frameworks = [_load(name) for name in names]
    if app is not None and not any(framework.owns(app) for framework in frameworks):
        raise TypeError(
            f"watch() takes a FastAPI, Starlette or Litestar application, not {type(app).__name__}; "
            "where that wraps one, hand over the one inside"
        )
    if not frameworks:
        raise RuntimeError("watch() found none of FastAPI, Starlette and Litestar installed")
    return Watch(settings, app, frameworks)


def _load(name: str) -> Framework:
    framework: Any = import_module(f"bglint.runtime.watching.{name}_tasks").FRAMEWORK
    return framework  # type: ignore[no-any-return]
