"""Runs the fixtures with the real libraries, and holds what was measured against the linter's verdicts.

python -m tests.parity.comparing [FIXTURE]...        writes docs/parity.md, or the rows of these fixtures in it
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bglint.engine import run
from bglint.settings import SettingsResolver
from tests.parity import data
from tests.parity.applications import APPLICATIONS, NOT_INSTALLED, NOT_RUN, Application
from tests.parity.measuring import HEAVY_MS, SECONDS_MS, Measured, Specification

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
VERDICTS: Final = ("cpu", "cpu-async", "blocking-async", "slow-io", "offloaded", "enqueue", "light")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One registration: the linter's word for it, and what its task did."""

    folder: str
    place: str
    verdict: str
    category: str
    measured: Measured

    @property
    def on_loop(self) -> bool:
        return self.measured.place == "event loop"

    @property
    def missing(self) -> str | None:
        """The package for want of which the task failed, if it is one that the tests do not install."""
        return next(
            (name for name in (*NOT_INSTALLED, *unusable()) if f"No module named '{name}" in self.measured.error), None
        )

    @property
    def row(self) -> str:
        """The beginning of its row in the table: which task it is, and what the linter says of it."""
        name = self.measured.name.replace("|", "\\|")
        return f"| {self.folder} | `{name}` | {self.verdict} | {self.category} |"

    @property
    def behaviour(self) -> str:
        """What the task did, in one phrase. Computing counts in all threads of the process and in programs it ran."""
        did = self.measured
        computed = max(did.cpu_ms, did.process_cpu_ms)
        if did.place == "process" and did.cpu_ms >= HEAVY_MS:
            return "had it computed elsewhere"
        if did.loop_cpu_ms >= HEAVY_MS:
            return "held the loop, and computed"
        if did.busy_ms >= HEAVY_MS:
            # Argon2 computes in threads of its own while the one that called it waits.
            return "held the loop, and computed" if computed >= HEAVY_MS else "held the loop, waiting"
        if not self.on_loop and computed >= HEAVY_MS:
            return "computed in a worker thread"
        if computed + did.children_cpu_ms >= HEAVY_MS and self.on_loop:
            return "had it computed elsewhere"
        if did.duration_ms >= SECONDS_MS:
            return "waited for seconds"
        if did.duration_ms >= HEAVY_MS:
            return "waited"
        return "enqueued" if did.queue_commands else "took no time"

    def disagreement(self) -> str | None:
        """Say how the measurement contradicts the verdict; None where it does not, or where nothing was measured."""
        did = self.measured
        if self.missing is not None:
            return None
        if did.outcome != "finished":
            return f"the task {did.outcome}: {did.error}"
        expected = {
            "cpu": {"computed in a worker thread"},
            "cpu-async": {"held the loop, and computed"},
            # What the operating system does for a blocking call counts as CPU time of the thread that made it.
            "blocking-async": {"held the loop, waiting", "held the loop, and computed"},
            "slow-io": {"waited for seconds", "had it computed elsewhere"},
            "offloaded": {"had it computed elsewhere", "waited for seconds", "waited", "took no time"},
            "enqueue": {"enqueued", "took no time", "waited"},
            "light": {"took no time", "waited", "enqueued"},
        }[self.verdict]
        if self.behaviour in expected:
            return None
        figures = ", ".join(
            f"{name} {value:.0f}" for name, value in asdict(did).items() if name.endswith("_ms") and value >= 1
        )
        return f"the linter says {self.verdict}, but the task {self.behaviour} ({figures})"


@dataclass(frozen=True, slots=True, eq=False)
class Systems:
    """The servers that tasks talk to: their ports, and the authority that they are certified by."""

    ports: dict[str, int]
    certificate: Path


