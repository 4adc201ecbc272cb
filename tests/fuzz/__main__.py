"""Fuzzes bglint for as long as it is told.

    python -m tests.fuzz [--minutes N] [--seed N] [--keep FOLDER] [--jobs N] [FOLDER...]

Files below the folders (default: the fixtures) that register a task, or are one of a few others, are spoilt and linted;
generated programs are renamed, moved and run twice. Each worker is a process of its own: one that crashes or hangs is
found by the case that it wrote down before it began. What fails is kept in `--keep` and named; exits with 1 then.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fuzz.worker import work

if TYPE_CHECKING:
    from collections.abc import Sequence

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
WORDS: Final = (b"add_task", b"BackgroundTask", b"background_task")
OTHERS: Final = 200
"""Files that register nothing and are spoilt all the same."""
GRACE_S: Final = 240
"""Seconds without a sign of life after which a worker is ended."""


def candidates(folders: Sequence[str]) -> list[Path]:
    """The files to spoil, in order."""
    found = [path for folder in folders for path in sorted(Path(folder).rglob("*.py")) if path.is_file()]
    registering: list[Path] = []
    others: list[Path] = []
    for path in found:
        text = path.read_bytes() if path.stat().st_size < 1_000_000 else b""
        (registering if any(word in text for word in WORDS) else others).append(path)
    return registering + random.Random(0).sample(others, min(OTHERS, len(others)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[str(FIXTURES)])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    files = candidates(options.folders)
    if not files:
        parser.error(f"no Python files below {', '.join(options.folders)}")
    print(f"{len(files)} files, seed {options.seed}", flush=True)
    spawn = multiprocessing.get_context("spawn")
    until = time.time() + options.minutes * 60
    lost = 0
    waiting = list(range(options.jobs))
    running: dict[int, multiprocessing.process.BaseProcess] = {}
    following = options.jobs
    while waiting or running:
        for number in waiting:
            arguments = (number, options.seed, until, str(options.keep), files)
            running[number] = spawn.Process(target=work, args=arguments)
            running[number].start()
        waiting = []
        time.sleep(1)
        for number, process in list(running.items()):
            case = options.keep / f"under-way-{number}.json"
            is_stuck = process.is_alive() and case.exists() and time.time() - case.stat().st_mtime > GRACE_S
            if process.is_alive() and not is_stuck:
                continue
            process.kill()
            process.join()
            del running[number]
            if is_stuck or process.exitcode != 0:
                lost += 1
                print(f"{case}: {'hangs' if is_stuck else f'the worker ended with {process.exitcode}'}", flush=True)
                if time.time() < until:
                    waiting.append(following)
                    following += 1
    ended = [json.loads(path.read_text()) for path in options.keep.glob("under-way-*.json")]
    totals = {key: sum(each.get(key, 0) for each in ended) for key in ("cases", "failures")}
    print(f"{totals['cases']} cases, {totals['failures']} failures, {lost} crashes or hangs")
    return 1 if totals["failures"] or lost else 0


if __name__ == "__main__":
    sys.exit(main())
