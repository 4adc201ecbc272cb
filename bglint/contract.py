"""What the linter and the runtime share: the threshold, the words, the option names, the job queues, sync or async.

Imports nothing but the standard library, and that cheaply.
"""

from __future__ import annotations

import functools
import inspect
import math
import sys
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar, get_args

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

DEFAULT_SLOW_TASK_MS: Final = 100
"""A background task that takes longer than this many milliseconds is slow."""

DEFAULT_TIMEOUT_S: Final = 30.0
"""Seconds after which the runtime gives up on a task, unless told otherwise."""

OptionName = Literal["name", "timeout", "on_complete", "on_error", "slow_task_ms", "offload"]
OPTION_NAMES: Final[tuple[OptionName, ...]] = get_args(OptionName)
"""The keywords of `.with_options(…)` and `@task_options(…)`, in the order of their signatures."""


@dataclass(frozen=True, slots=True)
class JobQueue:
    """A job queue that work can be handed to.

    `packages` are the names it is imported by, `distributions` those it is installed by. `form` is a call that
    enqueues: `{task}` is the task's name, `{args}` its arguments as written, `{data}` the same as a dict display.
    `keyword_only` queues take a task's arguments by keyword alone.
    """

    name: str
    packages: tuple[str, ...]
    distributions: tuple[str, ...]
    form: str
    keyword_only: bool = False

    def enqueue_call(self, task: str, arguments: Sequence[str] = ()) -> str:
        """Return the call that enqueues `task`, given its arguments as the source has them (`x`, `key=x`, `*xs`)."""
        positional = [argument for argument in arguments if not _is_keyword(argument)]
        keywords = [argument for argument in arguments if _is_keyword(argument)]
        args = "..." if self.keyword_only and positional else ", ".join([*positional, *keywords])
        call = self.form.format(task=task, args=args, data=_data(positional, keywords))
        return call if args else call.replace(", )", ")")


BULLMQ: Final = JobQueue("BullMQ", ("bullmq",), ("bullmq",), 'await queue.add("{task}", {data})')

JOB_QUEUES: Final = (
    JobQueue("Celery", ("celery",), ("celery",), "{task}.delay({args})"),
    JobQueue("Dramatiq", ("dramatiq",), ("dramatiq",), "{task}.send({args})"),
    JobQueue("Django RQ", ("django_rq",), ("django-rq",), "django_rq.enqueue({task}, {args})"),
    JobQueue("RQ", ("rq",), ("rq",), "queue.enqueue({task}, {args})"),
    JobQueue("ARQ", ("arq",), ("arq",), 'await pool.enqueue_job("{task}", {args})'),
    JobQueue("Taskiq", ("taskiq",), ("taskiq",), "await {task}.kiq({args})"),
    JobQueue("Huey", ("huey",), ("huey",), "{task}({args})"),
    BULLMQ,
    JobQueue("SAQ", ("saq",), ("saq",), 'await queue.enqueue("{task}", {args})', keyword_only=True),
    JobQueue("streaQ", ("streaq",), ("streaq",), "await {task}.enqueue({args})"),
    JobQueue("Procrastinate", ("procrastinate",), ("procrastinate",), "{task}.defer({args})", keyword_only=True),
    JobQueue("Docket", ("docket",), ("pydocket",), "await docket.add({task})({args})"),
    JobQueue("Django Q", ("django_q",), ("django-q2", "django-q"), 'async_task("{task}", {args})'),
    JobQueue("Hatchet", ("hatchet_sdk",), ("hatchet-sdk",), "await {task}.aio_run_no_wait({args})"),
    JobQueue("Temporal", ("temporalio",), ("temporalio",), "await client.start_workflow({task}, {args})"),
    JobQueue("DBOS", ("dbos",), ("dbos",), "queue.enqueue({task}, {args})"),
    JobQueue("Prefect", ("prefect",), ("prefect",), "{task}.delay({args})"),
    JobQueue("Django tasks", ("django.tasks", "django_tasks"), ("django-tasks",), "{task}.enqueue({args})"),
)
"""The job queues that are known, the one to name first where several are installed first."""

ANY_JOB_QUEUE: Final = "a job queue (BullMQ, Celery, ARQ …)"
"""What the linter recommends where the project shows none."""


def queue_named(name: str) -> JobQueue | None:
    """Find the queue by its name as shown, installed or imported, whatever the case."""
    wanted = name.casefold()
    for queue in JOB_QUEUES:
        if wanted in {queue.name.casefold(), *queue.packages, *queue.distributions}:
            return queue
    return None


