"""Several processes give what one gives, whatever becomes of one of them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from bglint.parallel import spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

COUNT = 50


def squares(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    for number in numbers:
        yield number, number * number


@pytest.mark.parametrize("jobs", [1, 2, 7, 100])
def test_each_number_is_worked_on_whatever_the_number_of_processes(jobs: int) -> None:
    assert spread(COUNT, jobs, squares) == {number: number**2 for number in range(COUNT)}


@pytest.mark.skipif(sys.platform != "linux", reason="there is one process alone")
def test_what_a_process_that_dies_leaves_is_done_here() -> None:
    own = os.getpid()

    def die_elsewhere(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            if os.getpid() != own and number > 3:
                os._exit(1)
            yield number, number * number

    assert spread(COUNT, 4, die_elsewhere) == {number: number**2 for number in range(COUNT)}


def test_an_error_is_raised_here_wherever_it_happens() -> None:
    def fail(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
        for number in numbers:
            if number == 7:
                raise ZeroDivisionError
            yield number, number

    with pytest.raises(ZeroDivisionError):
        spread(COUNT, 3, fail)
