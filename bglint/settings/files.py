"""Configuration files: which one a folder has, and what it says, with what it extends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bglint.settings.errors import ConfigError, Problem, did_you_mean
from bglint.settings.kinds import WrongValueError
from bglint.settings.model import config_keys, kind_of
from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PYPROJECT: Final = "pyproject.toml"
OWN_FILES: Final = (".bglint.toml", "bglint.toml")
CONFIG_FILES: Final = (*OWN_FILES, PYPROJECT)
EXTEND: Final = "extend"
MAX_EXTENDS: Final = 20

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class ConfigLayer:
    """The values of one source by key, as the settings hold them."""

    source: str
    values: Mapping[str, Any]


def find_config(directory: Path) -> Path | None:
    """Return the configuration file that lies in `directory` itself; a bglint.toml wins over the pyproject."""
    for name in OWN_FILES:
        if (candidate := directory / name).is_file():
            return candidate
    pyproject = directory / PYPROJECT
    return pyproject if pyproject.is_file() and _mentions_bglint(pyproject) else None


def load_layers(path: Path, known_codes: Collection[str] | None) -> list[ConfigLayer]:
    """Read a file and all it extends, what is extended first; raise `ConfigError` with every mistake in them."""
    problems: list[Problem] = []
    layers = _load(path.absolute(), (), known_codes, problems)
    if problems:
        raise ConfigError(problems)
    return layers


def read_values(
    table: Mapping[str, object], source: str, known_codes: Collection[str] | None, problems: list[Problem]
) -> dict[str, Any]:
    """Read the keys of one table, noting each mistake in `problems`."""
    keys = config_keys()
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in keys:
            problems.append(Problem(source, key, f"unknown key{did_you_mean(key, (*keys, EXTEND))}"))
            continue
        try:
            values[key] = kind_of(keys[key]).read(value, known_codes)
        except WrongValueError as error:
            problems += [Problem(source, key + part, message) for part, message in error.found]
    return values


def shown_path(path: Path) -> str:
    """Return the path as a user in the working directory would write it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _load(
    path: Path, trail: tuple[Path, ...], known_codes: Collection[str] | None, problems: list[Problem]
) -> list[ConfigLayer]:
    source = shown_path(path)
    table = _read_table(path, required=bool(trail), problems=problems)
    base = table.pop(EXTEND, None)
    layers: list[ConfigLayer] = []
    if isinstance(base, str) and base:
        base_path = _normalized(path.parent / Path(base).expanduser())
        if base_path in (*trail, path):
            chain = " -> ".join(map(shown_path, (*trail, path, base_path)))
            problems.append(Problem(source, EXTEND, f"goes in a circle: {chain}"))
        elif len(trail) >= MAX_EXTENDS:
            problems.append(Problem(source, EXTEND, f"more than {MAX_EXTENDS} files build on one another"))
        elif not base_path.is_file():
            problems.append(Problem(source, EXTEND, f"no such file: {shown_path(base_path)}"))
        else:
            layers = _load(base_path, (*trail, path), known_codes, problems)
    elif base is not None:
        problems.append(Problem(source, EXTEND, 'expected the path of a configuration file, such as "../bglint.toml"'))
    return [*layers, ConfigLayer(source, read_values(table, source, known_codes, problems))]


def _read_table(path: Path, *, required: bool, problems: list[Problem]) -> dict[str, object]:
    """Return the keys that a file sets; an empty table where it cannot be read."""
    import tomllib  # noqa: PLC0415 - many projects have nothing to read

    source = shown_path(path)
    try:
        document: dict[str, object] = tomllib.loads(read_regular(path).decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        problems.append(_syntax_problem(source, str(error)))
        return {}
    except RecursionError:
        problems.append(Problem(source, "", "not valid TOML: nested too deeply"))
        return {}
    except UnicodeDecodeError:
        problems.append(Problem(source, "", "not a TOML file: it is not UTF-8"))
        return {}
    except OSError as error:
        problems.append(Problem(source, "", f"cannot be read: {error.strerror or error}"))
        return {}
    if path.name != PYPROJECT:
        return document
    tools = document.get("tool", {})
    table = tools.get("bglint") if isinstance(tools, dict) else None
    if table is None:
        if required:
            problems.append(Problem(source, "", "has no [tool.bglint] table to extend"))
        return {}
    if not isinstance(table, dict):
        problems.append(Problem(source, "tool.bglint", "expected a table"))
        return {}
    return table


def _syntax_problem(source: str, message: str) -> Problem:
    place = _TOML_PLACE.search(message)
    if place is None:
        return Problem(source, "", f"not valid TOML: {message}")
    text = message[: place.start()]
    where = f"{source}:{place.group(1)}:{place.group(2)}" if place.group(1) else source
    return Problem(where, "", f"not valid TOML: {text[:1].lower()}{text[1:]}")


def _mentions_bglint(pyproject: Path) -> bool:
    """Tell whether a pyproject has a `[tool.bglint]`, parsing only those that name it at all."""
    try:
        data = read_regular(pyproject)
    except OSError:
        return False
    if b"bglint" not in data:
        return False
    import tomllib  # noqa: PLC0415

    try:
        tools = tomllib.loads(data.decode("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return True  # it is reported when it is loaded
    return isinstance(tools, dict) and "bglint" in tools


def _normalized(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:
        return path.absolute()
