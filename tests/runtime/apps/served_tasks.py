"""The tasks of the served applications; they print what they did."""

from __future__ import annotations

import asyncio
import logging
import time

from bglint.runtime import BackgroundTasks, drain

logging.basicConfig(level=logging.INFO, format="%(name)s %(levelname)s %(message)s")


async def say(text: str) -> None:
    print("ran", text)


async def nap(seconds: float, text: str) -> None:
    await asyncio.sleep(seconds)
    print("ran", text)


def nap_in_a_thread(seconds: float, text: str) -> None:
    time.sleep(seconds)
    print("ran", text)


async def hold(seconds: float) -> None:
    time.sleep(seconds)


async def fail() -> None:
    raise ValueError("the task broke")


def add(kind: str, tasks: BackgroundTasks) -> None:
    if kind == "slow":
        tasks.add_task(nap, 2, "async nap")
        tasks.add_task(nap_in_a_thread, 0.1, "thread nap")
    elif kind == "failing":
        tasks.add_task(fail)
        tasks.with_options(timeout=0.05).add_task(nap, 60, "too late")
        tasks.add_task(say, "next")
    elif kind == "holding":
        tasks.add_task(hold, 0.2)
    elif kind == "long":
        tasks.with_options(name="long", timeout=None).add_task(nap, 60, "long")
        tasks.with_options(name="behind").add_task(say, "behind")
    elif kind == "started":
        tasks.with_options(name="short").add_task(nap, 0.5, "short")
        tasks.with_options(name="endless", timeout=None).add_task(nap, 60, "endless")
        tasks.start()


async def shut_down() -> None:
    print("lost", (await drain(1)).lost)
