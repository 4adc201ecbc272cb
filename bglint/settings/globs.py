"""File globs as ruff reads them: `*` also crosses folders, a glob without a slash is matched against names."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPECIAL: Final = re.compile(r"[*?\[{]")
_CLASS: Final = re.compile(r"\[([!^]?)(\]?[^\]]*)\]")
_BRACES: Final = re.compile(r"\{([^{}]*)\}")
_WILDCARD: Final = re.compile(r"\*\*/|\*")
_SKIPS: Final = {"": "", "*": ".*?", "**/": "(?:.*?/)??"}
_LAST_SKIPS: Final = {"": "", "*": ".*", "**/": "(?:.*/)?"}
_MAX_ALTERNATIVES: Final = 256


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


def alternatives(glob: str) -> list[str]:
    """Return the globs without braces that `glob` stands for; raises ValueError where they are too many."""
    found, position = [""], 0
    while position < len(glob):
        if group := _CLASS.match(glob, position):
            texts = [group.group()]
        elif group := _BRACES.match(glob, position):
            texts = group.group(1).split(",")
        else:
            texts = [glob[position]]
        found = [before + text for before in found for text in texts]
        if len(found) > _MAX_ALTERNATIVES:
            raise ValueError(f"its braces stand for more than {_MAX_ALTERNATIVES} globs")
        position = group.end() if group else position + 1
    return found


def _translate(glob: str) -> str:
    """Return the regular expression of a glob."""
    return "|".join(map(_translate_without_braces, alternatives(glob)))


def _translate_without_braces(glob: str) -> str:
    """Return the regular expression; its time grows with the name, and not with a power of it.

    The text between two wildcards is looked for once, at the first place where it stands: if the rest does not follow
    there, it does not follow a later place either.
    """
    pieces: list[tuple[str, str]] = [("", "")]
    position = 0
    while position < len(glob):
        if group := _WILDCARD.match(glob, position):
            pieces.append((group.group(), ""))
            position = group.end()
            continue
        wildcard, text = pieces[-1]
        if group := _CLASS.match(glob, position):
            members = group.group(2).replace("\\", r"\\").replace("[", r"\[").replace("^", r"\^").replace("]", r"\]")
            pieces[-1] = wildcard, f"{text}[{'^' if group.group(1) else ''}{members}]"
            position = group.end()
        else:
            pieces[-1] = wildcard, text + ("[^/]" if glob[position] == "?" else re.escape(glob[position]))
            position += 1
    *before, (wildcard, text) = pieces
    pattern = "".join(f"(?>{_SKIPS[wildcard]}{piece})" for wildcard, piece in before)
    return pattern + _LAST_SKIPS[wildcard] + text
