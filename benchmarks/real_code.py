"""Lints real code at scale: some forty large packages, the standard library with its tests, and applications.

    python benchmarks/real_code.py [--folder DIR] [--jobs N] [--timeout SECONDS] [--only NAME ...] [APPLICATIONS ...]

Packages are downloaded once, as wheels of the versions named here, and unpacked below `--folder`, which lies outside of
the repository. An APPLICATIONS folder holds one application in each of its folders, checked out or as a bare Git
repository. Each is linted with all rules by a process of its own. What was found is compared with the last run, line by
line, so that a change of bglint shows what it changes. Exits with 1 where a run crashed, was ended for its time or
said an error.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES: Final = (
    "aiohttp==3.14.5", "ansible-core==2.19.14", "apache-airflow-core==3.3.2", "bokeh==3.9.2", "botocore==1.44.8",
    "celery==5.7.0", "dask==2026.8.0", "distributed==2026.8.0", "django==5.2.19", "djangorestframework==3.18.3",
    "fastapi==0.165.0", "flask==3.1.3", "hypothesis==6.170.17", "ipython==9.18.1", "langchain-community==0.4.2",
    "litestar==2.25.0", "matplotlib==3.11.2", "mypy==2.4.1", "networkx==3.6.1", "numpy==2.4.6", "openai==3.57.0",
    "pandas==3.1.1", "pip==26.3", "prefect==3.9.1", "pydantic==2.14.4", "pylint==4.1.4", "pytest==9.2.0",
    "quart==0.22.0", "requests==2.34.2", "sanic==25.12.1", "scikit-learn==1.9.1", "scrapy==2.19.0",
    "setuptools==84.2.1", "sqlalchemy==2.1.9", "starlette==1.10.0", "statsmodels==0.15.0", "sympy==1.14.0",
    "tornado==6.6.1", "transformers==5.24.0", "twisted==26.10.0", "wagtail==8.0.1",
)  # fmt: skip
READ: Final = (".py", ".pyi", ".toml", ".txt", ".cfg", ".lock")
"""What is unpacked of a bare repository."""
SHOWN: Final = 20
"""How many changed lines of one package are printed; all are in its file."""


@dataclass(frozen=True)
class Result:
    """How linting one tree ended. `error` is empty where it went well."""

    name: str
    files: int
    seconds: float
    lines: tuple[str, ...]
    error: str = ""


def unpacked(requirement: str, folder: Path) -> Path:
    """The folder of a package's wheel, which is downloaded where it is not there yet."""
    target = folder / "packages" / requirement
    if not target.exists():
        wheels = folder / "wheels" / requirement
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(wheels)]
        if not list(wheels.glob("*.whl")):
            subprocess.run([*pip, requirement], check=True)
        half = target.with_name(f"{target.name}.part")
        for wheel in wheels.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(half, [name for name in archive.namelist() if name.endswith((".py", ".pyi"))])
            wheel.unlink()
        half.rename(target)
    return target


def applications(folder: Path, kept: Path) -> Iterator[tuple[str, Path]]:
    """The applications in a folder; a bare repository's last commit is unpacked first."""
    for path in sorted(each for each in folder.iterdir() if each.is_dir()):
        bare = next((head.parent for head in (path / "HEAD", *path.glob("*/HEAD")) if head.is_file()), None)
        if bare is None:
            yield path.name, path
            continue
        target = kept / "applications" / path.name
        if not target.exists():
            half = target.with_name(f"{target.name}.part")
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            if _unpack(bare, half):
                half.rename(target)
        yield path.name, target


def _unpack(bare: Path, target: Path) -> bool:
    """Write what bglint reads of a bare repository's last commit; return whether all of it is there."""
    git = ["git", "-C", str(bare)]
    names = subprocess.run([*git, "ls-tree", "-r", "-z", "--name-only", "HEAD"], capture_output=True, check=False)
    globs = [f":(glob)**/*{suffix}" for suffix in READ if f"{suffix}\0".encode() in names.stdout]
    if not globs:
        return names.returncode == 0
    archive = subprocess.run([*git, "archive", "HEAD", *globs], capture_output=True, check=False)
    if archive.returncode:
        return False
    return subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=False).returncode == 0


