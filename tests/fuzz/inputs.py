"""Configurations and comments that nobody would write."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: Final = (
    "select", "extend-select", "ignore", "per-file-ignores", "exclude", "extend-exclude", "force-exclude", "src",
    "respect-gitignore", "min-confidence", "preview", "slow-task-ms", "queue", "heavy", "light", "registrations",
    "max-depth", "cache-dir", "output-format", "extend", "selekt",
)  # fmt: skip
TEXTS: Final = st.sampled_from((
    "", "BG", "BG1", "BG101", "ALL", "BG999", "low", "high", "json", "Celery", "app.*", "**/*.py", "*", "[", "[!",
    "{a,b", "{a,{b,c}}", "..", "/", "../..", "~", "\0", "\ud800".encode("utf-8", "replace").decode(), "app.heavy",
    "tests/**", "(a+)+$", "*a*a*a*a*a*a*a*b", ".", "a" * 300, "app.jobs.run", "!x", "bglint.toml", "pyproject.toml",
))  # fmt: skip
_NUMBERS: Final = st.integers(-2, 10**20) | st.floats(allow_nan=True, allow_infinity=True)
_SCALARS: Final = st.booleans() | _NUMBERS | TEXTS
_FORMS: Final = st.fixed_dictionaries(
    {}, optional={"call": TEXTS | _NUMBERS, "target": TEXTS | _NUMBERS, "other": TEXTS}
)
VALUES: Final = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5
)
RIGHT: Final[Mapping[str, st.SearchStrategy[object]]] = {
    "select": st.lists(TEXTS, max_size=3), "ignore": st.lists(TEXTS, max_size=3),
    "exclude": st.lists(TEXTS, max_size=3),
    "per-file-ignores": st.dictionaries(TEXTS, st.lists(TEXTS, max_size=2), max_size=2), "slow-task-ms": _NUMBERS,
    "heavy": st.lists(TEXTS, max_size=3), "light": st.lists(TEXTS, max_size=3), "src": st.lists(TEXTS, max_size=3),
    "registrations": st.lists(_FORMS, max_size=2), "max-depth": _NUMBERS, "queue": TEXTS, "preview": st.booleans(),
}  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn) -> str:
    """The text of a `bglint.toml`: keys with values of the right kind more often than not."""
    rows = []
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True)):
        strategy = RIGHT.get(key, VALUES) if draw(st.integers(0, 3)) else VALUES
        rows.append(f"{key} = {_toml(draw(strategy))}")
    return "\n".join(rows)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value)
    return str(value).lower()


WORDS: Final = (
    "bglint", "noqa", ":", "ignore", "ignore-file", "[", "]", "BG101", "BG1", "BG", "BG999", "bg101", ",", " ", "  ",
    "light", "heavy", "# ", "E501", "\t", "é", "all", "type: ignore", "\x0c", "BG101BG102", "-",
)  # fmt: skip
COMMENTS: Final = st.lists(st.sampled_from(WORDS), max_size=9).map(lambda words: "# " + "".join(words))
