"""Expectations written as comments in `fixtures/`, and their comparison with what bglint said.

On the first line of a registration, and anywhere a diagnostic without a registration is expected:

    tasks.add_task(f, x)  # task: VERDICT [CATEGORY] [-> dotted.symbol.suffix] [want CODE "regex" [CODE "regex"]...]
    x = 1  # want CODE "regex" [CODE "regex"]...
    # want-file CODE "regex"      a diagnostic of this file, whatever its line

A regular expression is searched for in the message, upper and lower case alike. A category or a symbol that is not
written is not compared. Comments are found by the tokenizer, so that text in strings does not count; where a file
cannot be tokenized to its end, the remaining lines are searched as plain text.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Diagnostic, Report, Task

VERDICTS = frozenset({"cpu", "cpu-async", "blocking-async", "slow-io", "light", "enqueue", "offloaded", "unknown"})
CATEGORIES = frozenset({
    "image", "video", "audio", "pdf", "ocr", "document", "data", "ml", "compression", "crypto", "plot", "loop",
    "subprocess", "scrape", "sleep", "http", "db", "file",
})  # fmt: skip

_MARK = re.compile(r"#\s*(?:task|want)\b")
_WANT = re.compile(r'\s*(BG\d{3})\s+"((?:[^"\\]|\\.)*)"')
_TASK = re.compile(
    r"""\#\s*task:\s+(?P<verdict>[a-z-]+)
        (?:\s+(?!want\b)(?P<category>[a-z]+))?
        (?:\s+->\s+(?P<symbol>[\w.]+))?
        (?:\s+want\b(?P<wants>.*))?""",
    re.VERBOSE,
)
_LONE = re.compile(r"#\s*(?P<scope>want-file|want)\b(?P<wants>.*)")


class MalformedExpectationError(Exception):
    """A comment looks like an expectation and is none."""


@dataclass(frozen=True, slots=True)
class Want:
    """A diagnostic that is expected; `row` is None where any line of the file will do."""

    path: str
    row: int | None
    code: str
    pattern: str

    def matches(self, found: Diagnostic, path: str) -> bool:
        """Say whether `found`, which lies in the file `path`, is the one that is wanted."""
        return (
            self.path == path
            and self.row in {None, found.span.start.row}
            and self.code == found.code
            and re.search(self.pattern, found.message, re.IGNORECASE) is not None
        )


@dataclass(frozen=True, slots=True)
class Expected:
    """A registration that is expected to be listed."""

    path: str
    row: int
    verdict: str
    category: str | None
    symbol: str | None

    def matches(self, found: Task) -> bool:
        """Say whether `found`, which lies on the same line, was judged as expected."""
        symbol = found.resolved.symbol if found.resolved else ""
        return (
            self.verdict == found.verdict
            and self.category in {None, found.category}
            and (self.symbol is None or f".{symbol}".endswith(f".{self.symbol}"))
        )

    def __str__(self) -> str:
        return _judgement(self.verdict, self.category, self.symbol)


@dataclass(frozen=True, slots=True)
class Expectations:
    """All that one folder expects."""

    tasks: tuple[Expected, ...]
    wants: tuple[Want, ...]


def expectations(folder: Path) -> Expectations:
    """Read the expectations of every Python file below `folder`."""
    tasks: list[Expected] = []
    wants: list[Want] = []
    for file in sorted(folder.rglob("*.py")):
        in_file = parse(file.read_bytes(), file.relative_to(folder).as_posix())
        tasks += in_file.tasks
        wants += in_file.wants
    return Expectations(tuple(tasks), tuple(wants))


def parse(data: bytes, path: str) -> Expectations:
    """Read the expectations of one file's bytes."""
    tasks: list[Expected] = []
    wants: list[Want] = []
    for row, comment in _comments(_decode(data)):
        mark = _MARK.search(comment)
        if mark is None:
            continue
        text = comment[mark.start() :]
        where = f"{path}:{row}"
        if task := _TASK.fullmatch(text.rstrip()):
            tasks.append(_expected(task, path, row, where))
            at: int | None = row
            rest = task["wants"]
        elif lone := _LONE.fullmatch(text.rstrip()):
            at = None if lone["scope"] == "want-file" else row
            rest = lone["wants"]
        else:
            raise MalformedExpectationError(f"{where}: not understood: {text}")
        if rest is not None:
            wants += [Want(path, at, code, pattern) for code, pattern in _wants(rest, where)]
    return Expectations(tuple(tasks), tuple(wants))


