"""What the workers of the job queues do in the tests: write down where they did it."""

from __future__ import annotations

import os
from pathlib import Path

REDIS_PORT = int(os.environ.get("TEST_REDIS_PORT", "0"))
REDIS_URL = f"redis://127.0.0.1:{REDIS_PORT}/0"


def write(path: str, text: str = "") -> None:
    target = Path(path)
    unfinished = target.with_suffix(".unfinished")
    unfinished.write_text(f"{os.getpid()} {text}")
    unfinished.rename(target)


async def write_async(path: str, text: str = "") -> None:
    write(path, text)
