"""What library callables cost: the data of `data/*.toml`, one file per top-level package, read on demand.

Times are milliseconds of one typical call; an entry says what they stand for in its file's first line.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from bglint.noting import note_file

Effect = Literal["cpu", "blocking", "slow-io", "light", "enqueue"]
Gil = Literal["released", "shared", "held"]

_DATA = os.path.join(os.path.dirname(__file__), "data")
LOOP_GUESS = 1
"""How often a loop of unknown length is taken to run where an entry does not say better: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one call of a callable does.

    `ms`: one call; `loop_ms`: called in a loop of unknown length; `unless`: a keyword argument that spares the work.
    `each_ms`: for each element of the keyword argument `each`, where their number is known. `own_ms`: computing in this
    process beside the waiting, for an argument that is no path.
    """

    name: str
    effect: Effect
    ms: float
    loop_ms: float
    category: str | None
    gil: Gil
    returns: str | None = None
    asynchronous: bool = False
    lazy: bool = False
    program: bool = False
    unbounded: bool = False
    timeout: str = "timeout"
    unless: str | None = None
    each: str | None = None
    each_ms: float = 0.0
    own_ms: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """The entries of one file: by full name, by pattern (`*` matches dots too), and the types of members."""

    entries: dict[str, Entry] = field(default_factory=dict)
    patterns: tuple[tuple[re.Pattern[str], Entry], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    default: Entry | None = None


_EMPTY = Package()


@cache
def _files() -> frozenset[str]:
    return frozenset(name.removesuffix(".toml") for name in os.listdir(_DATA) if name.endswith(".toml"))


def knows_package(name: str) -> bool:
    """Whether the catalogue has a file for a top-level package."""
    return name in _files()


@cache
def package(name: str) -> Package:
    """The entries of a top-level package; empty where the catalogue has none."""
    if name not in _files():
        return _EMPTY
    path = os.path.join(_DATA, f"{name}.toml")
    note_file(path)
    with open(path, "rb") as file:
        return _package(name, tomllib.load(file))


def _package(name: str, table: dict[str, Any]) -> Package:
    category, gil = table.get("category"), table.get("gil", "shared")
    entries: dict[str, Entry] = {}
    patterns: list[tuple[re.Pattern[str], Entry]] = []
    for key, values in table.get("callable", {}).items():
        entry = _entry(key, values, category, gil)
        if "*" in key:
            patterns.append((re.compile(re.escape(key).replace(r"\*", r"[^()\[\]]*")), entry))
        else:
            entries[key] = entry
    patterns.sort(key=lambda pair: -len(pair[1].name))
    aliases = sorted(table.get("alias", {}).items(), key=lambda pair: -len(pair[0]))
    default = _entry(f"{name}.*", {"effect": "light"}, None, gil) if table.get("default") == "light" else None
    return Package(entries, tuple(patterns), tuple(aliases), table.get("type", {}), default)


def _entry(name: str, values: dict[str, Any], category: str | None, gil: Gil) -> Entry:
    ms = float(values.get("ms", 0))
    return Entry(
        name=name,
        effect=values["effect"],
        ms=ms,
        loop_ms=float(values.get("loop_ms", ms * LOOP_GUESS)),
        category=values.get("category", category),
        gil=values.get("gil", gil),
        returns=values.get("returns"),
        asynchronous=values.get("async", False),
        lazy=values.get("lazy", False),
        program=values.get("program", False),
        unbounded=values.get("unbounded", False),
        timeout=values.get("timeout", "timeout"),
        unless=values.get("unless"),
        each=values.get("each"),
        each_ms=float(values.get("each_ms", 0)),
        own_ms=float(values.get("own_ms", 0)),
        note=values.get("note", ""),
    )


@cache
def canonical(name: str) -> str:
    """The name under which the catalogue knows a callable or class that has several."""
    for _ in range(4):
        for alias, replacement in package(name.partition(".")[0]).aliases:
            if name == alias or name.startswith(alias + "."):
                name = replacement + name[len(alias) :]
                break
        else:
            return name
    return name


@cache
def lookup(name: str) -> Entry | None:
    """The entry of a callable by its dotted name; None where nothing is known of it."""
    name = canonical(name)
    known = package(name.partition(".")[0])
    entry = known.entries.get(name)
    if entry is not None:
        return entry
    for pattern, matched in known.patterns:
        if pattern.fullmatch(name):
            return matched
    return known.default


def exact(name: str) -> Entry | None:
    """The entry that bears a name itself; none of a pattern or of the whole package."""
    name = canonical(name)
    return package(name.partition(".")[0]).entries.get(name)


def describes(name: str) -> bool:
    """Whether the catalogue has an entry for a callable or for members of a class, not only for its whole package."""
    name = canonical(name)
    known = package(name.partition(".")[0])
    return lookup(name) not in (None, known.default) or any(entry.startswith(f"{name}.") for entry in known.entries)


@cache
def has_module(name: str) -> bool:
    """Whether anything that the catalogue names stands below a dotted name, or is known under another one."""
    known = package(name.partition(".")[0])
    names = (
        *known.entries,
        *known.types,
        *(alias for alias, _ in known.aliases),
        *(entry.name for _, entry in known.patterns),
    )
    return any(f"{each}.".startswith(f"{name}.") for each in names)


def returned_type(name: str) -> str | None:
    """The class of what a callable returns, where the catalogue says so."""
    entry = lookup(name)
    return entry.returns if entry is not None else None


@cache
def member_type(name: str) -> str | None:
    """The class of an attribute (`Class.attribute`) or of an element (`Class[]`, `Class.attribute[]`)."""
    name = canonical(name)
    return package(name.partition(".")[0]).types.get(name)
