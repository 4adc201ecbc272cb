"""bglint beside ruff, in one run: time and peak memory on a large tree, on one application, and how they grow.

Warm runs are measured with nothing changed, and after a module was edited: one that a task leads to, and one that
none does. One file comes by stdin, and keys are pressed before the language server.

    python benchmarks/lint.py [--rounds N] [--cache DIR] [--peers] [--output docs/benchmarks.md]

The tree is made of packages from PyPI, downloaded once into the cache folder, which must not lie in the repository.
The tools take turns, round by round, so that a noisy machine disturbs all alike; the figures are medians. A cold run is
without the tools' caches, a warm one has them from a run before; the files themselves are read once beforehand. The
floor is a script that reads every file once and does nothing with it.
The peers are flake8-async, Fixit and pylint, installed into an environment of their own below the cache folder, and
evloop-lint, which follows calls through the whole program too, if it is on the path (it is on GitHub alone). They are
run once, on the application alone: they take minutes where bglint takes a second, and would take hours on the tree.
Exits with 1 when a limit is not met.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.made import make_project

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = (
    "r2r==3.6.6",
    "lightrag-hku==1.5.7",
    "apache-airflow-core==3.3.2",
    "prefect==3.9.1",
    "django==5.2.19",
    "langchain-community==0.4.2",
    "mlflow-skinny==3.17.2",
    "sympy==1.14.0",
    "transformers==5.23.0",
    "homeassistant==2024.3.3",
)
"""Wheels without compiled code, the smaller ones first: the growth curve takes them in this order."""
APPLICATION: Final = "r2r==3.6.6"
UNRELATED: Final = "shared/utils/splitter/text.py"
"""A large module of the application that no task leads to."""
MINIMUM_FILES: Final = 15_000


PEERS: Final = ("flake8==7.5.0", "flake8-async==26.8.1", "fixit==2.2.1", "pylint==4.1.4")
FIXIT_RULE: Final = "fixit.rules:UseAsyncSleepInAsyncDef"
PYLINT_CHECKS: Final = (
    "await-outside-async,async-context-manager-with-regular-with,yield-inside-async-function,not-async-context-manager"
)
"""All that pylint has on async code; nothing of it is about background tasks."""
PEERS_NOTE: Final = (
    f"{', '.join(PEERS).replace('==', ' ')}, with their checks of async code alone: `ASYNC` of flake8-async, "
    f"`{FIXIT_RULE.partition(':')[2]}` of Fixit, and `{PYLINT_CHECKS.replace(',', '`, `')}` of pylint; "
    "evloop-lint, where there is a line of it, as it comes."
)

KEYSTROKE_LINES: Final = 1000
KEYSTROKE_TASKS: Final = 10
FURTHER_TASKS: Final = 30
"""How many tasks are added to the application, which has few of its own."""
SETTLED_S: Final = 3.0
"""How long the tools' files have to be left alone for bglint's cache to trust their times."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took, in seconds and MiB."""

    wall: float
    cpu: float
    memory: float


HEAD: Final = ("| what | at most | measured | |", "| --- | ---: | ---: | --- |")

Command = Callable[[Sequence[Path]], list[str]]

_READ_ALL: Final = """
import os, sys
buffer = bytearray(1 << 20)
waiting = sys.argv[1:]
while waiting:
    for entry in os.scandir(waiting.pop()):
        if entry.is_dir(follow_symlinks=False):
            waiting.append(entry.path)
        elif entry.name.endswith((".py", ".pyi")):
            descriptor = os.open(entry.path, os.O_RDONLY)
            while os.readv(descriptor, [buffer]) == len(buffer):
                pass
            os.close(descriptor)
"""


def bglint(paths: Sequence[Path]) -> list[str]:
    options = ["check", "--isolated", "--quiet", "--exit-zero", "--no-cache", "--output-format", "concise"]
    return [sys.executable, "-P", "-m", "bglint", *options, *map(str, paths)]


