"""How bglint grows: over files, tasks, call depth and fan-out; and a monorepo of 200,000 files, whole and in shards.

    python -m benchmarks.scale [--curves] [--monorepo [FILES]] [--cache DIR] [--output FILE]

Files are hard links to those that `benchmarks/lint.py` downloads, so that no disk is filled. The figures are seconds of
the processor (of all processes), which a busy machine disturbs least, and the memory of the largest process. Every
curve ends with the exponent that its last two points show: 1 is linear, 2 quadratic. Exits with 1 where an exponent is
above 1.4, or where the shards together say other things than the whole run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.lint import default_cache, fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FILES: Final = (1_000, 5_000, 15_000, 30_000, 60_000)
TASKS: Final = (10, 30, 100, 300, 1_000, 3_000)
DEPTHS: Final = (5, 10, 20, 40, 80)
FANS: Final = (10, 30, 100, 300, 700)
MONOREPO: Final = 200_000
MAX_EXPONENT: Final = 1.4
SHARDS: Final = 10
START_SHARE: Final = 0.5
"""Part of a figure that starting Python and importing may be before its growth says anything."""


@dataclass(frozen=True)
class Usage:
    """One run: seconds on the clock and of the processor, MiB of the largest process, and what was found."""

    wall: float
    cpu: float
    peak: float
    tasks: tuple[str, ...]


def run(paths: Sequence[Path], *options: str) -> Usage:
    """Lint some paths in a process of its own."""
    with tempfile.TemporaryFile() as out:
        started = time.perf_counter()
        command = [sys.executable, "-m", "bglint", "tasks", "-q", "--output-format", "json", *options]
        process = subprocess.Popen([*command, *map(str, paths)], stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        if status:
            raise SystemExit(f"bglint ended with status {os.waitstatus_to_exitcode(status)}")
        out.seek(0)
        found = tuple(
            f"{Path(each['filename']).absolute()}:{each['location']} {each['verdict']} {each['trace']}"
            for each in json.load(out)
        )
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, found)


def cold(paths: Sequence[Path], *options: str) -> Usage:
    """Lint without a cache, in one process."""
    return run(paths, "--no-cache", "-j", "1", *options)


def linked(folder: Path, sources: Sequence[Path], count: int) -> int:
    """Fill a folder with hard links to Python files, package after package and copy after copy; returns their bytes."""
    done = size = 0
    for copy in itertools.count():
        for source in sources:
            for file in sorted(source.rglob("*.py")):
                if done == count:
                    return size
                target = folder / f"copy{copy:03}" / source.name / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.link(file, target)
                done, size = done + 1, size + file.stat().st_size
    return size


ROUTES: Final = """\
from fastapi import APIRouter, BackgroundTasks

from work{number} import work

router = APIRouter()
"""
ROUTE: Final = """

@router.post("/{number}")
def route_{number}(name: str, tasks: BackgroundTasks) -> None:
    tasks.add_task(work, name)
"""
WORK: Final = """\
import time


def work(name: str) -> None:
    for _ in range(3):
        note(name)


def note(name: str) -> None:
    print(name)
    time.sleep(0.001)
"""


def application_of_tasks(folder: Path, count: int) -> None:
    """An application with so many tasks, ten a module."""
    for number in range(count // 10):
        routes = "".join(ROUTE.format(number=each) for each in range(10))
        (folder / f"routes{number}.py").write_text(ROUTES.format(number=number) + routes)
        (folder / f"work{number}.py").write_text(WORK)


def application_of_depth(folder: Path, count: int) -> None:
    """One task that leads through so many calls."""
    calls = "".join(f"def call_{each}(name):\n    call_{each + 1}(name)\n\n\n" for each in range(count))
    last = f"def call_{count}(name):\n    print(name)\n\n\ndef work(name):\n    call_0(name)\n"
    (folder / "work0.py").write_text(calls + last)
    (folder / "routes.py").write_text(ROUTES.format(number=0) + ROUTE.format(number=0))


def application_of_fan(folder: Path, count: int) -> None:
    """One task that calls so many functions."""
    functions = "".join(f"def call_{each}(name):\n    print(name)\n\n\n" for each in range(count))
    calls = "".join(f"    call_{each}(name)\n" for each in range(count))
    (folder / "work0.py").write_text(f"{functions}def work(name):\n{calls}")
    (folder / "routes.py").write_text(ROUTES.format(number=0) + ROUTE.format(number=0))


def exponent(points: Sequence[tuple[int, float]], start: float) -> float | None:
    """The power of the last figures' growth, the time of starting taken off; None where starting is most of them."""
    (one, before), (other, after) = points[-2:]
    if start > START_SHARE * after:
        return None
    return math.log((after - start) / max(before - start, 0.02)) / math.log(other / one)


def curve(
    place: Path, title: str, sizes: Sequence[int], make: Callable[[Path, int], object], start: float, *options: str
) -> tuple[list[str], float | None]:
    """The table of one curve, and its exponent."""
    points = []
    lines = [f"| {title} | CPU s | ms each | peak MiB | |", "| ---: | ---: | ---: | ---: | --- |"]
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="bglint-scale-", dir=place) as name:
            make(Path(name), size)
            usage = cold([Path(name)], *options)
        points.append((size, usage.cpu))
        rows.append((size, usage))
        print(f"{title} {size:,}: {usage.cpu:.2f} s, {usage.peak:.0f} MiB", flush=True)
    most = max(usage.cpu for _, usage in rows)
    for size, usage in rows:
        bar = "█" * max(1, round(30 * usage.cpu / most))
        each = 1000 * max(usage.cpu - start, 0) / size
        lines.append(f"| {size:,} | {usage.cpu:.2f} | {each:.3f} | {usage.peak:.0f} | {bar} |")
    power = exponent(points, start)
    lines += ["", f"Exponent of the last two: {power:.2f}." if power is not None else "Starting is most of it.", ""]
    return lines, power


