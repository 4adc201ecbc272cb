"""The output of a command line that was given before, where nothing has changed since that it rests on.

This is looked at before anything else is imported: to read arguments and settings takes longer than to find that all is
as it was. A command whose output may be given again says so in `console.transcript`.
"""

from __future__ import annotations

import io
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from bglint.cache import FOLDER
from bglint.cli.transcript import transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHER_COMMANDS: Final = frozenset({"rule", "server", "--version", "--help", "-h", "--no-cache", "--watch"})
_VARIABLES: Final = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS", "HOME")
"""What of the environment has to do with what is printed."""
_MAX_BYTES: Final = 1 << 22
"""Larger files are looked at by a run."""
_CACHE_OPTION: Final = "--cache-dir"


def replay(arguments: Sequence[str]) -> int | None:
    """Print what the same command line printed before; return its exit status, or None where it has to be run.

    Raises `OSError` where it cannot be printed.
    """
    if not _is_eligible(arguments):
        return None
    try:
        folder = _folder(arguments)
        transcript.given = _given(arguments)
    except OSError:  # the working directory is gone, stdin cannot be read
        return None
    if folder is None:
        return None
    from bglint.cache.answers import Looked, answer  # noqa: PLC0415 - most of what this costs

    found = answer(folder, transcript.given, time.time(), _may_register)
    if found is None or isinstance(found, Looked):
        transcript.looked = found
        return None
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=found.encoding or None, errors="backslashreplace")
    for stream, text in found.printed:
        (sys.stdout if stream == "out" else sys.stderr).write(text)
    sys.stdout.flush()
    return found.status


def remember(arguments: Sequence[str], status: int) -> None:
    """Keep what was printed, for the next time that the same is asked."""
    from bglint.cache.answers import Answer, keep  # noqa: PLC0415

    reference = transcript.reference
    if reference is None or not transcript.may_be_kept or transcript.given is None:
        return
    if _folder(arguments) == reference.folder:
        keep(reference, transcript.given, Answer(status, transcript.encoding, transcript.printed))


def _may_register(path: str, words: tuple[Sequence[str], bool]) -> bool:
    """Whether a file may register a task, or has to be looked at more closely to tell."""
    from bglint.registrations.words import Words  # noqa: PLC0415 - of no use where nothing has changed
    from bglint.source import read_regular  # noqa: PLC0415

    methods, preview = words
    try:
        data = read_regular(path, _MAX_BYTES)
    except OSError:
        return True
    return len(data) == _MAX_BYTES or Words(methods, preview=preview).may_register(data)


def _is_eligible(arguments: Sequence[str]) -> bool:
    """Whether the command line may be one whose output was kept."""
    if os.environ.get("BGLINT_NO_CACHE") or sys.stdout is None or sys.stderr is None:
        return False
    is_special = any(name.startswith("_BGLINT") for name in os.environ)
    is_other = any(argument.startswith(("--profile", "--files-from")) for argument in arguments)
    return _OTHER_COMMANDS.isdisjoint(arguments) and not is_special and not is_other


def _folder(arguments: Sequence[str]) -> str | None:
    """The folder of the cache, if there is one and the arguments or the working directory tell which."""
    for at, argument in enumerate(arguments):
        if argument.startswith(_CACHE_OPTION + "="):
            return os.path.abspath(argument.removeprefix(_CACHE_OPTION + "="))  # noqa: PTH100
        if argument == _CACHE_OPTION and at + 1 < len(arguments):
            return os.path.abspath(arguments[at + 1])  # noqa: PTH100
    above = os.getcwd()  # noqa: PTH109
    while not os.path.isdir(os.path.join(above, FOLDER)):  # noqa: PTH112, PTH118
        if os.path.dirname(above) == above:  # noqa: PTH120
            return None
        above = os.path.dirname(above)  # noqa: PTH120
    return os.path.join(above, FOLDER)  # noqa: PTH118


def _given(arguments: Sequence[str]) -> list[object]:
    """All that the output depends on beside files."""
    columns = 0
    if sys.stdout.isatty() or sys.stderr.isatty():
        from shutil import get_terminal_size  # noqa: PLC0415 - brings along what reads archives

        columns = get_terminal_size().columns
    streams = [(stream.isatty(), stream.encoding) for stream in (sys.stdout, sys.stderr)]
    environment = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    return [[*arguments], os.getcwd(), columns, streams, environment, _text(arguments)]  # noqa: PTH109


def _text(arguments: Sequence[str]) -> str:
    """What tells what comes by stdin from any other text; it can be read again then."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    if not any(argument.startswith("--stdin-filename") for argument in arguments) or "-" not in arguments:
        return ""
    from hashlib import sha256  # noqa: PLC0415 - for stdin alone

    text = sys.stdin.buffer.read()
    sys.stdin = io.TextIOWrapper(io.BytesIO(text))
    return sha256(text).hexdigest()