def ruff(paths: Sequence[Path]) -> list[str]:
    options = ["check", "--isolated", "--quiet", "--exit-zero", "--no-cache", "--select", "ASYNC,RUF006"]
    return [str(Path(sys.executable).with_name("ruff")), *options, "--output-format", "concise", *map(str, paths)]


def floor(paths: Sequence[Path]) -> list[str]:
    return [sys.executable, "-P", "-c", _READ_ALL, *map(str, paths)]


def warm(command: Command, cache: Path) -> Command:
    """The command with a cache."""

    def with_cache(paths: Sequence[Path]) -> list[str]:
        return [each for each in command(paths) if each != "--no-cache"] + ["--cache-dir", str(cache)]

    return with_cache


def edited(command: Command, module: Path) -> Command:
    """The command, each time after a statement was added to a module."""

    def after_an_edit(paths: Sequence[Path]) -> list[str]:
        with module.open("a", encoding="utf-8") as file:
            file.write("edited = True\n")
        return command(paths)

    return after_an_edit


def from_stdin(module: Path) -> Command:
    """The command for the text of one module."""
    return lambda _paths: [*bglint([]), "--stdin-filename", str(module), "-"]


def install_peers(cache: Path) -> dict[str, Command]:
    """Install the other linters where they are not yet; return the command of each, with what it has on async code."""
    programs = cache / "peers" / "-".join(PEERS) / "bin"
    if not programs.exists():
        print(f"installing {', '.join(PEERS)}", file=sys.stderr)
        half = Path(tempfile.mkdtemp(dir=cache))
        subprocess.run([sys.executable, "-m", "venv", str(half)], check=True)
        subprocess.run([str(half / "bin" / "python"), "-m", "pip", "install", "--quiet", *PEERS], check=True)
        shutil.rmtree(programs.parent, ignore_errors=True)
        programs.parent.parent.mkdir(exist_ok=True)
        half.rename(programs.parent)
    python = [str(programs / "python"), "-P", "-m"]
    jobs = str(os.cpu_count())
    flake8 = ["flake8", "--isolated", "--exit-zero", "--jobs", jobs, "--select", "ASYNC"]
    pylint = ["pylint", "--rcfile", os.devnull, "--exit-zero", "--jobs", jobs, "--disable=all"]
    fixit = [*python, "fixit", "--config-file", os.devnull, "--rules", FIXIT_RULE, "lint"]
    found_something = ["sh", "-c", '"$@" || test $? = 1', "sh"]  # Fixit's status, which it has no option for
    evloop_lint = ["evloop-lint", "--isolated", "--exit-zero"]
    whole_program: dict[str, Command] = {"evloop-lint": lambda paths: [*evloop_lint, *map(str, paths)]}
    return {
        **(whole_program if shutil.which("evloop-lint") else {}),
        "flake8-async": lambda paths: [*python, *flake8, *map(str, paths)],
        "Fixit": lambda paths: [*found_something, *fixit, *map(str, paths)],
        "pylint": lambda paths: [*python, *pylint, f"--enable={PYLINT_CHECKS}", *map(str, paths)],
    }


def _version(_paths: Sequence[Path]) -> list[str]:
    return [sys.executable, "-P", "-m", "bglint", "--version"]


def _click(_paths: Sequence[Path]) -> list[str]:
    return [sys.executable, "-P", "-c", "import click"]


def _rule(_paths: Sequence[Path]) -> list[str]:
    return [sys.executable, "-P", "-m", "bglint", "rule", "BG101"]


def measure(command: list[str]) -> Usage:
    """Run a command to its end; its output is dropped. A file that it is to have from stdin is given to it."""
    at = command.index("--stdin-filename") + 1 if "--stdin-filename" in command else 0
    with Path(command[at] if at else os.devnull).open("rb") as given:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment()
        )
    assert process.stderr
    errors = process.stderr.read().decode("utf-8", "replace")
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command[:4])} … ended with {process.returncode}:\n{errors[-2000:]}")
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("RUFF_", "PYTHON"))}