def differences(expected: Expectations, report: Report, folder: Path) -> list[str]:
    """Return what differs, as the lines of a diff; an empty list where everything was matched exactly once."""
    lines: dict[tuple[str, int], list[str]] = {}

    def differ(path: str, row: int | None, *text: str) -> None:
        lines.setdefault((path, row or 0), []).extend(text)

    found_tasks = [(_relative(task.span.filename, folder), task) for task in report.tasks]
    for task in expected.tasks:
        here = [pair for pair in found_tasks if pair[0] == task.path and pair[1].span.start.row == task.row]
        right = next((pair for pair in here if task.matches(pair[1])), None) or next(iter(here), None)
        if right is None:
            differ(task.path, task.row, f"- expected: task {task}", "+ got:      nothing is listed here")
            continue
        found_tasks.remove(right)
        if not task.matches(right[1]):
            differ(task.path, task.row, f"- expected: task {task}", f"+ got:      task {_described(right[1])}")
    for path, unexpected in found_tasks:
        differ(path, unexpected.span.start.row, "- expected: no task", f"+ got:      task {_described(unexpected)}")

    found = [(_relative(diagnostic.span.filename, folder), diagnostic) for diagnostic in report.diagnostics]
    for want in expected.wants:
        match = next((pair for pair in found if want.matches(pair[1], pair[0])), None)
        if match is not None:
            found.remove(match)
        else:
            differ(want.path, want.row, f'- expected: {want.code} "{want.pattern}"')
    for path, diagnostic in found:
        differ(path, diagnostic.span.start.row, f"+ got:      {diagnostic.code} {diagnostic.message}")

    return [
        line
        for (path, row), text in sorted(lines.items())
        for line in (f"{folder.name}/{path}:{row or '*'}", *(f"  {each}" for each in text))
    ]


def _expected(task: re.Match[str], path: str, row: int, where: str) -> Expected:
    verdict, category = task["verdict"], task["category"]
    if verdict not in VERDICTS:
        raise MalformedExpectationError(f"{where}: no verdict is called {verdict}")
    if category is not None and category not in CATEGORIES:
        raise MalformedExpectationError(f"{where}: no category is called {category}")
    return Expected(path, row, verdict, category, task["symbol"])


def _wants(text: str, where: str) -> Iterator[tuple[str, str]]:
    at = 0
    while want := _WANT.match(text, at):
        yield want[1], want[2]
        at = want.end()
    if at == 0 or text[at:].strip():
        raise MalformedExpectationError(f'{where}: after "want" come a code and a quoted pattern, not: {text[at:]}')


def _decode(data: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("latin-1")


def _comments(text: str) -> Iterator[tuple[int, str]]:
    last = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            last = max(last, token.end[0])
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        yield from _rest(text.split("\n"), last)


def _rest(lines: Iterable[str], last: int) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(lines, 1):
        if row > last and (mark := _MARK.search(line)):
            yield row, line[mark.start() :]


def _relative(filename: str, folder: Path) -> str:
    path = Path(filename).resolve()
    return path.relative_to(folder.resolve()).as_posix() if path.is_relative_to(folder.resolve()) else filename


def _described(task: Task) -> str:
    judged = _judgement(task.verdict, task.category, task.resolved.symbol if task.resolved else None)
    chain = " > ".join(step.symbol for step in task.trace)
    return f"{judged}  ({task.target}{f': {chain}' if chain else ''})"


def _judgement(verdict: str, category: str | None, symbol: str | None) -> str:
    return " ".join([verdict, *filter(None, [category]), *([f"-> {symbol}"] if symbol else [])])
