"""The options of a background task: their types, their defaults, where they come from."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar

from bglint.contract import DEFAULT_SLOW_TASK_MS, DEFAULT_TIMEOUT_S, OPTION_NAMES

if TYPE_CHECKING:
    from typing import Unpack

    from bglint.runtime.offload.base import Offload

OnComplete = Callable[[], object]
OnError = Callable[[Exception], object]
F = TypeVar("F", bound=Callable[..., Any])

_ATTRIBUTE: Final = "__bglint_task_options__"


class GivenOptions(TypedDict, total=False):
    """The keywords of `with_options` and `task_options`; one that is not given keeps its default.

    `name` is shown in logs and reports (default: the function's). `timeout` is in seconds, `slow_task_ms` in
    milliseconds, and None switches either off. `on_complete()` is called after success, `on_error(exception)` after
    anything else; both may be sync, and then run on the event loop, or async. `offload` says where else to run it.
    """

    name: str | None
    timeout: float | None
    on_complete: OnComplete | None
    on_error: OnError | None
    slow_task_ms: float | None
    offload: Offload | None


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """The options in force for one task; see `GivenOptions` for their meaning."""

    name: str | None = None
    timeout: float | None = DEFAULT_TIMEOUT_S
    on_complete: OnComplete | None = None
    on_error: OnError | None = None
    slow_task_ms: float | None = DEFAULT_SLOW_TASK_MS
    offload: Offload | None = None

    def updated(self, given: GivenOptions) -> TaskOptions:
        """Return these options with those that are given in their place."""
        return dataclasses.replace(self, **given) if given else self


DEFAULT_OPTIONS: Final = TaskOptions()


def task_options(**options: Unpack[GivenOptions]) -> Callable[[F], F]:
    """Fix options to a function: every task made of it has them, unless `with_options` says otherwise.

    The function stays what it is. Raises TypeError or ValueError for an option that cannot be.
    """
    check_options(options)

    def decorate(function: F) -> F:
        try:
            setattr(function, _ATTRIBUTE, {**options_of(function), **options})
        except (AttributeError, TypeError):
            raise TypeError(f"No options can be fixed to {name_of(function)!r}: give them by with_options") from None
        offload = options.get("offload")
        if offload is not None:
            offload.register(function)
        return function

    return decorate


def options_of(function: Callable[..., object]) -> GivenOptions:
    """Return the options that `task_options` fixed to `function`, on top of those of what a partial wraps."""
    given: GivenOptions | None = getattr(function, _ATTRIBUTE, None)
    if isinstance(function, functools.partial):
        return {**options_of(function.func), **(given or {})}
    return given or {}


def underlying(function: Any) -> Any:
    """Return what a partial wraps, else the function itself."""
    while isinstance(function, functools.partial):
        function = function.func
    return function


def name_of(function: object) -> str:
    """Return the name a task has when it is given none: its function's."""
    function = underlying(function)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).replace("<locals>.", "")


def check_options(given: GivenOptions) -> None:
    """Raise TypeError or ValueError for an option that is unknown or cannot have its value."""
    for key in given:
        if key not in OPTION_NAMES:
            close = difflib.get_close_matches(key, OPTION_NAMES, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; the options are {', '.join(OPTION_NAMES)}"
            raise TypeError(f"{key!r} is no option of a background task{hint}")
    name = given.get("name")
    if name is not None and (not isinstance(name, str) or not name.strip()):
        raise ValueError(f"A task's name must be a text that says something, not {name!r}")
    _check_number("timeout", given.get("timeout"), "seconds", or_zero=False)
    _check_number("slow_task_ms", given.get("slow_task_ms"), "milliseconds", or_zero=True)
    for key, callback in (("on_complete", given.get("on_complete")), ("on_error", given.get("on_error"))):
        if callback is not None and not callable(callback):
            raise TypeError(f"{key} must be callable, not {type(callback).__name__}")
    offload = given.get("offload")
    if offload is not None and (isinstance(offload, type) or not hasattr(offload, "prepare")):
        raise TypeError(f"offload must be one of bglint.runtime.offload's, such as ProcessPool(), not {offload!r}")


def _check_number(key: str, value: object, unit: str, *, or_zero: bool) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{key} must be a number of {unit} or None, not {value!r}")
    if not (0 < value < math.inf or (or_zero and value == 0)):
        least = "0 or more" if or_zero else "more than 0"
        raise ValueError(f"{key} must be {least} {unit}, or None for no limit, not {value!r}")