@contextmanager
def other_systems(folder: Path) -> Iterator[Systems]:
    """Start the servers that tasks talk to, with their files in a folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        redis_port = probe.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.parity.services", str(folder)]
    services = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    options = ["--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    redis = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        assert services.stdout is not None
        ports = json.loads(services.stdout.readline())
        while _refuses(redis_port):
            time.sleep(0.02)
        yield Systems({**ports, "6379": redis_port}, folder / "ca.pem")
    finally:
        services.communicate()
        redis.terminate()
        redis.wait()


def unusable() -> list[str]:
    """The packages that are installed, and of no use without a library of the system."""
    return [] if find_library("pangoft2-1.0") else ["weasyprint"]


def _refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def measure(
    application: Application, ports: dict[str, int], folder: Path, certificate: Path, *, thorough: bool
) -> list[Measured]:
    """Run the tasks of an application in a process of its own, one after the other."""
    made, work, programs = folder / "data", folder / "work", folder / "bin"
    for each in (made, work, programs):
        each.mkdir(parents=True, exist_ok=True)
    data.make(application.data, made)
    _link_programs(programs)
    root = ROOT / "fixtures" / application.folder
    specification = Specification(
        roots=[str(root / name) for name in application.roots],
        applications=application.application.split(),
        values=application.values,
        left_out=[*application.left_out],
        data=str(made),
        ports=ports,
        requests=[*application.requests],
        frameworks=[*application.frameworks],
        registrations=application.registrations,
        absent=[*application.absent, *unusable()],
        state=application.state,
        thorough=thorough or application.pays_once,
    )
    given, result = folder / "specification.json", folder / "measured.json"
    given.write_text(json.dumps(asdict(specification)))
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "SSL_CERT_FILE": str(certificate),
        "REQUESTS_CA_BUNDLE": str(certificate),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "Agg",
        "INNGEST_DEV": "1",
        "OPENAI_API_KEY": "none",
        "ANTHROPIC_API_KEY": "none",
        "CRM_URL": "https://crm.example.com",
    }
    command = [sys.executable, "-m", "tests.parity.measuring", str(given), str(result)]
    ran = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)
    assert result.exists(), f"{application.folder} could not be run:\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
    return [Measured(**each) for each in json.loads(result.read_text())]


def _link_programs(folder: Path) -> None:
    import imageio_ffmpeg

    if not (folder / "ffmpeg").exists():
        (folder / "ffmpeg").symlink_to(imageio_ffmpeg.get_ffmpeg_exe())


def compare(application: Application, measured: list[Measured]) -> list[Comparison]:
    """Find the verdict for each task; of one that a line registers more than once, the heaviest run counts."""
    root = ROOT / "fixtures" / application.folder
    tasks = {
        (task.span.filename, task.span.start.row): task
        for task in run([str(root)], SettingsResolver(cli_overrides={})).tasks
    }
    heaviest: dict[tuple[str, int], Measured] = {}
    names: dict[tuple[str, int], list[str]] = {}
    for each in measured:
        given = [(filename, row) for filename, row in each.through if (filename, row) in tasks]
        for key in [(each.filename, each.row), *given]:
            if each.name not in names.setdefault(key, []):
                names[key].append(each.name)
            if key not in heaviest or _weight(each) > _weight(heaviest[key]):
                heaviest[key] = each
    found = []
    for (filename, row), each in heaviest.items():
        task = tasks[filename, row]
        place = f"{Path(filename).relative_to(root)}:{row}"
        named = replace(each, name=", ".join(names[filename, row]))
        found.append(Comparison(application.folder, place, task.verdict, task.category or "", named))
    return found


def _weight(measured: Measured) -> float:
    return measured.cpu_ms + measured.busy_ms


def compared(application: Application, systems: Systems, *, thorough: bool = False) -> list[Comparison]:
    """Run an application, and compare; nothing else may use these systems meanwhile."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        measured = measure(application, systems.ports, Path(name), systems.certificate, thorough=thorough)
        return compare(application, measured)