def compare(tools: dict[str, Command], paths: Sequence[Path], rounds: int) -> dict[str, Usage]:
    """Let the tools take turns; return the medians of each."""
    runs: dict[str, list[Usage]] = {name: [] for name in tools}
    for number in range(rounds + 1):
        for name, command in tools.items():
            usage = measure(command(paths))
            if number:  # the first round reads the files into memory
                runs[name].append(usage)
    return {name: _median(usages) for name, usages in runs.items()}


def _median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        statistics.median(usage.wall for usage in usages),
        statistics.median(usage.cpu for usage in usages),
        statistics.median(usage.memory for usage in usages),
    )


def fetch(cache: Path) -> dict[str, Path]:
    """Download and unpack the packages that the cache lacks; return the folder of each."""
    folders = {}
    for package in PACKAGES:
        folder = folders[package] = cache / "tree" / package.replace("==", "-")
        if folder.exists():
            continue
        print(f"downloading {package}", file=sys.stderr)
        wheels = cache / "wheels" / folder.name
        options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "--quiet", "--dest", str(wheels)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, package], check=True)
        (wheel,) = wheels.glob("*.whl")
        unpacked = folder.with_suffix(".part")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unpacked, [name for name in archive.namelist() if name.endswith((".py", ".pyi"))])
        unpacked.rename(folder)
    return folders


def count(paths: Iterable[Path]) -> int:
    return sum(1 for path in paths for _ in path.rglob("*.py"))


def size(paths: Iterable[Path]) -> float:
    return sum(file.stat().st_size for path in paths for file in path.rglob("*.py")) / 1e6


