"""File globs as ruff reads them: `*` also crosses folders, a glob without a slash is matched against names."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPECIAL = re.compile(r"[*?\[{]")


class GlobSet:
    """A set of globs under one root, ready to be asked often.

    A glob without a slash matches a file or folder of that name anywhere; one with a slash matches the path from the
    root. What is matched is the path itself, not what lies in a folder that matches: see `matches_tree`.
    """

    def __init__(self, globs: Iterable[str], root: str) -> None:
        self._names: set[str] = set()
        name_patterns: list[str] = []
        path_patterns: list[str] = []
        for glob in globs:
            pattern = glob.rstrip("/").removeprefix("./")
            if "/" in pattern:
                absolute = os.path.isabs(pattern)  # noqa: PTH117 - globs are no paths
                path_patterns.append(_translate(pattern if absolute else f"{_literal(_slashed(root))}/{pattern}"))
            elif _SPECIAL.search(pattern):
                name_patterns.append(_translate(pattern))
            else:
                self._names.add(pattern)
        self._name_pattern = _any_of(name_patterns)
        self._path_pattern = _any_of(path_patterns)

    def matches(self, name: str, path: str) -> bool:
        """Tell whether one glob matches the file or folder called `name` at the absolute `path`."""
        return (
            name in self._names
            or (self._name_pattern is not None and self._name_pattern.fullmatch(name) is not None)
            or (self._path_pattern is not None and self._path_pattern.fullmatch(_slashed(path)) is not None)
        )

    def matches_tree(self, path: str, root: str) -> bool:
        """Tell whether one glob matches the absolute `path` or a folder above it, up to but without `root`."""
        while len(path) > len(root):
            parent, name = os.path.split(path)
            if not name:
                return False
            if self.matches(name, path):
                return True
            path = parent
        return False


@functools.lru_cache(maxsize=512)
def glob_set(globs: tuple[str, ...], root: str) -> GlobSet:
    """Return the compiled set of `globs`, made once."""
    return GlobSet(globs, root)


def _slashed(path: str) -> str:
    return path if os.sep == "/" else path.replace(os.sep, "/")


def _literal(path: str) -> str:
    """Escape what is special in a glob."""
    return re.sub(r"([*?\[{])", r"[\1]", path)


def _any_of(patterns: list[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns)) if patterns else None


def _translate(glob: str) -> str:
    """Return the regular expression of a glob."""
    pattern, position = "", 0
    while position < len(glob):
        rest = glob[position:]
        if rest.startswith("**/"):
            pattern, step = pattern + "(?:.*/)?", 3
        elif rest.startswith("*"):
            pattern, step = pattern + ".*", 1
        elif rest.startswith("?"):
            pattern, step = pattern + "[^/]", 1
        elif group := re.match(r"\[([!^]?)(\]?[^\]]*)\]", rest):
            negation = "^" if group.group(1) else ""
            members = group.group(2).replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^").replace("]", r"\]")
            pattern, step = f"{pattern}[{negation}{members}]", group.end()
        elif group := re.match(r"\{([^{}]*)\}", rest):
            pattern, step = f"{pattern}(?:{'|'.join(map(_translate, group.group(1).split(',')))})", group.end()
        else:
            pattern, step = pattern + re.escape(rest[0]), 1
        position += step
    return pattern
