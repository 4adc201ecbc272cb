"""The heavy operation: which of these lines are nearly the same?"""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import combinations

ALIKE = 0.9


def find_duplicates(lines: list[str]) -> list[tuple[str, str]]:
    """Compare every line with every other, which takes seconds from a few hundred on."""
    return [pair for pair in combinations(lines, 2) if SequenceMatcher(None, *pair).ratio() >= ALIKE]
