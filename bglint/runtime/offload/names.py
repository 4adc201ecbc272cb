"""Finds a function by the name under which another process will look for it."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from bglint.runtime.offload.base import OffloadError
from bglint.runtime.options import name_of

if TYPE_CHECKING:
    from collections.abc import Callable


def dotted_name(function: Callable[..., Any]) -> str:
    """Return `module.qualname` of a function that another process can import.

    Raises `OffloadError` for one that cannot be found so: a lambda, a nested function, one of the main script.
    """
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        raise OffloadError(f"{name_of(function)!r} has no name to be found by: hand over a function of a module")
    if module == "__main__":
        raise OffloadError(f"{name!r} is defined in the main script, where no worker finds it: put it in a module")
    if _found(module, name) is not function:
        raise OffloadError(f"{name!r} cannot be found by its name in {module!r}: hand over a function of a module")
    return f"{module}.{name}"


def check_main_script(function: Callable[..., Any]) -> None:
    """Raise `OffloadError` where `function` belongs to a main script that no child process can load again."""
    main = sys.modules["__main__"]
    loadable = getattr(main, "__spec__", None) is not None or hasattr(main, "__file__")
    if getattr(function, "__module__", None) == "__main__" and not loadable:
        raise OffloadError(f"{name_of(function)!r} was typed in, and no process can load it: put it in a module")


def _found(module: str, name: str) -> object:
    found: object = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
