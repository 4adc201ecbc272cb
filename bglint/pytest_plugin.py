"""A pytest plugin: a test fails when a background task in it was slow, or held the event loop.

`--bglint-max-task-ms=100` and `--bglint-max-block-ms=50`, or the same in the ini file, switch it on; the marker
`slow_background_tasks` exempts a test; the fixture `background_task_reports` gives the reports to the test itself.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from bglint.runtime import TaskReport

_MARKER = "slow_background_tasks"
_LIMITS: pytest.StashKey[Limits] = pytest.StashKey()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a background task may take in a test, in milliseconds; None is no limit."""

    task_ms: float | None
    block_ms: float | None

    def faults(self, reports: Sequence[TaskReport]) -> list[str]:
        """Return one line for each task that passed a limit."""
        lines = []
        for report in reports:
            if self.block_ms is not None and report.longest_block_ms > self.block_ms:
                held = f"held the event loop for {report.longest_block_ms:.0f}ms (limit {self.block_ms:g}ms)"
                lines.append(f"{report.name} {held}")
            elif self.task_ms is not None and report.duration_ms > self.task_ms:
                took = f"took {report.duration_ms:.0f}ms (limit {self.task_ms:g}ms)"
                lines.append(f"{report.name} {took}. {report.finding}")
        return lines


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two limits, as options and as ini values."""
    group = parser.getgroup("bglint", "background tasks")
    for option, ini, what in (
        ("--bglint-max-task-ms", "bglint_max_task_ms", "takes longer than MS milliseconds"),
        ("--bglint-max-block-ms", "bglint_max_block_ms", "holds the event loop for longer than MS milliseconds"),
    ):
        text = f"Fail a test in which a background task {what}."
        group.addoption(option, dest=ini, type=float, default=None, metavar="MS", help=text)
        parser.addini(ini, text, default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Read the limits, and announce the marker."""
    config.stash[_LIMITS] = Limits(_limit(config, "bglint_max_task_ms"), _limit(config, "bglint_max_block_ms"))
    config.addinivalue_line("markers", f"{_MARKER}: background tasks of this test may pass the limits of bglint.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Watch the test, and fail it for the tasks that passed a limit."""
    limits = item.config.stash[_LIMITS]
    if limits == Limits(None, None) or item.get_closest_marker(_MARKER):
        return (yield)
    with _recorded() as reports:
        result = yield
    faults = limits.faults(reports)
    if faults:
        pytest.fail("Background tasks passed their limit:\n  " + "\n  ".join(faults), pytrace=False)
    return result


@pytest.fixture
def background_task_reports() -> Iterator[list[TaskReport]]:
    """Give the `TaskReport` of every background task that has ended in this test so far."""
    with _recorded() as reports:
        yield reports


@contextmanager
def _recorded() -> Iterator[list[TaskReport]]:
    from bglint.runtime import subscribe, watch  # noqa: PLC0415  only suites that ask for it pay for it

    reports: list[TaskReport] = []
    unsubscribe = subscribe(reports.append)
    try:
        try:
            watching: Any = watch()
        except RuntimeError:  # no framework is installed; the runtime's own tasks need none
            watching = nullcontext()
        with watching:
            yield reports
    finally:
        unsubscribe()


def _limit(config: pytest.Config, name: str) -> float | None:
    value = config.getoption(name)
    if value is None:
        value = config.getini(name)
    if value in (None, ""):
        return None
    try:
        return float(value)
    except ValueError:
        raise pytest.UsageError(f"{name} must be a number of milliseconds, not {value!r}") from None
