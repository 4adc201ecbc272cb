"""What the terminal can do, and the lines that go to stdout and stderr."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING, Literal, TextIO

from bglint.cli.transcript import transcript
from bglint.reporters.text import harmless, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ColorChoice = Literal["auto", "always", "never"]


class ReaderGoneError(Exception):
    """What reads our output has closed it; click would end the program itself on a BrokenPipeError."""


def open_closed_streams() -> None:
    """Open what a caller has closed of stdin, stdout and stderr: to nowhere, so that no other file takes its place."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - stays open
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def write(lines: Iterable[str], stream: TextIO) -> None:
    """Write lines to stdout or to a file."""
    try:
        for line in lines:
            text = f"{line}\n"
            if stream is sys.stdout:
                transcript.out(text)
            stream.write(text)
        stream.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError from error


def write_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout."""
    never_fail_to_encode(sys.stdout)
    write(lines, sys.stdout)


def tell(line: str) -> None:
    """Print a line on stderr."""
    transcript.err(f"{line}\n")
    print(line, file=sys.stderr)


def report_error(message: str) -> None:
    """Print an error, in one line."""
    print(f"error: {harmless(message)}", file=sys.stderr)


def print_notes(lines: Iterable[str]) -> None:
    """Print on stderr what is said of a run, broken between words where the terminal is narrow."""
    for line in lines:
        tell("\n".join(wrap(line, terminal_width(sys.stderr))))


def wants_color(choice: ColorChoice, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether to colour what goes to `stream`: the option first, then NO_COLOR, FORCE_COLOR, the terminal."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal; None where the output goes elsewhere and need not fit."""
    if not stream.isatty():
        return None
    from shutil import get_terminal_size  # noqa: PLC0415 - brings along what reads archives

    return get_terminal_size().columns


def speaks_unicode(stream: TextIO) -> bool:
    """Tell whether box-drawing characters can be written to `stream`."""
    try:
        "│╰━…→".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def never_fail_to_encode(stream: TextIO, encoding: str | None = None) -> None:
    """Write what the stream's encoding lacks as escapes; where given, change the encoding."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(encoding=encoding, errors="backslashreplace")


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print a record as one line."""
        tell(f"{record.levelname.lower()}: {harmless(record.getMessage())}")


def configure_logging(*, quiet: bool, verbose: bool) -> None:
    """Send what bglint logs to stderr: warnings, with `verbose` everything, with `quiet` errors alone."""
    logger = logging.getLogger("bglint")
    logger.handlers = [_StderrHandler()]
    logger.propagate = False
    logger.setLevel(logging.ERROR if quiet else logging.DEBUG if verbose else logging.WARNING)
