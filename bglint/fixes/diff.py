"""What fixes would change, as a unified diff that `git apply -p0` and `patch` take, byte for byte."""

from __future__ import annotations

import difflib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bglint.fixes.apply import Change

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified_diff(changes: Mapping[str, Change], cwd: str) -> Iterator[bytes]:
    """Yield the lines of the diff of all changed files, their names relative to `cwd` where they lie below it."""
    for path, change in sorted(changes.items()):
        name = os.fsencode(os.path.relpath(path, cwd) if path.startswith(f"{cwd}/") else path)
        for line in difflib.diff_bytes(
            difflib.unified_diff, _lines(change.before), _lines(change.after), name, name, lineterm=b"\n"
        ):
            yield line if line.endswith(b"\n") else line + _NO_NEWLINE


def _lines(data: bytes) -> list[bytes]:
    """The lines as tools that read diffs have them: split at line feeds alone."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)
