"""The findings that a project has accepted: known by what they are, not by the line or the file that they stand in.

A finding is the same as long as its rule, its target, the form of its registration and the symbols of its trace are.
Several of the same are told apart by their number: of three where two are known, one is new.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bglint.fixes.writing import write_atomically
from bglint.source import read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bglint.diagnostics import Diagnostic, Report

VERSION: Final = 1


class BaselineError(Exception):
    """A baseline cannot be read; the message says why and what would be right."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A finding as a baseline keeps it. `file`, relative to the baseline's folder, is where it stood; it may move."""

    file: str
    code: str
    target: str
    registration: str
    trace: tuple[str, ...]
    detail: str = ""
    occurrence: int = 0

    @property
    def subject(self) -> tuple[str, str, str, tuple[str, ...], str]:
        """What makes it this finding."""
        return self.code, self.target, self.registration, self.trace, self.detail

    @property
    def fingerprint(self) -> str:
        """A short name of the finding, stable while lines move and files are renamed."""
        parts = [self.code, self.target, self.registration, *self.trace, self.detail, str(self.occurrence)]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings. `folder` is the one that their files are relative to."""

    folder: str
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, report: Report, folder: str) -> Baseline:
        """Take all findings of a report for known."""
        return cls(folder, tuple(entry for _, entry in _numbered(report, folder)))

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Read a baseline; raise `BaselineError` for one that is not there or none."""
        try:
            value = json.loads(read_regular(path))
            entries = tuple(sorted(_entry(each) for each in _checked(value)))
        except FileNotFoundError:
            raise BaselineError(f"{path}: no such baseline; `--write-baseline {path}` writes it") from None
        except OSError as error:
            raise BaselineError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BaselineError(f"{path}: is no baseline; `--write-baseline {path}` writes a new one") from error
        return cls(_folder_of(path), entries)

    def write(self, path: str) -> None:
        """Write the baseline, sorted; raise `OSError` where that cannot be done."""
        value = {"version": VERSION, "findings": [_value(entry) for entry in sorted(self.entries)]}
        write_atomically(path, f"{json.dumps(value, indent=2)}\n".encode())

    def split(self, report: Report) -> tuple[list[Diagnostic], list[Entry]]:
        """Return the findings that are not known, and the known ones that are gone.

        A known finding is looked for in its own file first, so that of two alike the one elsewhere is the new one.
        """
        known = Counter((entry.subject, entry.file) for entry in self.entries)
        anywhere = Counter(entry.subject for entry in self.entries)
        elsewhere = []
        kept = set()
        found = list(_numbered(report, self.folder))
        for index, (_, entry) in enumerate(found):
            if known[entry.subject, entry.file]:
                known[entry.subject, entry.file] -= 1
                anywhere[entry.subject] -= 1
            else:
                elsewhere.append(index)
        for index in elsewhere:
            subject = found[index][1].subject
            if anywhere[subject]:
                anywhere[subject] -= 1
            else:
                kept.add(index)
        new = [diagnostic for index, (diagnostic, _) in enumerate(found) if index in kept]
        return new, list(self._gone(known, anywhere))

    def _gone(self, known: Counter[Any], anywhere: Counter[Any]) -> Iterator[Entry]:
        for entry in sorted(self.entries):
            if known[entry.subject, entry.file] and anywhere[entry.subject]:
                known[entry.subject, entry.file] -= 1
                anywhere[entry.subject] -= 1
                yield entry

    def path_of(self, entry: Entry) -> str:
        """The absolute path of the file that an entry's finding stood in."""
        return os.path.normpath(Path(self.folder, entry.file))


def write_baseline(report: Report, path: str) -> int:
    """Write the findings of a report as a baseline; return their number."""
    baseline = Baseline.of(report, _folder_of(path))
    baseline.write(path)
    return len(baseline.entries)


def gone_lines(baseline: Baseline, gone: Sequence[Entry], looked_at: Callable[[str, str], bool]) -> list[str]:
    """What to say of known findings that are gone, those left out that this run did not look for.

    `looked_at` tells, by path and code, whether a finding would have been found.
    """
    lines = [
        f"{entry.file}: {entry.code} {entry.target or entry.detail}".rstrip()
        for entry in gone
        if looked_at(baseline.path_of(entry), entry.code)
    ]
    return [f"gone from the baseline: {line}" for line in lines]


def _folder_of(path: str) -> str:
    return str(Path(path).absolute().parent)


def _numbered(report: Report, folder: str) -> Iterator[tuple[Diagnostic, Entry]]:
    """The findings of a report with their entries, the same ones numbered in order of place."""
    registrations = {task.span: task.registration for task in report.tasks}
    seen: Counter[object] = Counter()
    for diagnostic in report.diagnostics:
        entry = Entry(
            file=_relative(diagnostic.span.filename, folder),
            code=diagnostic.code,
            target=diagnostic.target,
            registration=registrations.get(diagnostic.span, ""),
            trace=tuple(step.symbol for step in diagnostic.trace),
            detail="" if diagnostic.target or diagnostic.trace else diagnostic.message,
            occurrence=0,
        )
        number = seen[entry.subject]
        seen[entry.subject] += 1
        yield diagnostic, Entry(entry.file, *entry.subject, occurrence=number)


def _relative(filename: str, folder: str) -> str:
    """A path as it is written in a baseline: the same on every machine where it lies near."""
    try:
        return os.path.relpath(filename, folder).replace(os.sep, "/")
    except ValueError:  # on another drive
        return filename


def _value(entry: Entry) -> dict[str, object]:
    value: dict[str, object] = {
        "file": entry.file,
        "code": entry.code,
        "target": entry.target,
        "registration": entry.registration,
        "trace": [*entry.trace],
    }
    if entry.detail:
        value["detail"] = entry.detail
    return {**value, "occurrence": entry.occurrence, "fingerprint": entry.fingerprint}


def _checked(value: Any) -> Iterable[Any]:
    if value["version"] != VERSION:
        raise ValueError("another version")
    findings = value["findings"]
    if not isinstance(findings, list):
        raise TypeError("no list")
    return findings


def _entry(value: Any) -> Entry:
    texts = [value["file"], value["code"], value["target"], value["registration"], value.get("detail", "")]
    trace = value["trace"]
    if not isinstance(trace, list) or not all(isinstance(text, str) for text in [*texts, *trace]):
        raise TypeError("no finding")
    file, code, target, registration, detail = texts
    return Entry(file, code, target, registration, tuple(trace), detail, int(value.get("occurrence", 0)))
