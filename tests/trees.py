"""Trees that mean harm, and the tool as it is installed, run on them in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

APPLICATION = """\
import time

from fastapi import BackgroundTasks


async def work():
    time.sleep(5)


async def endpoint(tasks: BackgroundTasks):
    tasks.add_task(work)
"""
"""A module whose one task blocks the event loop: BG201."""
HANGS_AFTER_S = 120.0
"""A run that takes longer hangs; the slowest of these takes a few seconds."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    status: int
    out: bytes
    err: bytes

    @property
    def found(self) -> list[tuple[str, str]]:
        """The findings of `--output-format json`: the file's name and the code, in order."""
        return [(each["filename"].rpartition("/")[2], each["code"]) for each in self.json()]

    def json(self) -> list[dict[str, Any]]:
        value = json.loads(self.out)
        assert isinstance(value, list)
        return value


class Tree:
    """A folder that is filled by the test, and bglint run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)

    def run(self, *arguments: str, **options: Any) -> Outcome:
        """Run bglint in the folder; no traceback and no internal error may come of it."""
        command = [sys.executable, "-P", "-m", "bglint", *arguments]
        options = {"cwd": self.folder, "stdin": subprocess.DEVNULL, "timeout": HANGS_AFTER_S, **options}
        done = subprocess.run(command, capture_output=True, check=False, **options)
        assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")[-2000:]
        assert b"internal error" not in done.stderr, done.stderr.decode("utf-8", "replace")[-2000:]
        assert done.returncode >= 0, f"ended by signal {-done.returncode}"
        return Outcome(done.returncode, done.stdout, done.stderr)

    def lint(self, *arguments: str, **options: Any) -> Outcome:
        """Lint the folder with all rules, as JSON."""
        return self.run("check", "--isolated", "--select", "ALL", "--output-format", "json", *arguments, **options)
