"""Which settings hold where: the nearest configuration up from a folder, with the command line on top."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bglint.settings.errors import ConfigError, Problem
from bglint.settings.files import CONFIG_FILES, ConfigLayer, find_config, load_layers, read_values
from bglint.settings.model import DEFAULT_SELECT, Settings
from bglint.settings.selection import SelectionLayer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

logger = logging.getLogger(__name__)

COMMAND_LINE: Final = "command line"

PROJECT_MARKERS: Final = ("pyproject.toml", ".git", "setup.cfg")
"""What stands at the root of a project."""
_MARKERS: Final = frozenset({*CONFIG_FILES, *PROJECT_MARKERS})
_ADDING_KEYS: Final = frozenset({"extend-select", "extend-exclude"})


class SettingsResolver:
    """Answers which settings hold for a file or folder; every folder is looked at once."""

    def __init__(
        self,
        cli_overrides: Mapping[str, object] | None = None,
        config: Path | None = None,
        *,
        isolated: bool = False,
        known_codes: Collection[str] | None = None,
    ) -> None:
        """Take what the command line sets, by configuration key, and the one file to use for all, if any.

        `known_codes` are the codes of all rules; without them any well-formed code is taken. Raises `ConfigError`.
        """
        problems: list[Problem] = []
        values = read_values(cli_overrides or {}, COMMAND_LINE, known_codes, problems)
        if problems:
            raise ConfigError(
                [replace(problem, source="", key=f"--{problem.key.partition('[')[0]}") for problem in problems]
            )
        self._command_line = ConfigLayer(COMMAND_LINE, values)
        self._known_codes = known_codes
        self._isolated = isolated
        self._config = config.absolute() if config else None
        self._configured: dict[Path, Settings] = {}
        self._by_directory: dict[str, Settings] = {}
        if self._config:
            self._load(self._config)

    def for_file(self, path: str | Path) -> Settings:
        """Return the settings for the file at `path`."""
        known = self._by_directory.get(os.path.dirname(path))  # noqa: PTH120 - the way that is taken for most files
        return known or self.for_directory(os.path.dirname(os.path.abspath(path)))  # noqa: PTH100, PTH120

    def for_directory(self, path: str | Path) -> Settings:
        """Return the settings for the files in the folder at `path`."""
        directory = os.path.abspath(path)  # noqa: PTH100 - unlike Path.absolute it folds `..`
        if directory not in self._by_directory:
            self._by_directory[directory] = self._resolve(Path(directory))
        return self._by_directory[directory]

    def known(self) -> Collection[Settings]:
        """Return the settings of all folders that were asked about."""
        return self._by_directory.values()

    def for_listed_directory(self, path: str, names: Collection[str], above: Settings) -> Settings:
        """Return the settings for a folder whose entries are known, and those of the folder above it."""
        if not _MARKERS.isdisjoint(names):
            return self.for_directory(path)
        return self._by_directory.setdefault(path, above)

    def _resolve(self, directory: Path) -> Settings:
        if self._config:
            settings = self._load(self._config)
            return settings if directory.is_relative_to(settings.root) else _rooted(settings, directory)
        if not self._isolated:
            for ancestor in (directory, *directory.parents):
                if config := find_config(ancestor):
                    return self._load(config)
        return _rooted(self._build((), directory), directory)

    def _load(self, config: Path) -> Settings:
        if config not in self._configured:
            layers = load_layers(config, self._known_codes)
            logger.debug("configuration: %s", " on top of ".join(layer.source for layer in reversed(layers)))
            self._configured[config] = self._build(layers, config.parent)
        return self._configured[config]

    def _build(self, layers: Sequence[ConfigLayer], root: Path) -> Settings:
        values: dict[str, Any] = {}
        origin: dict[str, str] = {}
        selection = [SelectionLayer(select=DEFAULT_SELECT)]
        for layer in (*layers, self._command_line):
            for key, value in layer.values.items():
                values[key] = values.get(key, ()) + value if key in _ADDING_KEYS else value
                origin[key] = layer.source
            selection.append(
                SelectionLayer(
                    layer.values.get("select"),
                    layer.values.get("extend-select", ()),
                    layer.values.get("ignore", ()),
                )
            )
        fields = {key.replace("-", "_"): value for key, value in values.items()}
        return Settings(**fields, root=root, selection=tuple(selection), origin=origin)


def _rooted(settings: Settings, directory: Path) -> Settings:
    """Return the settings with the root of the project that `directory` belongs to."""
    for ancestor in (directory, *directory.parents):
        if any((ancestor / marker).exists() for marker in PROJECT_MARKERS):
            return replace(settings, root=ancestor)
    here = Path.cwd()
    return replace(settings, root=here if directory.is_relative_to(here) else directory)
