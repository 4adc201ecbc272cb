"""Mistakes in a configuration, collected so that a user sees all of a file's at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: the file (or `command line`), the key within it, and what is wrong and would be right."""

    source: str
    key: str
    message: str

    def __str__(self) -> str:
        """Return the mistake in one line."""
        return ": ".join(part for part in (self.source, self.key, self.message) if part)


class ConfigError(Exception):
    """A configuration that cannot be used; `problems` holds every mistake that was found in it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        """Pickle by the problems, so that the error crosses from a worker process as it is."""
        return type(self), (self.problems,)


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest of the `right` names, or nothing."""
    names = sorted(set(right))
    near = difflib.get_close_matches(wrong, names, n=max(len(names), 1), cutoff=0.6)
    if not near:
        return ""
    likeness = difflib.SequenceMatcher(None, near[0], wrong).ratio()
    equal = [name for name in near if difflib.SequenceMatcher(None, name, wrong).ratio() == likeness]
    best = min(equal, key=lambda name: (-_same_places(wrong, name), name))
    return f"; did you mean {best!r}?"


def _same_places(one: str, other: str) -> int:
    """How many characters stand at the same place: of two names that are equally near, a slip leaves more of them."""
    return sum(a == b for a, b in zip(one, other, strict=False))
