"""Several processes give what one gives, whatever becomes of one of them."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from bglint.parallel import in_order, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COUNT = 50


def squares(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    for number in numbers:
        yield number, number * number


@pytest.mark.parametrize("jobs", [1, 2, 7, 100])
def test_each_number_is_worked_on_whatever_the_number_of_processes(jobs: int) -> None:
    assert dict(spread(COUNT, jobs, squares)) == {number: number**2 for number in range(COUNT)}


@pytest.mark.skipif(sys.platform != "linux", reason="there is one process alone")
def test_what_a_process_that_dies_leaves_is_done_here() -> None:
    own = os.getpid()

    def die_elsewhere(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            if os.getpid() != own and number > 3:
                os._exit(1)
            yield number, number * number

    assert dict(spread(COUNT, 4, die_elsewhere)) == {number: number**2 for number in range(COUNT)}


def test_an_error_is_raised_here_wherever_it_happens() -> None:
    def fail(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            if number == 7:
                raise ZeroDivisionError
            yield number, number

    with pytest.raises(ZeroDivisionError):
        list(spread(COUNT, 3, fail))


def test_values_come_in_while_the_work_goes_on_and_in_order_where_that_is_asked() -> None:
    done: list[int] = []

    def note(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            done.append(number)
            yield number, number

    assert next(spread(COUNT, 1, note)) == (0, 0)
    assert done == [0]
    assert list(in_order(iter([(2, "c"), (0, "a"), (1, "b"), (3, "d")]))) == ["a", "b", "c", "d"]
    assert [*in_order(spread(COUNT, 4, squares))] == [number**2 for number in range(COUNT)]


@pytest.mark.skipif(sys.platform != "linux", reason="there is one process alone")
def test_nobody_goes_on_working_for_one_who_has_gone_away(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    fork = os.fork

    def noted_fork() -> int:
        process = fork()
        started.append(process)
        return process

    def never_end(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            yield number, os.getpid()
            if os.getpid() != own:
                time.sleep(60)

    own = os.getpid()
    monkeypatch.setattr(os, "fork", noted_fork)
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # other tests of this process may have left some
    arriving = spread(COUNT, 3, never_end)
    next(arriving)
    arriving.close()
    assert len(started) == 2
    for process in started:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
