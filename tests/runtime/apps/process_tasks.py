"""Functions that the tests run in worker processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
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


def write_and_wait(path: str, seconds: float) -> None:
    write(path)
    wait(seconds)


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


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def interrupted() -> None:
    raise KeyboardInterrupt


class UnspeakableError(UnpicklableError):
    def __str__(self) -> str:
        raise ValueError("not to be said")


def fail_unspeakably() -> None:
    raise UnspeakableError(1, 2)


def run_program(path: str) -> None:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(path).write_text(str(program.pid))
    program.wait()


def compute_in_processes(path: str) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        Path(path).write_text(str(pool.map(abs, [1, -2])))


class Writer:
    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self) -> None:
        write(self.path, "called")

    def method(self) -> None:
        write(self.path, "method")

    @staticmethod
    def static(path: str) -> None:
        write(path, "static")
