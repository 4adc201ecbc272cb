"""Reporters: each format in one file, a pure function from a `Report` to lines of text.

`DIAGNOSTIC_FORMATS` and `TASK_FORMATS` name the modules; they are imported when they are asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bglint.reporters.context import Reporter

DIAGNOSTIC_FORMATS: Final[Mapping[str, str]] = {
    "full": "full",
    "concise": "concise",
    "grouped": "grouped",
    "json": "json_array",
    "json-lines": "json_lines",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "rdjson": "rdjson",
}
TASK_FORMATS: Final[Mapping[str, str]] = {
    "table": "task_table",
    "tree": "task_tree",
    "json": "task_json_array",
    "json-lines": "task_json_lines",
    "html": "task_page",
}
TEXT_FORMATS: Final = frozenset({"full", "concise", "grouped", "table", "tree"})
"""The formats that people read; the others are read by programs."""


def diagnostic_reporter(name: str) -> Reporter:
    """Return the reporter of diagnostics for a format of `DIAGNOSTIC_FORMATS`."""
    return _reporter(DIAGNOSTIC_FORMATS[name])


def task_reporter(name: str) -> Reporter:
    """Return the reporter of tasks for a format of `TASK_FORMATS`."""
    return _reporter(TASK_FORMATS[name])


def _reporter(module: str) -> Reporter:
    return cast("Reporter", import_module(f"bglint.reporters.{module}").render)
