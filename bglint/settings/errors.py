"""Mistakes in a configuration, collected so that a user sees all of a file's at once."""

from __future__ import annotations

import re
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


_CODE = re.compile(r"BG\d*")
_LIKE = 0.6
_LIKE_A_CODE = 0.75
"""Codes are alike to begin with: more than one character of five that differs is another code."""


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest of the `right` names, or nothing."""
    best = nearest(wrong, right)
    return f"; did you mean {best!r}?" if best is not None else ""


def nearest(wrong: str, right: Iterable[str]) -> str | None:
    """The nearest of some names or rule codes to one that is none of them; None where no one is near."""
    import difflib  # noqa: PLC0415 - needed where something is wrong alone

    names = sorted(set(right))
    near = difflib.get_close_matches(wrong, names, n=max(len(names), 1), cutoff=_LIKE)
    near = [name for name in near if not _CODE.fullmatch(name) or _likeness(wrong, name) >= _LIKE_A_CODE]
    if not near:
        return None
    equal = [name for name in near if _likeness(wrong, name) == _likeness(wrong, near[0])]
    return min(equal, key=lambda name: (-_same_places(wrong, name), name))


def _likeness(wrong: str, name: str) -> float:
    import difflib  # noqa: PLC0415

    return difflib.SequenceMatcher(None, name, wrong).ratio()


def _same_places(one: str, other: str) -> int:
    """How many characters stand at the same place: of two names that are equally near, a slip leaves more of them."""
    return sum(a == b for a, b in zip(one, other, strict=False))
