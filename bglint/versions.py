"""Which versions of a library a project runs with, as far as its own files say."""

from __future__ import annotations

import json
import os
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bglint.advice import DEPENDENCY_FILES, read_text
from bglint.noting import note_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

Version = tuple[int, ...]

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PIPFILE_LOCK = "Pipfile.lock"
_NOT_THE_APPLICATION = frozenset({
    "node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "env", "build", "dist",
    "test", "tests", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "samples",
})  # fmt: skip
_MAX_LEVELS = 3
_MAX_FOLDERS = 500
_ENDLESS: Version = (1 << 30,)
_TABLE = re.compile(r"""["']?[ \t]*=[ \t]*(?:\{[^}]*?version[ \t]*=[ \t]*)?["'](?P<version>[^"']*)""")
_CLAUSE = re.compile(r"(===?|~=|>=|<=|!=|>|<|=|\^|~)?\s*v?(\d+(?:\.\d+)*)(\.\*)?")


@dataclass(frozen=True, slots=True)
class Versions:
    """A range of versions: `low` is in it, `high` is not."""

    low: Version
    high: Version

    def touches(self, low: Version, high: Version = _ENDLESS) -> bool:
        """Whether some version from `low` up to, but not, `high` is in the range."""
        return self.low < high and low < self.high

    def __str__(self) -> str:
        low = ".".join(map(str, self.low))
        if self.high == _after(self.low):
            return low
        if self.high == _ENDLESS:
            return f">={low}" if any(self.low) else "any"
        high = ".".join(map(str, self.high))
        return f">={low},<{high}" if any(self.low) else f"<{high}"


def versions_of(distribution: str, folder: str, root: str) -> Versions | None:
    """The versions of a distribution that the project of a folder runs with; None where its files do not say.

    Looked for in the folder and upwards to `root`, lock files before declarations; then in the folders beside that way
    (`docker/web/requirements.txt`), the nearest first. Where several of those speak of it, all that they allow counts.
    """
    upwards = list(_upwards(folder, root))
    for each in upwards:
        if (found := _versions_in(each, distribution)) is not None:
            return found
    for each in upwards:
        if (found := _versions_below(each, distribution)) is not None:
            return found
    return None


