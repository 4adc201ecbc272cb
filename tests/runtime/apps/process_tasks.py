"""Functions that the tests run in worker processes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path


def write(path: str, text: str = "ran") -> None:
    Path(path).write_text(f"{text} in {os.getpid()}")


async def write_async(path: str) -> None:
    write(path, "async")


def compute(until: int) -> int:
    return sum(range(until))


def wait(seconds: float) -> None:
    time.sleep(seconds)


def fail() -> None:
    raise ValueError("the task broke")


class UnpicklableError(Exception):
    def __init__(self, _first: int, _second: int) -> None:
        super().__init__("not to be made again")


def fail_oddly() -> None:
    raise UnpicklableError(1, 2)


def exit_() -> None:
    sys.exit(3)


def crash() -> None:
    os._exit(11)
