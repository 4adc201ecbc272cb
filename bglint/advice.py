"""What to recommend instead: the job queue that the project already has, and how a task is handed to it."""

from __future__ import annotations

import os
import re
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

from bglint.contract import ANY_JOB_QUEUE, JOB_QUEUES, JobQueue, queue_named
from bglint.noting import note_folder
from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPENDENCY_FILES = re.compile(
    r"(pyproject\.toml|setup\.(cfg|py)|Pipfile|.*requirements.*\.(txt|in)|environment\.ya?ml|uv\.lock|poetry\.lock)"
)
"""Files that name what a project depends on."""
_REQUIREMENT_FOLDER = "requirements"
_MAX_BYTES = 2 << 20


def queue_of_project(folder: str, root: str, chosen: str | None = None) -> JobQueue | None:
    """The job queue of the project that a folder belongs to: the chosen one, else one that it depends on."""
    if chosen is not None:
        return queue_named(chosen) or JobQueue(chosen, (), (), "{task} through " + chosen)
    while True:
        found = _queue_in(folder)
        if found is not None:
            return found
        parent = os.path.dirname(folder)
        if folder in (root, parent):
            return None
        folder = parent


@cache
def _queue_in(folder: str) -> JobQueue | None:
    """The first known queue that a folder's dependency files name."""
    text = dependency_text(folder)
    if not text:
        return None
    for queue in JOB_QUEUES:
        for name in queue.distributions:
            if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text):
                return queue
    return None


@cache
def dependency_text(folder: str) -> str:
    """The text of a folder's dependency files, in lower case."""
    note_folder(folder)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ""
    parts = [
        _required(read_text(os.path.join(folder, name)))
        if name == "pyproject.toml"
        else read_text(os.path.join(folder, name))
        for name in names
        if DEPENDENCY_FILES.fullmatch(name)
    ]
    if _REQUIREMENT_FOLDER in names:
        inner = os.path.join(folder, _REQUIREMENT_FOLDER)
        note_folder(inner)
        try:
            inner_names = sorted(os.listdir(inner))
        except OSError:
            inner_names = []
        parts += [read_text(os.path.join(inner, name)) for name in inner_names if name.endswith((".txt", ".in"))]
    return "\n".join(parts).lower()


def _required(text: str) -> str:
    """What a pyproject.toml requires to run, one requirement a line: not its keywords, extras or development groups."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ""
    required = _table(table, "project").get("dependencies", [])
    poetry = _table(_table(_table(table, "tool"), "poetry"), "dependencies")
    lines = [each for each in required if isinstance(each, str)] if isinstance(required, list) else []
    lines += [f"{name} {spec}" for name, spec in poetry.items()]
    return "\n".join(lines)


def _table(table: dict[str, Any], key: str) -> dict[str, Any]:
    """The table of that name in a table; an empty one where something else stands there."""
    found = table.get(key)
    return found if isinstance(found, dict) else {}


def forget_dependencies() -> None:
    """Read the dependency files anew when they are asked for next: they may have changed."""
    for answers in (_queue_in, dependency_text, read_text):
        answers.cache_clear()


@cache
def read_text(path: str) -> str:
    """The text of a file; empty where it cannot be read."""
    try:
        return read_regular(path, _MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def instead(queue: JobQueue | None, target: str, arguments: Sequence[str]) -> str:
    """One sentence that says where heavy work belongs."""
    plain = target.rpartition(".")[2]
    if queue is None or not plain.isidentifier():
        name = queue.name if queue is not None else ANY_JOB_QUEUE
        return f"hand the work to {name}, and let the task only enqueue it"
    return f"this project has {queue.name}: make it a task and call `{queue.enqueue_call(plain, arguments)}`"
