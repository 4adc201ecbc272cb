"""Finds a function by the name under which another process will look for it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
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
    check_worker_finds(function)
    if _found(module, name) is not function:
        raise OffloadError(f"{name!r} cannot be found by its name in {module!r}: hand over a function of a module")
    return f"{module}.{name}"


def check_worker_finds(function: Callable[..., Any], *, name_of_main_script: str | None = None) -> None:
    """Raise `OffloadError` where no worker that imports its module has `function`: one of the main script or nested.

    A main script may have a name by which a worker imports it.
    """
    name = getattr(function, "__qualname__", name_of(function))
    if getattr(function, "__module__", None) == "__main__" and not _is_main_script(name_of_main_script):
        raise OffloadError(f"{name!r} is defined in the main script, where no worker finds it: put it in a module")
    if "<" in name:
        raise OffloadError(f"{name!r} cannot be found by its name: hand over a function of a module")


def check_main_script(function: Callable[..., Any]) -> None:
    """Raise `OffloadError` where `function` belongs to a main script that no child process can load again."""
    main = sys.modules["__main__"]
    loadable = getattr(main, "__spec__", None) is not None or hasattr(main, "__file__")
    if getattr(function, "__module__", None) == "__main__" and not loadable:
        raise OffloadError(f"{name_of(function)!r} was typed in, and no process can load it: put it in a module")


def _is_main_script(name: str | None) -> bool:
    path = getattr(sys.modules["__main__"], "__file__", None)
    return name is not None and path is not None and name.rpartition(".")[2] == Path(path).stem


def _found(module: str, name: str) -> object:
    found: object = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