def _upwards(folder: str, root: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in {root, parent}:
            return
        folder = parent


def forget_versions() -> None:
    """Read the files anew when they are asked for next: they may have changed."""
    _versions_in.cache_clear()
    _versions_below.cache_clear()


@cache
def _versions_below(folder: str, distribution: str) -> Versions | None:
    """All that the dependency files in the folders below one allow."""
    found = [each for inner in _folders_below(folder) if (each := _versions_in(inner, distribution)) is not None]
    if not found:
        return None
    return Versions(min(each.low for each in found), max(each.high for each in found))


def _folders_below(folder: str) -> Iterator[str]:
    """The folders below one that may hold the application's dependency files, so many levels down at most."""
    level = [folder]
    looked = 0
    for _ in range(_MAX_LEVELS):
        below: list[str] = []
        for each in level:
            looked += 1
            if looked > _MAX_FOLDERS:
                return
            note_folder(each)
            try:
                with os.scandir(each) as entries:
                    below += sorted(entry.path for entry in entries if _is_own(entry))
            except OSError:
                continue
        yield from below
        level = below


def _is_own(entry: os.DirEntry[str]) -> bool:
    return (
        not entry.name.startswith(".")
        and entry.name not in _NOT_THE_APPLICATION
        and entry.is_dir(follow_symlinks=False)
    )


@cache
def _versions_in(folder: str, distribution: str) -> Versions | None:
    note_folder(folder)
    try:
        names = set(os.listdir(folder))
    except OSError:
        return None
    for name in _LOCKS:
        if name in names and (pinned := _locked(read_text(os.path.join(folder, name)), distribution)):
            return pinned
    if _PIPFILE_LOCK in names and (pinned := _in_pipfile_lock(read_text(f"{folder}/{_PIPFILE_LOCK}"), distribution)):
        return pinned
    texts = [read_text(os.path.join(folder, name)) for name in sorted(names) if _is_declaring(name)]
    inner = os.path.join(folder, "requirements")
    note_folder(inner)
    try:
        inner_names = sorted(os.listdir(inner))
    except OSError:
        inner_names = []
    texts += [read_text(os.path.join(inner, name)) for name in inner_names if name.endswith((".txt", ".in"))]
    declared = [found for text in texts for found in _declared(text, distribution)]
    return min(declared, key=_width) if declared else None


def _is_declaring(name: str) -> bool:
    return DEPENDENCY_FILES.fullmatch(name) is not None or re.fullmatch(r".*constraints.*\.txt", name) is not None


def _locked(text: str, distribution: str) -> Versions | None:
    """The version in a lock file's list of packages."""
    try:
        packages = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    for key in ("package", "packages"):
        listed = packages.get(key)
        for package in listed if isinstance(listed, list) else ():
            if isinstance(package, dict) and _plain(str(package.get("name", ""))) == distribution:
                return _exactly(str(package.get("version", "")))
    return None


def _in_pipfile_lock(text: str, distribution: str) -> Versions | None:
    try:
        lock = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(lock, dict):
        return None
    for section in ("default", "develop"):
        packages = lock.get(section)
        if isinstance(packages, dict) and isinstance(entry := packages.get(distribution), dict):
            return _exactly(str(entry.get("version", "")).lstrip("="))
    return None


def _declared(text: str, distribution: str) -> list[Versions]:
    """The ranges that requirement lines or a `pyproject.toml` give; a mention without a version says nothing."""
    found: list[Versions] = []
    for mention in _mention(distribution).finditer(text):
        rest = mention["rest"]
        if table := _TABLE.match(rest):
            rest = table["version"]
        if (versions := _range(rest)) is not None:
            found.append(versions)
    return found


@cache
def _mention(distribution: str) -> re.Pattern[str]:
    """A distribution's name at the start of a line or of a quoted string, and what follows it there."""
    name = re.escape(distribution).replace(r"\-", "[-_.]")
    return re.compile(rf"""(?im)(?:^[ \t]*(?:-[ \t]+)?|["']){name}(?:\[[^\]\n]*\])?(?![\w.-])(?P<rest>[^\n#;]*)""")


def _range(text: str) -> Versions | None:
    """The range that a version specifier stands for."""
    low: Version = (0,)
    high: Version = _ENDLESS
    told = False
    for operator, number, wildcard in _CLAUSE.findall(_specifier(text)):
        version = tuple(map(int, number.split(".")))
        first, last = _bounds(operator or "==", version, bool(wildcard))
        low, high, told = max(low, first), min(high, last), told or operator != "!="
    return Versions(low, high) if told and low < high else None


def _specifier(text: str) -> str:
    """A version specifier without the quote that ends it and what comes behind."""
    return re.split(r"""["'\\]|\s--""", text.lstrip("\"'"), maxsplit=1)[0]


def _bounds(operator: str, version: Version, wildcard: bool) -> tuple[Version, Version]:
    """What one clause of a specifier allows."""
    match operator:
        case "==" | "===" | "=":
            return version, _next(version, len(version) - 1) if wildcard else _after(version)
        case "~=":
            return version, _next(version, max(len(version) - 2, 0))
        case "~":
            return version, _next(version, min(1, len(version) - 1))
        case "^":
            return version, _next(version, next((i for i, part in enumerate(version) if part), len(version) - 1))
        case ">=":
            return version, _ENDLESS
        case ">":
            return _after(version), _ENDLESS
        case "<":
            return (0,), version
        case "<=":
            return (0,), _after(version)
        case _:
            return (0,), _ENDLESS


def _exactly(text: str) -> Versions | None:
    number = re.match(r"\d+(?:\.\d+)*", text)
    if number is None:
        return None
    version = tuple(map(int, number.group().split(".")))
    return Versions(version, _after(version))


def _after(version: Version) -> Version:
    """The least version above one that is written out."""
    return (*version, 0, 0, 1)


def _next(version: Version, index: int) -> Version:
    return (*version[:index], version[index] + 1)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _width(versions: Versions) -> tuple[bool, Version]:
    """Pinned ranges first, then the newest lower bound."""
    return versions.high != _after(versions.low), tuple(-part for part in versions.low)
