"""Where reports go: the terminal, files, several formats in one run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bglint import __version__, profiling
from bglint.cli.console import never_fail_to_encode, speaks_unicode, terminal_width, wants_color, write
from bglint.cli.session import Session, repository_root
from bglint.cli.transcript import transcript
from bglint.contract import DEFAULT_SLOW_TASK_MS
from bglint.reporters import TEXT_FORMATS
from bglint.reporters.context import RenderContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bglint.cli.console import ColorChoice
    from bglint.diagnostics import Report
    from bglint.reporters.context import Reporter
    from bglint.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Output:
    """The formats of one run: what goes to stdout, and what to which file."""

    to_stdout: str
    to_files: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, formats: Sequence[str], files: Sequence[str], default: str) -> Output:
        """Pair the formats with the files in their order; the one that is left over goes to stdout."""
        if len(formats) > len(files) + 1:
            raise click.UsageError("more than one --output-format for stdout; give an --output-file to each but one")
        to_files = tuple(zip([*formats, *[default] * len(files)], files, strict=False))
        return cls(formats[-1] if len(formats) > len(files) else default, to_files)

    def has(self, name: str) -> bool:
        """Tell whether anything is printed in a format."""
        return name == self.to_stdout or any(name == each for each, _ in self.to_files)

    @property
    def is_text(self) -> bool:
        """Whether people read what goes to stdout."""
        return self.to_stdout in TEXT_FORMATS


class _KnownRules(Mapping[str, "Rule"]):
    """All rules by code, which are imported when a reporter asks for one."""

    def __getitem__(self, code: str) -> Rule:
        return self._rules()[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rules())

    def __len__(self) -> int:
        return len(self._rules())

    @staticmethod
    def _rules() -> Mapping[str, Rule]:
        from bglint.rules.registry import RULES  # noqa: PLC0415 - that is the point

        return RULES


def render_context(session: Session, color: ColorChoice) -> RenderContext:
    """Return what reporters need to know to print on stdout."""
    cwd = os.getcwd()  # noqa: PTH109
    return RenderContext(
        cwd=cwd,
        root=repository_root(cwd),
        slow_task_ms=DEFAULT_SLOW_TASK_MS,
        version=__version__,
        width=terminal_width(sys.stdout),
        color=wants_color(color, sys.stdout),
        ascii_only=not speaks_unicode(sys.stdout),
        lines=session.lines,
        rules=_KnownRules(),
    )


@profiling.stage("reporting")
def write_files(report: Report, output: Output, context: RenderContext, reporter: Callable[[str], Reporter]) -> None:
    """Write the report to every file that is asked for; done first, so that a closed pipe does not lose it."""
    for name, path in output.to_files:
        lines = reporter(name)(report, _plain(context))
        try:
            with Path(path).open("w", encoding="utf-8", errors="backslashreplace") as file:
                write(lines, file)
        except OSError as error:
            raise click.FileError(path, error.strerror or str(error)) from error


@profiling.stage("reporting")
def write_stdout(report: Report, output: Output, context: RenderContext, reporter: Callable[[str], Reporter]) -> None:
    """Write the report to stdout; what programs read goes there in UTF-8, whatever the terminal speaks."""
    never_fail_to_encode(sys.stdout, None if output.is_text else "utf-8")
    transcript.encoding = "" if output.is_text else "utf-8"
    write(reporter(output.to_stdout)(report, context if output.is_text else _plain(context)), sys.stdout)


class Printer:
    """Prints a report on stdout: whole, or where lines may be printed as they are found, part by part."""

    def __init__(self, output: Output, context: RenderContext, reporter: Callable[[str], Reporter]) -> None:
        self.output = output
        self.context = context
        self._reporter = reporter
        self._has_begun = False

    @property
    def part(self) -> Callable[[Report], None] | None:
        """What prints a part of the report; None where only the whole can be printed.

        Files come first, as `write_files` says, and hold the whole.
        """
        return self._print if self.output.to_stdout == "json-lines" and not self.output.to_files else None

    def print(self, report: Report) -> None:
        """Print the report, unless its parts were."""
        if not self._has_begun:
            self._print(report)

    def _print(self, report: Report) -> None:
        self._has_begun = True
        write_stdout(report, self.output, self.context, self._reporter)


def _plain(context: RenderContext) -> RenderContext:
    return replace(context, width=None, color=False, ascii_only=False)
