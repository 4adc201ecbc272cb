"""The settings, as one table: each field is a configuration key with its kind, its default and its documentation."""

from __future__ import annotations

import os
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bglint.contract import DEFAULT_SLOW_TASK_MS
from bglint.diagnostics import Confidence, Severity
from bglint.settings.globs import GlobSet, glob_set
from bglint.settings.kinds import (
    Choice,
    Code,
    CodesByGlob,
    Flag,
    Glob,
    Integer,
    Kind,
    ListOf,
    Number,
    Registration,
    RegistrationForm,
    SeverityByCode,
    Text,
)
from bglint.settings.selection import SelectionLayer, covers, is_selected

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SELECT: Final = ("BG",)
DEFAULT_EXCLUDE: Final = (
    ".bglint_cache",
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
)

OUTPUT_FORMATS: Final = (
    "full",
    "concise",
    "grouped",
    "json",
    "json-lines",
    "sarif",
    "github",
    "gitlab",
    "junit",
    "rdjson",
)

_TEXTS: Final = ListOf(Text())
_GLOBS: Final = ListOf(Glob())
_CODES: Final = ListOf(Code())


def _key(kind: Kind[Any], default: object, doc: str) -> Any:
    """Declare a configuration key: the field's name with dashes."""
    hashable = not isinstance(default, dict)
    return field(default_factory=lambda: default, hash=hashable, metadata={"kind": kind, "doc": doc})


@dataclass(frozen=True)
class Settings:
    """All that is configured for one directory. Paths and globs are relative to `root`."""

    select: tuple[str, ...] = _key(_CODES, DEFAULT_SELECT, "Rules to run: codes, prefixes, or `ALL`.")
    extend_select: tuple[str, ...] = _key(_CODES, (), "Rules to run besides those of `select`.")
    ignore: tuple[str, ...] = _key(_CODES, (), "Rules not to run; of two prefixes the longer wins.")
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = _key(
        CodesByGlob(_CODES), (), "Rules not to run in the files that a glob matches; `!` before a glob negates it."
    )
    exclude: tuple[str, ...] = _key(_GLOBS, DEFAULT_EXCLUDE, "Globs of files and folders to leave out.")
    extend_exclude: tuple[str, ...] = _key(_GLOBS, (), "Globs to leave out besides those of `exclude`.")
    force_exclude: bool = _key(Flag(), default=False, doc="Leave out even what is named on the command line.")
    respect_gitignore: bool = _key(Flag(), default=True, doc="Leave out what Git ignores.")
    src: tuple[str, ...] = _key(_TEXTS, (".", "src"), "Folders that imports start from.")
    min_confidence: Confidence = _key(  # noqa: RUF009 - an enum's member is immutable
        Choice({confidence.label: confidence for confidence in Confidence}),
        Confidence.MEDIUM,
        "Leave out findings that are less sure than this.",
    )
    severity: Mapping[str, Severity] = _key(SeverityByCode(), {}, "Severities to report rules under.")
    preview: bool = _key(Flag(), default=False, doc="Let prefixes select preview rules too.")
    slow_task_ms: float = _key(
        Number(minimum=0), float(DEFAULT_SLOW_TASK_MS), "Milliseconds from which a background task counts as slow."
    )
    queue: str | None = _key(Text(), None, "The job queue to recommend; found by itself where not given.")
    heavy: tuple[str, ...] = _key(_TEXTS, (), "Callables to take for heavy: dotted names or globs.")
    light: tuple[str, ...] = _key(_TEXTS, (), "Callables to take for light: dotted names or globs.")
    registrations: tuple[RegistrationForm, ...] = _key(
        ListOf(Registration()), (), "Further calls that register background tasks."
    )
    max_depth: int = _key(Integer(minimum=1), 10, "How many calls deep a task is followed.")
    cache_dir: str = _key(Text(), ".bglint_cache", "The folder that the cache is kept in.")
    output_format: str = _key(Choice({name: name for name in OUTPUT_FORMATS}), "full", "How `bglint check` prints.")

    root: Path = field(default_factory=Path.cwd)
    selection: tuple[SelectionLayer, ...] = (SelectionLayer(DEFAULT_SELECT),)
    origin: Mapping[str, str] = field(default_factory=dict, hash=False, compare=False)
    """The file, or `command line`, that each value comes from, by key; a key with its default is not in it."""

    def selects(self, code: str, preview_rule: bool, path: str | Path) -> bool:
        """Tell whether the rule `code` is to be run and reported in the file at the absolute `path`."""
        return is_selected(
            self.selection, code, preview_rule=preview_rule, preview=self.preview
        ) and not self._is_ignored_in_file(code, str(path))

    def severity_of(self, code: str, default: Severity) -> Severity:
        """Return the severity that the user gave to `code`: the longest prefix holds."""
        found = [prefix for prefix in self.severity if covers(prefix, code)]
        return self.severity[max(found, key=lambda prefix: (prefix != "ALL", len(prefix)))] if found else default

    @property
    def excluded(self) -> GlobSet:
        """The globs of `exclude` and `extend-exclude`."""
        return glob_set(self.exclude + self.extend_exclude, str(self.root))

    def _is_ignored_in_file(self, code: str, path: str) -> bool:
        name = os.path.basename(path)  # noqa: PTH119 - asked for every finding
        for glob, codes in self.per_file_ignores:
            wanted = not glob.startswith("!")
            if any(covers(prefix, code) for prefix in codes):
                globs = glob_set((glob.removeprefix("!"),), str(self.root))
                if globs.matches(name, path) is wanted:
                    return True
        return False


def config_keys() -> dict[str, Field[Any]]:
    """Return the fields of `Settings` that are configuration keys, by the key as written."""
    return {item.name.replace("_", "-"): item for item in fields(Settings) if "kind" in item.metadata}


def kind_of(item: Field[Any]) -> Kind[Any]:
    """Return the kind of a configuration key."""
    kind = item.metadata["kind"]
    assert isinstance(kind, Kind)
    return kind


def documentation_of(item: Field[Any]) -> str:
    """Return the sentence that documents a configuration key."""
    return str(item.metadata["doc"])