def curves(sources: Sequence[Path], place: Path) -> tuple[list[str], list[str]]:
    """The page's part on growth, and what is not linear."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        start = cold([Path(name)]).cpu
    page = [
        "## Growth",
        "",
        f"An empty folder takes {start:.2f} s of the processor; it is taken off in the third column.",
        "",
    ]
    wrong = []
    for title, sizes, make, options in (
        ("files", FILES, lambda folder, count: linked(folder, sources, count), ()),
        ("tasks", TASKS, application_of_tasks, ()),
        ("calls deep", DEPTHS, application_of_depth, ("--config", str(_deep(place)))),
        ("calls wide", FANS, application_of_fan, ()),
    ):
        lines, power = curve(place, title, sizes, make, start, *options)
        page += [f"### {title.capitalize()}", "", *lines]
        if power is not None and power > MAX_EXPONENT:
            wrong.append(f"{title}: exponent {power:.2f}")
    return page, wrong


def _deep(place: Path) -> Path:
    """A configuration that has calls followed as deep as the curve goes."""
    path = place / "deep.toml"
    path.write_text(f"max-depth = {DEPTHS[-1] + 10}\n")
    return path


def monorepo(sources: Sequence[Path], place: Path, count: int) -> tuple[list[str], list[str]]:
    """The page's part on a monorepo: one run, a warm one, and shards; and what is wrong."""
    root = place / "monorepo"
    shutil.rmtree(root, ignore_errors=True)
    size = linked(root, sources, count)
    (root / "pyproject.toml").write_text("[tool.bglint]\n")
    units = sorted(each for copy in root.iterdir() if copy.is_dir() for each in copy.iterdir())
    shards = list(spread_evenly(units, SHARDS))
    print(f"{count:,} files, {size / 1e6:,.0f} MB, {len(units)} folders in {len(shards)} shards", flush=True)
    whole = run([root], "--no-cache")
    print(f"whole: {whole.wall:.1f} s, {whole.cpu:.1f} s CPU, {whole.peak:.0f} MiB", flush=True)
    kept = place / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    run([root], "--cache-dir", str(kept))
    warm = run([root], "--cache-dir", str(kept))
    print(f"warm: {warm.wall:.1f} s, {warm.cpu:.1f} s CPU, {warm.peak:.0f} MiB", flush=True)
    parts = [cold(shard) for shard in shards]
    print(f"shards: {max(each.wall for each in parts):.1f} s the longest", flush=True)
    together = {task for part in parts for task in part.tasks}
    differing = len(together.symmetric_difference(whole.tasks))
    wrong = [f"monorepo: {differing} tasks differ between the whole and its shards"] if differing else []
    kept_mb = sum(file.stat().st_size for file in kept.rglob("*") if file.is_file()) / 1e6
    rows = [
        ("whole, one machine", whole.wall, whole.cpu, whole.peak),
        ("whole, warm, nothing changed", warm.wall, warm.cpu, warm.peak),
        (f"the longest of {len(parts)} shards", *max((each.wall, each.cpu, each.peak) for each in parts)),
        (
            "all shards",
            sum(each.wall for each in parts),
            sum(each.cpu for each in parts),
            max(each.peak for each in parts),
        ),
    ]
    page = [
        f"## A monorepo of {count:,} files",
        "",
        f"{size / 1e6:,.0f} MB in {len(units)} folders, {len(whole.tasks)} tasks; {kept_mb:.0f} MB of cache.",
        f"Tasks that the shards together and the whole run do not judge alike, trace by trace: {differing}.",
        "",
        "| run | wall s | CPU s | peak MiB |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} |" for name, wall, cpu, peak in rows),
        "",
        f"A file takes {1e6 * whole.cpu / count:.0f} µs of the processor and {1024 * whole.peak / count:.2f} KiB.",
        "",
    ]
    shutil.rmtree(root)
    return page, wrong


def spread_evenly(units: Sequence[Path], shards: int) -> Iterator[list[Path]]:
    """The folders in so many groups of about as many files, as a CI would hand them to its machines."""
    sizes = sorted(((sum(1 for _ in unit.rglob("*.py")), unit) for unit in units), reverse=True)
    groups: list[list[Path]] = [[] for _ in range(min(shards, len(units)))]
    loads = [0] * len(groups)
    for size, unit in sizes:
        least = loads.index(min(loads))
        groups[least].append(unit)
        loads[least] += size
    return iter(groups)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", action="store_true", help="the curves alone")
    parser.add_argument("--monorepo", type=int, nargs="?", const=MONOREPO, metavar="FILES", help="the monorepo alone")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the packages and the links are kept")
    parser.add_argument("--output", type=Path, help="write the page there as well")
    options = parser.parse_args()
    both = not options.curves and options.monorepo is None
    place = options.cache.resolve() / "scale"
    place.mkdir(parents=True, exist_ok=True)
    sources = list(fetch(options.cache.resolve()).values())
    machine = f"CPython {platform.python_version()}, {os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}."
    page = ["# Figures of growth", "", f"Written by `python -m benchmarks.scale`. {machine}", ""]
    wrong: list[str] = []
    if both or options.curves:
        lines, bad = curves(sources, place)
        page, wrong = page + lines, wrong + bad
    if both or options.monorepo is not None:
        lines, bad = monorepo(sources, place, options.monorepo or MONOREPO)
        page, wrong = page + lines, wrong + bad
    text = "\n".join(page).rstrip() + "\n"
    if options.output is not None:
        options.output.write_text(text, encoding="utf-8")
    print(text)
    for problem in wrong:
        print(f"WRONG {problem}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