def is_installed(package: str) -> bool:
    """Tell whether `package` can be imported here, without importing it or its parents."""
    root, *rest = package.split(".")
    spec = sys.modules[root].__spec__ if root in sys.modules else util.find_spec(root)
    if spec is None or spec.origin is None:  # a folder of that name in the project is no installed package
        return False
    folders = [Path(folder, *rest) for folder in spec.submodule_search_locations or ()]
    return not rest or any(folder.is_dir() or folder.with_suffix(".py").is_file() for folder in folders)


def preferred_queue(has_package: Callable[[str], bool]) -> JobQueue | None:
    """Find the first of `JOB_QUEUES` one of whose packages `has_package` knows."""
    return next((queue for queue in JOB_QUEUES if any(map(has_package, queue.packages))), None)


@functools.cache
def default_queue() -> JobQueue:
    """Return the job queue to recommend: the preferred one of those installed here, else BullMQ."""
    return preferred_queue(is_installed) or BULLMQ


def slow_task_message(
    name: str,
    duration_ms: float,
    *,
    threshold_ms: float = DEFAULT_SLOW_TASK_MS,
    queue: str = BULLMQ.name,
    finding: str | None = None,
) -> str:
    """Say that a task was slow, what to do about it and, where it was measured, the `finding`."""
    shown_ms = max(round(duration_ms), math.floor(threshold_ms) + 1)
    message = (
        f"Background task '{name}' took {shown_ms}ms (>{threshold_ms:g}ms threshold). "
        f"Consider using a job queue ({queue}) for heavy operations."
    )
    return message if finding is None else f"{message} {finding}"


def held_loop_sentence(longest_block_ms: float) -> str:
    """Say that a task stopped the event loop for `longest_block_ms` at a stretch."""
    return f"It held the event loop for {longest_block_ms:.0f}ms."


def shared_loop_sentence(busy_ms: float, longest_block_ms: float) -> str:
    """Say that a task was busy on the event loop for `busy_ms`, but let others run in between."""
    return f"It kept the event loop busy for {busy_ms:.0f}ms, at most {longest_block_ms:.0f}ms at a stretch."


def used_cpu_sentence(cpu_ms: float) -> str:
    """Say that a task computed for `cpu_ms` in a worker thread."""
    return f"It used {cpu_ms:.0f}ms of CPU in a worker thread."


ONLY_WAITED_SENTENCE: Final = "It only waited."


T = TypeVar("T")


class CallableFacts(Protocol[T]):
    """What is known of a callable: to the linter from the source, to the runtime from the object itself."""

    def wrapped(self, function: T) -> T | None:
        """What a `functools.partial` calls; None for anything else."""

    def is_coroutine_function(self, function: T) -> bool:
        """Whether it is a function whose call gives a coroutine, as `inspect.iscoroutinefunction` has it."""

    def call_methods(self, function: T) -> Iterable[T]:
        """The `__call__` of an object's class, in all its meanings; nothing for a class itself."""


def gives_coroutine(function: T, facts: CallableFacts[T]) -> bool:
    """Decide whether a task is sync or async: whether calling `function` gives a coroutine.

    Of a partial, what it wraps decides, and of an object the `__call__` of its class.
    """
    while (wrapped := facts.wrapped(function)) is not None:
        function = wrapped
    return facts.is_coroutine_function(function) or any(map(facts.is_coroutine_function, facts.call_methods(function)))


class _LiveFacts:
    """Facts of objects at run time."""

    def wrapped(self, function: object) -> object | None:
        return function.func if isinstance(function, functools.partial) else None

    def is_coroutine_function(self, function: object) -> bool:
        return inspect.iscoroutinefunction(function)

    def call_methods(self, function: object) -> Iterable[object]:
        return (type(function).__call__,) if callable(function) else ()


_LIVE_FACTS: Final = _LiveFacts()


def is_async_callable(function: object) -> bool:
    """Tell whether calling `function` gives a coroutine; sees through `functools.partial` and callable objects."""
    if type(function) is FunctionType and function.__code__.co_flags & inspect.CO_COROUTINE:
        return True  # what most tasks are, without the detour
    return gives_coroutine(function, _LIVE_FACTS)


def _is_keyword(argument: str) -> bool:
    name, equals, _ = argument.partition("=")
    return argument.startswith("**") or (bool(equals) and name.strip().isidentifier())


def _data(positional: Sequence[str], keywords: Sequence[str]) -> str:
    entries = []
    if positional:
        entries.append(f'"args": [{", ".join(positional)}]')
    if keywords:
        entries.append(f'"kwargs": {{{", ".join(map(_item, keywords))}}}')
    return "{" + ", ".join(entries) + "}"


def _item(keyword: str) -> str:
    if keyword.startswith("**"):
        return keyword
    name, _, value = keyword.partition("=")
    return f'"{name.strip()}": {value.strip()}'
