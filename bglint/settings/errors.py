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
    near = difflib.get_close_matches(wrong, list(right), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