def linted(name: str, path: Path, timeout: float) -> Result:
    """Lint a tree with all rules."""
    options = ["--no-cache", "--isolated", "--no-respect-gitignore", "--select", "ALL", "--exit-zero", "-j", "1", "-v"]
    command = [sys.executable, "-P", "-m", "bglint", "check", *options, "--output-format", "json", "."]
    if not path.is_dir():
        return Result(name, 0, 0, (), "not all that its last commit holds is there")
    started = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=path, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return Result(name, 0, timeout, (), f"not done after {timeout:.0f} s")
    seconds = time.perf_counter() - started
    said = done.stderr.decode("utf-8", "replace").splitlines()
    if done.returncode or any(line.startswith(("error:", "Traceback")) for line in said):
        return Result(name, 0, seconds, (), f"exit status {done.returncode}: {' | '.join(said[-3:])}")
    files = next((int(line.split()[1]) for line in reversed(said) if " files in " in line and "debug:" in line), 0)
    lines = (
        f"{os.path.relpath(each['filename'], path)}:{each['location']['row']}:{each['location']['column']}: "
        f"{each['code']} {each['message']}"
        for each in json.loads(done.stdout)
    )
    return Result(name, files, seconds, tuple(sorted(lines)))


def changed(result: Result, folder: Path) -> list[str]:
    """The lines that the last run did not have, or had in addition; what was found is kept for the next."""
    path = folder / "results" / f"{result.name}.txt"
    before = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in result.lines), encoding="utf-8", errors="backslashreplace")
    if before is None:
        return []
    after = set(path.read_text(encoding="utf-8").splitlines())
    return [f"- {line}" for line in sorted(before - after)] + [f"+ {line}" for line in sorted(after - before)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("applications", nargs="*", type=Path, metavar="APPLICATIONS")
    parser.add_argument("--folder", type=Path, default=Path.home() / ".cache/bglint-real-code")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=600)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these packages, or `stdlib`")
    parser.add_argument("--no-packages", action="store_true", help="the applications alone")
    options = parser.parse_args()

    def wanted(name: str) -> bool:
        return not options.only or name.partition("==")[0] in options.only

    known = {name.partition("==")[0] for name in PACKAGES} | {"stdlib"}
    if unknown := sorted({*options.only} - known):
        parser.error(f"--only: no such package here: {', '.join(unknown)}")
    if missing := [str(folder) for folder in options.applications if not folder.is_dir()]:
        parser.error(f"no such folder: {', '.join(missing)}")
    trees: list[tuple[str, Path]] = []
    if not options.no_packages:
        trees += [(name, unpacked(name, options.folder)) for name in PACKAGES if wanted(name)]
        trees += [("stdlib", Path(sysconfig.get_path("stdlib")))] if wanted("stdlib") else []
    for folder in options.applications:
        trees += applications(folder, options.folder)
    failed = differing = files = findings = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda tree: linted(tree[0], tree[1], options.timeout), trees):
            if result.error:
                failed += 1
                print(f"{result.name}: {result.error}", flush=True)
                continue
            files += result.files
            findings += len(result.lines)
            lines = changed(result, options.folder)
            differing += bool(lines)
            said = f"{result.files:6,} files {result.seconds:6.1f} s {len(result.lines):5} findings"
            print(f"{said}  {result.name}{f': {len(lines)} lines differ' if lines else ''}", flush=True)
            for line in lines[:SHOWN]:
                print(f"    {line}")
            if len(lines) > SHOWN:
                print(f"    and {len(lines) - SHOWN} more")
    trees_said = f"{len(trees)} trees, {files:,} files, {findings} findings"
    print(f"{trees_said}, {failed} failed, {differing} differ from the last run")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
