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
_FURTHER = frozenset({"pixi.toml", "requirements.lock", "requirements-dev.lock"})
_NOT_THE_APPLICATION = frozenset({
    "node_modules", "site-packages", "dist-packages", "__pycache__", "venv", "env", "build", "dist",
    "test", "tests", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "samples",
})  # fmt: skip
_MAX_LEVELS = 3
_MAX_FOLDERS = 500
_ENDLESS: Version = (1 << 30,)
_TABLE = re.compile(r"""["']?[ \t]*=[ \t]*(?:\{[^}]*?version[ \t]*=[ \t]*)?["'](?P<version>[^"']*)""")
_CLAUSE = re.compile(
    r"(===?|~=|>=|<=|!=|>|<|=|\^|~)?\s*v?(\d+(?:\.\d+)*)(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|post|dev)\d*)*(\.\*)?"
)
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*(?P<range>(?:\(|[=<>!~]).*|)")
_AFTER: Version = (0, 0, 1)
"""What makes the least version above one that is written out."""
_FOR_DEVELOPMENT = re.compile(r"dev|test|doc|lint|typing|build", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Versions:
    """A range of versions: `low` is in it, `high` is not."""

    low: Version
    high: Version

    def touches(self, low: Version, high: Version = _ENDLESS) -> bool:
        """Whether some version from `low` up to, but not, `high` is in the range."""
        return self.low < high and low < self.high

    def __str__(self) -> str:
        if self.high == _after(self.low):
            return ".".join(map(str, self.low))
        bounds = [_bound(">", self.low)] if any(self.low) else []
        if self.high != _ENDLESS:
            bounds.append(_bound("<", self.high))
        return ",".join(bounds) or "any"


def _bound(side: str, version: Version) -> str:
    """One end of a range as a specifier writes it."""
    written = version[: -len(_AFTER)] if version[-len(_AFTER) :] == _AFTER else version
    inclusive = (side == ">") is (written is version)
    return f"{side}{'=' * inclusive}{'.'.join(map(str, written))}"


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
    declaring = [os.path.join(folder, name) for name in sorted(names) if _is_declaring(name)]
    inner = os.path.join(folder, "requirements")
    note_folder(inner)
    try:
        inner_names = sorted(os.listdir(inner))
    except OSError:
        inner_names = []
    declaring += [os.path.join(inner, name) for name in inner_names if name.endswith((".txt", ".in"))]
    return _narrowed(declaring, distribution)


def _narrowed(files: list[str], distribution: str) -> Versions | None:
    """What files that declare dependencies allow together: one of them names a range, constraints narrow it."""
    found = {path: ranges for path in files if (ranges := _declared(path, distribution))}
    constraints = [each for path in found if _is_constraints(path) for each in found[path]]
    own = {path: ranges for path, ranges in found.items() if not _is_constraints(path)}
    for_running = [ranges for path, ranges in own.items() if not _FOR_DEVELOPMENT.search(os.path.basename(path))]
    declared = [each for ranges in for_running or own.values() for each in ranges]
    if not declared:
        return min(constraints, key=_width) if constraints else None
    chosen = min(declared, key=_width)
    for each in constraints:
        both = Versions(max(chosen.low, each.low), min(chosen.high, each.high))
        chosen = both if both.low < both.high else chosen
    return chosen


def _is_declaring(name: str) -> bool:
    return DEPENDENCY_FILES.fullmatch(name) is not None or _is_constraints(name) or name in _FURTHER


def _is_constraints(path: str) -> bool:
    return re.fullmatch(r".*constraints.*\.txt", os.path.basename(path)) is not None


def _locked(text: str, distribution: str) -> Versions | None:
    """The version in a lock file's list of packages."""
    try:
        packages = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    found: list[Versions] = []
    for key in ("package", "packages"):
        listed = packages.get(key)
        for package in listed if isinstance(listed, list) else ():
            if isinstance(package, dict) and _plain(str(package.get("name", ""))) == distribution:
                version = _exactly(str(package.get("version", "")))
                found += [version] if version is not None else []
    return _all_of(found)


def _all_of(found: list[Versions]) -> Versions | None:
    """The range from the least to the greatest of some versions: a lock file has several where platforms differ."""
    return Versions(min(each.low for each in found), max(each.high for each in found)) if found else None


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


def _declared(path: str, distribution: str) -> list[Versions]:
    """The ranges that a file gives; a mention without a version says nothing."""
    text = read_text(path)
    if path.endswith((".toml", "Pipfile")):
        try:
            return list(_in_table(tomllib.loads(text), "", distribution))
        except (tomllib.TOMLDecodeError, RecursionError):
            pass  # read as text
    found: list[Versions] = []
    for mention in _mention(distribution).finditer(text):
        rest = mention["rest"]
        if table := _TABLE.match(rest):
            rest = table["version"]
        if (versions := _range(rest)) is not None:
            found.append(versions)
    return found


def _in_table(table: dict[str, object], name: str, distribution: str) -> Iterator[Versions]:
    """The ranges in a TOML table: of requirements in its lists, and of a table of dependencies under the own name."""
    for key, value in table.items():
        if name.endswith(("dependencies", "packages")) and _plain(key) == distribution:
            alternatives = value if isinstance(value, list) else [value]
            texts = [str(each.get("version", "")) if isinstance(each, dict) else str(each) for each in alternatives]
            found = _all_of([versions for text in texts if (versions := _range(text)) is not None])
            if found is not None:
                yield found
        elif isinstance(value, dict):
            yield from _in_table(value, key, distribution)
        elif isinstance(value, list):
            for each in value:
                match = _REQUIREMENT.fullmatch(each.partition(";")[0].strip()) if isinstance(each, str) else None
                if match is not None and _plain(match["name"]) == distribution:
                    if (versions := _range(match["range"])) is not None:
                        yield versions
                elif isinstance(each, dict):
                    yield from _in_table(each, key, distribution)


@cache
def _mention(distribution: str) -> re.Pattern[str]:
    """A distribution's name at the start of a line or of a quoted string, and what follows it there."""
    name = re.escape(distribution).replace(r"\-", "[-_.]")
    return re.compile(
        rf"""(?im)(?:^[ \t]*(?:-[ \t]+)?(?:[\w-]+::)?|["']){name}(?:\[[^\]\n]*\])?(?![\w.-])(?P<rest>[^\n#;]*)"""
    )


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
    return (*version, *_AFTER)


def _next(version: Version, index: int) -> Version:
    return (*version[:index], version[index] + 1)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _width(versions: Versions) -> tuple[bool, Version]:
    """Pinned ranges first, then the newest lower bound."""
    return versions.high != _after(versions.low), tuple(-part for part in versions.low)
