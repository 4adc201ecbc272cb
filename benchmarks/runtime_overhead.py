"""What `bglint.runtime` costs, side by side with Starlette's own `BackgroundTasks` in one run.

    python benchmarks/runtime_overhead.py [--rounds N] [--json]

The contenders take turns in rounds of about a millisecond, less than the scheduler gives to others at a time: most
rounds are undisturbed on a busy machine as well, and the figures, which are medians, are theirs.
Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from starlette.background import BackgroundTasks as StarletteTasks

from bglint.runtime import BackgroundTasks, subscribe, watch
from bglint.runtime.clock import SYSTEM_CLOCK
from bglint.runtime.measure import Usage, measured

TASKS: Final = 40
STEPS: Final = 200
QUEUED: Final = 5_000
Measure = Callable[[type[Any]], Awaitable[float]]


async def nothing() -> None: ...


async def one_wait() -> None:
    await asyncio.sleep(0)


def plain() -> None: ...


async def steps() -> None:
    for _ in range(STEPS):
        await asyncio.sleep(0)


def per_task(function: Callable[[], Any]) -> Measure:
    """Microseconds for a task from `add_task` to its end, a fresh object for each, as in a request."""

    async def measure(make: type[Any]) -> float:
        begun = time.perf_counter()
        for _ in range(TASKS):
            tasks = make()
            tasks.add_task(function)
            await tasks()
        return (time.perf_counter() - begun) / TASKS * 1e6

    return measure


async def in_a_row(make: type[Any]) -> float:
    """Microseconds for each of many tasks of one object."""
    tasks = make()
    begun = time.perf_counter()
    for _ in range(TASKS):
        tasks.add_task(nothing)
    await tasks()
    return (time.perf_counter() - begun) / TASKS * 1e6


async def per_step(make: type[Any]) -> float:
    """Microseconds for an await step of a long task."""
    tasks = make()
    if isinstance(tasks, BackgroundTasks):
        tasks.with_options(slow_task_ms=None).add_task(steps)
    else:
        tasks.add_task(steps)
    begun = time.perf_counter()
    await tasks()
    return (time.perf_counter() - begun) / STEPS * 1e6


async def bytes_per_queued_task(make: type[Any]) -> float:
    """Bytes that a task takes while it waits, with one argument of each kind."""
    gc.collect()
    tracemalloc.start()
    tasks = make()
    for number in range(QUEUED):
        tasks.add_task(print, number, end="")
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    tasks.tasks.clear()
    return size / QUEUED


async def with_a_listener(make: type[Any]) -> float:
    """As `in a row`, with somebody who hears of every task."""
    unsubscribe = subscribe(lambda _report: None)
    try:
        return await in_a_row(make)
    finally:
        unsubscribe()


async def watched(make: type[Any]) -> float:
    """As `in a row`, with Starlette's own class under `watch()`."""
    if make is BackgroundTasks:
        with watch():
            return await in_a_row(StarletteTasks)
    return await in_a_row(make)


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured, its unit, and the most it may be: above Starlette's, or as a multiple of it."""

    name: str
    unit: str
    measure: Measure
    most_above: float | None = None
    most_ratio: float | None = None
    every: int = 1
    """It takes part in one round of so many."""


CASES: Final = (
    Case("async task that does not wait", "µs", per_task(nothing), most_above=10),
    Case("async task that waits once", "µs", per_task(one_wait)),
    Case("plain function in a thread", "µs", per_task(plain), every=5),
    Case("async task, in a row", "µs", in_a_row, most_above=10),
    Case("the same, with a listener", "µs", with_a_listener),
    Case("the same, Starlette's under watch()", "µs", watched, most_above=10),
    Case("await step", "µs", per_step, most_above=3),
    Case("queued task", "bytes", bytes_per_queued_task, most_ratio=2, every=30),
)


@dataclass(frozen=True, slots=True)
class Result:
    """The medians of one case."""

    name: str
    unit: str
    starlette: float
    bglint: float
    target: str
    met: bool

    @property
    def ratio(self) -> float:
        return self.bglint / self.starlette


async def compare(cases: Sequence[Case], rounds: int) -> list[Result]:
    """Let the two take turns at every case, and the cases as well: all see the machine at the same times."""
    times: dict[str, tuple[list[float], list[float]]] = {case.name: ([], []) for case in cases}
    for number in range(-1, rounds):  # the first round warms up
        for case in cases:
            if number % case.every == 0 or number < 3:
                both = await case.measure(StarletteTasks), await case.measure(BackgroundTasks)
                for contender, figure in zip(times[case.name], both, strict=True):
                    if number >= 0:
                        contender.append(figure)
    return [result(case, *map(statistics.median, times[case.name])) for case in cases]


def result(case: Case, starlette: float, bglint: float) -> Result:
    """Hold the medians against the target."""
    target, met = "", True
    if case.most_above is not None:
        target, met = f"≤ +{case.most_above:g} {case.unit}", bglint - starlette <= case.most_above
    if case.most_ratio is not None:
        target, met = f"≤ {case.most_ratio:g}×", bglint <= case.most_ratio * starlette
    return Result(case.name, case.unit, starlette, bglint, target, met)


async def clock_cost() -> float:
    """Microseconds that reading the four clocks of one step takes on this machine."""
    begun = time.perf_counter()
    for _ in range(STEPS):
        SYSTEM_CLOCK.wall_ns(), SYSTEM_CLOCK.cpu_ns(), SYSTEM_CLOCK.cpu_ns(), SYSTEM_CLOCK.wall_ns()
    return (time.perf_counter() - begun) / STEPS * 1e6


async def measured_step() -> float:
    """Microseconds for a step under `measured` alone."""
    begun = time.perf_counter()
    await measured(steps(), Usage(0), SYSTEM_CLOCK)
    return (time.perf_counter() - begun) / STEPS * 1e6


async def main(rounds: int, as_json: bool) -> int:
    results = await compare(CASES, rounds)
    clocks = statistics.median([await clock_cost() for _ in range(rounds)])
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        print(f"{'':36}{'Starlette':>10}{'bglint':>10}{'more':>9}{'ratio':>8}  target")
        for result in results:
            row = f"{result.name:36}{result.starlette:10.2f}{result.bglint:10.2f}"
            row += f"{result.bglint - result.starlette:+9.2f}{result.ratio:7.1f}×"
            print(
                f"{row}  {result.target}{'' if result.met else '   MISSED'} {result.unit if not result.target else ''}"
            )
        print(f"Reading the clocks of one step takes {clocks:.2f} µs of it on this machine.")
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sys.exit(asyncio.run(main(options.rounds, options.json)))
