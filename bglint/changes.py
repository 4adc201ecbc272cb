"""What changed since a Git revision, by file and row: in commits, in the index, in the working tree, untracked."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Rows = tuple[int, int]
"""A stretch of rows, from 1, both ends inclusive."""

_HUNK = re.compile(rb"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


class RevisionError(Exception):
    """Git cannot tell what changed; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changed rows by file, and the files that are new as a whole. Paths are absolute and free of links."""

    rows: Mapping[str, tuple[Rows, ...]] = field(default_factory=dict)
    untracked: frozenset[str] = frozenset()

    def touch(self, filename: str, first: int, last: int) -> bool:
        """Tell whether something changed in a stretch of rows."""
        path = os.path.realpath(filename)
        if path in self.untracked:
            return True
        return any(start <= last and first <= end for start, end in self.rows.get(path, ()))

    def carried_over(self, edited: Mapping[str, bytes]) -> Changes:
        """The same changes in files whose content is no longer that on disk; what was edited counts as changed."""
        rows = dict(self.rows)
        for filename, data in edited.items():
            path = os.path.realpath(filename)
            if path not in self.untracked:
                rows[path] = tuple(_carried_over(self.rows.get(path, ()), read_regular(path), data))
        return Changes(rows, self.untracked)


def changes_since(revision: str, folders: Iterable[str]) -> Changes:
    """Ask Git what changed since a revision in the repositories that `folders` belong to; raise `RevisionError`."""
    rows: dict[str, tuple[Rows, ...]] = {}
    untracked: set[str] = set()
    for root in dict.fromkeys(_repository(folder) for folder in folders):
        commit = _commit(root, revision)
        options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--find-renames")
        prefixes = ("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules")
        rows.update(_changed_rows(_git(root, "diff", *options, *prefixes, commit, "--"), root))
        names = _git(root, "ls-files", "--others", "--exclude-standard", "-z").split(b"\0")
        untracked.update(os.path.realpath(Path(root, os.fsdecode(name))) for name in names if name)
    return Changes(rows, frozenset(untracked))


def _repository(folder: str) -> str:
    """The root of the repository that a folder belongs to."""
    found = _run(folder, "rev-parse", "--show-toplevel")
    if found.returncode:
        reason = found.stderr.decode(errors="replace").partition("\n")[0].removeprefix("fatal: ")
        if reason.startswith("not a git repository"):
            reason = "not in a Git repository, so there is nothing to compare with"
        raise RevisionError(f"{folder}: {reason}")
    return os.fsdecode(found.stdout.removesuffix(b"\n"))


def _commit(root: str, revision: str) -> str:
    found = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode:
        raise RevisionError(
            f"{revision!r} is no revision of {root}; give a commit, a branch or a tag"
            f" (a shallow clone may lack it: `git fetch` it first)"
        )
    return found.stdout.decode().strip()


def _git(root: str, *arguments: str) -> bytes:
    found = _run(root, *arguments)
    if found.returncode:
        raise RevisionError(f"git {arguments[0]}: {found.stderr.decode(errors='replace').strip()}")
    return found.stdout


def _run(folder: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - a revision is never taken for an option
            ["git", "-C", folder, *arguments],  # noqa: S607 - the git of the user's PATH
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except OSError as error:
        raise RevisionError(f"git cannot be run: {error.strerror or error}") from error


def _changed_rows(diff: bytes, root: str) -> Iterator[tuple[str, tuple[Rows, ...]]]:
    """Read a diff without context: the files with the rows of their new version that changed."""
    path = None
    rows: list[Rows] = []
    left = 0
    for line in diff.split(b"\n"):
        if left:
            left -= not line.startswith(b"\\")
        elif hunk := _HUNK.match(line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            # Where rows are only gone, their neighbours are what changed.
            rows.append((first, first + count - 1) if count else (first, first + 1))
            left = count + _removed(line)
        elif line.startswith(b"+++ "):
            if path:
                yield path, tuple(rows)
            path, rows = _path(line[4:], root), []
    if path:
        yield path, tuple(rows)


def _removed(hunk: bytes) -> int:
    """How many lines a hunk removes, by its header."""
    _, _, count = hunk.split(b" ", 2)[1].partition(b",")
    return int(count or 1)


def _path(name: bytes, root: str) -> str | None:
    """The absolute path of a file as a diff names it; None for one that is gone."""
    name = name.removesuffix(b"\t")
    if name.startswith(b'"') and name.endswith(b'"'):
        name = _ESCAPE.sub(_unescaped, name[1:-1])
    if not name.startswith(b"b/"):
        return None
    return os.path.realpath(Path(root, os.fsdecode(name[2:])))


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    return bytes([int(escaped, 8)]) if escaped.isdigit() else _ESCAPED.get(escaped, escaped)


def _carried_over(rows: Sequence[Rows], before: bytes, after: bytes) -> Iterator[Rows]:
    """Rows of a file's earlier content as those of its later, with the rows that differ between the two."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, old, old_end, new, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield new + 1, max(new_end, new + 1)
            continue
        for first, last in rows:
            start, end = max(first, old + 1), min(last, old_end)
            if start <= end:
                yield start - old + new, end - old + new