def compared_alone(application: Application) -> list[Comparison]:
    """Run an application thoroughly, with systems of its own, and compare."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, other_systems(Path(name)) as systems:
        return compared(application, systems, thorough=True)


def rows_of(comparisons: list[Comparison]) -> list[str]:
    """The comparisons as rows of the table."""
    rows = []
    for each in comparisons:
        did = each.measured
        cpu = did.loop_cpu_ms if each.on_loop else max(did.cpu_ms, did.process_cpu_ms)
        rows.append(f"{each.row} {each.behaviour} | {did.duration_ms:.0f} | {cpu:.0f} | {did.busy_ms:.0f} |")
    return rows


def rows_in(page: str) -> dict[str, list[str]]:
    """The rows of the table by their fixture, as the page has them."""
    rows: dict[str, list[str]] = {}
    for line in page.splitlines():
        if line.startswith("| ") and "| `" in line and len(line.split(" | ")) == 8:
            rows.setdefault(line.split(" | ")[0].removeprefix("| "), []).append(line)
    return rows


def machine() -> str:
    """What measures: the processor, the load at the beginning, and the versions that matter."""
    information = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.+)", information)
    packages = ", ".join(f"{name} {version(name)}" for name in ("fastapi", "pillow", "pandas", "reportlab", "moviepy"))
    return (
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}, {packages}"
    )


def table(by_folder: dict[str, list[str]], of_one_run: str | None) -> str:
    """The rows as a page, in the order of the applications; `of_one_run` is the machine, where all are of one run."""
    rows = [row for application in APPLICATIONS for row in by_folder.get(application.folder, ())]
    verdicts = [row.split(" | ")[2] for row in rows]
    summary = ", ".join(f"{count} {verdict}" for verdict in VERDICTS if (count := verdicts.count(verdict)))
    lines = [(ROOT / "tests" / "parity" / "page.md").read_text().rstrip(), ""]
    lines += [f"{len(rows)} tasks: {summary}.", ""]
    lines += [f"All are of one run: {of_one_run}." if of_one_run else "They are of several runs.", ""]
    lines += ["| fixture | task | verdict | work | measured | wall | CPU | held the loop |"]
    lines += ["| --- | --- | --- | --- | --- | ---: | ---: | ---: |"]
    lines += [*rows, "", "## Not run", "", "| fixture | registered by a line with | why |", "| --- | --- | --- |"]
    for application in APPLICATIONS:
        for pattern, reason in application.left_out.items():
            words = ", ".join(f"`{word}`" for word in pattern.split("|"))
            lines.append(f"| {application.folder} | {words} | {reason} |")
    lines += [f"| {folder} | all | {why} |" for folder, why in sorted(NOT_RUN.items())]
    packages = ", ".join(f"`{name}` ({why})" for name, why in NOT_INSTALLED.items())
    lines += ["", f"Tasks that need a package which the tests do not install are not run either: {packages}.", ""]
    return "\n".join(lines)


def main(folders: list[str]) -> int:
    """Run everything, or these folders alone, write the page, and print what disagrees."""
    page = ROOT / "docs" / "parity.md"
    rows = rows_in(page.read_text())
    chosen = [each for each in APPLICATIONS if each.folder in folders or not folders]
    disagreements = 0
    of_one_run = None if folders else f"{date.today():%Y-%m-%d}, {machine()}"
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for application, found in zip(chosen, pool.map(compared_alone, chosen), strict=True):
            rows[application.folder] = rows_of([each for each in found if each.missing is None])
            print(f"{application.folder}: {len(found)} tasks", flush=True)
            for each in found:
                if (why := each.disagreement()) is not None:
                    print(f"  {each.place} {each.measured.name}: {why}", flush=True)
                    disagreements += 1
            page.write_text(table(rows, of_one_run))
    return disagreements > 0


if __name__ == "__main__":
    assert shutil.which("redis-server"), "The comparison needs a Redis server: apt-get install redis-server"
    sys.exit(main(sys.argv[1:]))