def table(figures: dict[str, Usage]) -> list[str]:
    own = figures["bglint"]
    lines = ["| tool | wall s | CPU s | peak MiB | wall: bglint ÷ tool | memory: bglint ÷ tool |"]
    lines.append("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, usage in figures.items():
        ratios = f"{own.wall / usage.wall:.2f} | {own.memory / usage.memory:.2f}"
        lines.append(f"| {name} | {usage.wall:.2f} | {usage.cpu:.2f} | {usage.memory:.0f} | {ratios} |")
    return lines


def curve(tools: dict[str, Command], folders: Sequence[Path], rounds: int) -> list[str]:
    """The figures on the first package, the first two, …"""
    lines = ["| files | MB | background tasks | bglint s | bglint MiB | ruff s | ruff MiB |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for end in range(1, len(folders) + 1):
        paths = folders[:end]
        figures = compare(tools, paths, rounds)
        own, peer = figures["bglint"], figures["ruff"]
        sizes = f"{count(paths):,} | {size(paths):.0f} | {tasks(paths)}"
        lines.append(f"| {sizes} | {own.wall:.2f} | {own.memory:.0f} | {peer.wall:.2f} | {peer.memory:.0f} |")
        print(lines[-1], file=sys.stderr)
    return lines


def tasks(paths: Sequence[Path]) -> int:
    """How many background tasks bglint lists there."""
    options = ["--isolated", "-q", "--no-cache", "--output-format", "json-lines"]
    command = [sys.executable, "-P", "-m", "bglint", "tasks", *options]
    result = subprocess.run([*command, *map(str, paths)], capture_output=True, check=True, env=_environment())
    return len(result.stdout.splitlines())


def make_application(package: Path, folder: Path) -> Path:
    """Copy a package, and give it a module that registers further tasks, each of which leads to a module of its own."""
    application = folder / package.name
    shutil.copytree(package, application)
    return make_project(application, KEYSTROKE_LINES, FURTHER_TASKS)


def keystroke() -> float:
    """The median of the milliseconds that an editor waits for the findings after a key was pressed."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("keystroke.py"))]
    sizes = ["--lines", str(KEYSTROKE_LINES), "--tasks", str(KEYSTROKE_TASKS)]
    result = subprocess.run([*command, *sizes], capture_output=True, text=True, check=False, env=_environment())
    found = re.search(r"median (\d+) ms", result.stdout)
    if found is None:
        sys.exit(f"keystroke.py ended with {result.returncode}:\n{result.stderr[-2000:]}")
    return float(found[1])


class Limit(NamedTuple):
    """What an issue asks for, and what was measured."""

    what: str
    measured: float
    most: float
    unit: str = ""

    @property
    def is_met(self) -> bool:
        """Whether it is no more than allowed."""
        return self.measured <= self.most

    def row(self) -> str:
        """The row of the table."""
        met = "met" if self.is_met else "not met"
        return f"| {self.what} | {self.most:g}{self.unit} | {self.measured:.2f}{self.unit} | {met} |"


def report(folders: dict[str, Path], module: Path, rounds: int, peers: dict[str, Command]) -> tuple[str, list[str]]:
    """Measure everything, the `module` that registers most tasks; return the page, and the limits that were missed."""
    tools: dict[str, Command] = {"bglint": bglint, "ruff": ruff}
    everything, application = [*folders.values()], [folders[APPLICATION]]
    helper = next(module.parent.glob("media_*.py"))
    unrelated = application[0] / UNRELATED
    assert unrelated.is_file(), unrelated
    files = count(everything)
    assert files >= MINIMUM_FILES, files
    large = compare(tools | {"floor": floor}, everything, rounds)
    small = compare(tools, application, rounds)
    with tempfile.TemporaryDirectory() as cache:
        taken = {name: warm(command, Path(cache) / name) for name, command in tools.items()}
        after = {
            "bglint, a helper edited": edited(taken["bglint"], helper),
            "bglint, another module edited": edited(taken["bglint"], unrelated),
        }
        text = warm(from_stdin(module), Path(cache) / "bglint")
        for paths in (everything, application):
            for command in taken.values():
                measure(command(paths))
        time.sleep(SETTLED_S)
        large_warm, small_warm = compare(taken, everything, rounds), compare(taken, application, rounds)
        stdin = compare({"bglint": text}, [], rounds)
        large_edited = compare({"bglint": taken["bglint"], **after}, everything, rounds)
        small_edited = compare({"bglint": taken["bglint"], **after}, application, rounds)
    start = compare({"bglint": _version, "bglint rule BG101": _rule, "python and click": _click}, [], rounds)
    small |= {name: measure(command(application)) for name, command in peers.items()}
    peer = small.get("flake8-async")
    growth = curve(tools, everything, max(1, rounds // 2))
    click = start["python and click"].wall
    limits = [
        Limit("tree, cold: wall time ÷ ruff's", large["bglint"].wall / large["ruff"].wall, 0.4),
        Limit("tree, cold: wall time ÷ the floor's", large["bglint"].wall / large["floor"].wall, 2.5),
        Limit("tree, warm: wall time ÷ ruff's", large_warm["bglint"].wall / large_warm["ruff"].wall, 1.0),
        *(
            Limit(f"{place}, warm, {name.partition(', ')[2]}: ÷ unchanged", usage.wall / runs["bglint"].wall, 1.3)
            for place, runs in (("tree", large_edited), ("application", small_edited))
            for name, usage in runs.items()
            if name != "bglint"
        ),
        Limit("application, cold", small["bglint"].wall, 0.6, " s"),
        *([Limit("application, cold: ÷ flake8-async", small["bglint"].wall / peer.wall, 0.01)] if peer else []),
        Limit("application, warm", small_warm["bglint"].wall, 0.12, " s"),
        Limit("one file by stdin, warm", stdin["bglint"].wall, 0.15, " s"),
        Limit(f"a keystroke in {KEYSTROKE_LINES:,} lines", keystroke(), 50, " ms"),
        Limit("`--version`: wall time ÷ python and click", start["bglint"].wall / click, 2.5),
        Limit("`rule BG101`: wall time ÷ python and click", start["bglint rule BG101"].wall / click, 2.5),
        Limit("tree, cold: peak memory ÷ ruff's", large["bglint"].memory / large["ruff"].memory, 1.5),
    ]
    earlier = [
        Limit("tree, cold: wall time ÷ ruff's", large["bglint"].wall / large["ruff"].wall, 0.7),
        Limit("tree, cold: peak memory ÷ ruff's", large["bglint"].memory / large["ruff"].memory, 2.0),
        Limit("application, cold", small["bglint"].wall, 1.0, " s"),
    ]
    missed = [f"{limit.what}: {limit.measured:.2f}" for limit in (*limits, *earlier) if not limit.is_met]
    page = [
        "# Benchmarks",
        "",
        "Written by `python benchmarks/lint.py`, which needs `pip install -e . --group dev`, downloads the packages",
        "once and lets the tools take turns. Compare the ratios rather than the seconds.",
        "",
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, "
        f"{platform.machine()};",
        f"ruff {metadata.version('ruff')} (`check --no-cache --select ASYNC,RUF006`),",
        f"bglint {metadata.version('bglint')};",
        f"medians of {rounds} runs each; load average over the last five minutes {os.getloadavg()[1]:.1f}.",
        "",
        f"## A tree of {files:,} files",
        "",
        f"{size(everything):.0f} MB of Python: {', '.join(package.replace('==', ' ') for package in folders)}.",
        "",
        *table(large),
        "",
        "With the tools' caches, and nothing changed:",
        "",
        *table(large_warm),
        "",
        "After an edit, each time another one; a task leads to the helper, and none to the other module:",
        "",
        *table(large_edited),
        "",
        f"## One application of {count(application)} files",
        "",
        f"{APPLICATION.replace('==', ' ')}, and {FURTHER_TASKS} further tasks in a module of their own, each of which "
        f"leads to one more module: {tasks(application)} background tasks.",
        "",
        *table(small),
        "",
        *([PEERS_NOTE, ""] if peers else []),
        "With the tools' caches, and nothing changed:",
        "",
        *table(small_warm),
        "",
        "After an edit:",
        "",
        *table(small_edited),
        "",
        "One of its files by `--stdin-filename`, the same text as before:",
        "",
        *table(stdin),
        "",
        "## `bglint --version` and `bglint rule BG101`",
        "",
        *table(start),
        "",
        "## Growth",
        "",
        "The packages are added one by one. bglint searches the bytes of every file, and parses only those that may",
        "register a task and those that the tasks lead to.",
        "",
        *growth,
        "",
        "## Limits",
        "",
        'Those of the issue "Fast at any size":',
        "",
        *HEAD,
        *(limit.row() for limit in limits),
        "",
        "And those of the first version:",
        "",
        *HEAD,
        *(limit.row() for limit in earlier),
    ]
    return "\n".join(page) + "\n", missed


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bglint-benchmarks"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how many runs of each tool count")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where the packages are kept")
    parser.add_argument("--peers", action="store_true", help="other linters as well, on the application")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to write")
    options = parser.parse_args()
    cache = options.cache.resolve()
    if cache.is_relative_to(ROOT):
        parser.error("the cache must not lie in the repository")
    folders = fetch(cache)
    with tempfile.TemporaryDirectory(dir=cache) as name:
        module = make_application(folders[APPLICATION], Path(name))
        folders[APPLICATION] = module.parents[1]
        page, missed = report(folders, module, options.rounds, install_peers(cache) if options.peers else {})
    options.output.write_text(page, encoding="utf-8")
    print(page)
    if missed:
        sys.exit("missed: " + "; ".join(missed))


if __name__ == "__main__":
    main()
