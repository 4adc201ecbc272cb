"""Globs match what they say, whatever they are made of."""

from __future__ import annotations

import functools

from hypothesis import given, settings
from hypothesis import strategies as st

from bglint.settings.globs import GlobSet

PARTS = st.sampled_from(("a", "b", "ab", "*", "?", "/", "/**/", "[ab]", "[!a]", "{a,bb}", "{a*,b}", ".py"))
GLOBS = st.lists(PARTS, min_size=1, max_size=7).map("".join).map(lambda glob: glob.replace("//", "/"))


def expected(glob: str, name: str) -> bool:
    """What a glob means, tried out in every way."""

    @functools.cache
    def from_here(glob: str, name: str) -> bool:
        if not glob:
            return not name
        if glob.startswith("**/"):
            ends = [end for end in range(len(name) + 1) if end == 0 or name[end - 1] == "/"]
            return any(from_here(glob[3:], name[end:]) for end in ends)
        if glob[0] == "*":
            return any(from_here(glob[1:], name[end:]) for end in range(len(name) + 1))
        if glob[0] == "{":
            inside, _, rest = glob[1:].partition("}")
            return any(from_here(each + rest, name) for each in inside.split(","))
        if not name:
            return False
        if glob[0] == "[":
            members, _, rest = glob[1:].partition("]")
            fits = name[0] not in members[1:] if members[0] == "!" else name[0] in members
            return fits and from_here(rest, name[1:])
        return (name[0] == glob[0] or (glob[0] == "?" and name[0] != "/")) and from_here(glob[1:], name[1:])

    return from_here(glob, name)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(GLOBS.filter(lambda glob: glob.strip("/")), st.text("ab/.py", min_size=1, max_size=12))
def test_a_glob_matches_what_it_says(glob: str, path: str) -> None:
    glob = "/" + glob.strip("/")
    path = "/" + path
    assert GlobSet([glob], "/root").matches("no name", path) == expected(glob, path), (glob, path)
