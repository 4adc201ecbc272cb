"""Runs a callable where it belongs, within its time and with its usage written down."""

from __future__ import annotations

import inspect
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any

from bglint.runtime.limits import Deadline, Named, Stopped
from bglint.runtime.measure import duration_ns, measured, timed
from bglint.runtime.threads import run_in_thread, thread_slots

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bglint.runtime.clock import Clock
    from bglint.runtime.measure import Usage


async def run_on_loop(call: Callable[[], Any], usage: Usage, clock: Clock, timeout: float | None, named: Named) -> None:
    """Await what `call` returns; raises what it raises, and `TaskTimeout` past its time."""
    awaitable = call()
    coroutine = awaitable if type(awaitable) is CoroutineType else _awaiting(awaitable)
    if timeout is None:
        await measured(coroutine, usage, clock)
    else:
        with Deadline(timeout, named) as deadline:
            await measured(coroutine, usage, clock, deadline.start)
            deadline.check(usage)


async def run_in_worker(
    call: Callable[[], object],
    usage: Usage,
    clock: Clock,
    timeout: float | None,
    named: Named,
    *,
    on_late_end: Callable[[BaseException | None], object],
) -> None:
    """Call `call` in a worker thread, as soon as one is free; its time counts from there.

    Raises what it raises, TypeError where it only made a coroutine or a generator that nobody runs, and `TaskTimeout`
    past its time: the thread then runs on, and `on_late_end` is called when it ends.
    """
    async with thread_slots.get():
        running = run_in_thread(timed(call, usage, clock), on_late_end)
        if timeout is None:
            result = await running
        else:
            with Deadline(timeout, named, Stopped.ABANDONED) as deadline:
                deadline.start()
                result = await _within_its_duration(running, deadline, usage)
    _expect_that_it_ran(result, named.name)


async def _within_its_duration(running: Awaitable[Any], deadline: Deadline, usage: Usage) -> Any:
    try:
        result = await running
    except Exception as error:
        deadline.check_duration(duration_ns(usage), error)
        raise
    deadline.check_duration(duration_ns(usage))
    return result


async def _awaiting(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def _expect_that_it_ran(result: object, name: str) -> None:
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError(
            f"'{name}' returned a coroutine that nobody awaits, so nothing ran; pass the async function itself"
        )
    if isinstance(result, GeneratorType | AsyncGeneratorType):
        raise TypeError(f"'{name}' is a generator, so nothing of it ran; a task must be a function without yield")
