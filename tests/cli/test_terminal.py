"""The program in a terminal of its own: what fits, what is coloured, when progress is shown."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING, Final

import pytest

from bglint.reporters.text import display_width
from tests.test_readme import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MISTAKES: Final = """\
from fastapi import BackgroundTasks

from app.services import media


async def again(tasks: BackgroundTasks):
    await tasks.add_task(media.make_previews, "日本")
    tasks.add_task(media.make_previews("é"))
    tasks.add_task(media.make_previews)  # bglint: ignore[BG777]
"""
ESCAPE: Final = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
SOURCE: Final = re.compile(r"^ *\d+ │.*$", re.MULTILINE)
"""Lines of source, which are cut around the call."""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    for name, text in {**SAMPLE, "app/again.py": MISTAKES}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def in_terminal(
    folder: Path,
    *arguments: str,
    columns: int = 80,
    environment: Mapping[str, str] = {},
    before: str = "",
    stdout: int | None = None,
) -> str:
    """Run bglint with stdin, stdout and stderr on a terminal; return what it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}
    }
    program = f"import sys\n{before}\nfrom bglint.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env={**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):  # Linux's way to say that the other side is closed
        while chunk := os.read(ours, 65536):
            written += chunk
    os.close(ours)
    assert process.wait() in {0, 1}
    return written.decode().replace("\r\n", "\n")


COMMANDS: Final = (
    ["--color", "never"],
    ["--color", "always"],
    ["tasks"],
    ["tasks", "--output-format", "tree"],
    ["rule", "BG101"],
)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_cut(application: Path, columns: int) -> None:
    for arguments in COMMANDS:
        text = ESCAPE.sub("", in_terminal(application, *arguments, columns=columns))
        wide = [line for line in text.splitlines() if display_width(line) > columns]
        assert not wide, arguments
        assert "…" not in SOURCE.sub("", text)


def test_a_narrow_terminal_shows_the_words_of_a_wide_one(application: Path) -> None:
    for arguments in (COMMANDS[0], COMMANDS[3]):
        narrow, wide = (
            in_terminal(application, *arguments, columns=columns, before=CLOCK.format([], 0.0)) for columns in (40, 200)
        )
        words = [re.findall(r"[\w./`:,]+", SOURCE.sub("", ESCAPE.sub("", text))) for text in (narrow, wide)]
        assert words[0] == words[1]


@pytest.mark.parametrize(
    ("environment", "escape"),
    [
        ({"NO_COLOR": "1"}, r"\x1b\[[\d;]*m"),  # a progress bar may still move the cursor
        ({"TERM": "dumb"}, r"\x1b"),
    ],
)
def test_a_terminal_without_colour_gets_none(application: Path, environment: Mapping[str, str], escape: str) -> None:
    for arguments in ([], ["tasks"], ["rule", "BG101"]):
        assert not re.search(escape, in_terminal(application, *arguments, environment=environment))
    assert re.search(escape, in_terminal(application))


def test_an_encoding_without_lines_gets_ascii(application: Path) -> None:
    environment = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    text = in_terminal(application, "--color", "never", environment=environment)
    assert text.isascii()
    assert "`- PIL.Image.Image.resize" in text


CLOCK: Final = "import time\nticks = iter({})\ntime.monotonic = lambda: next(ticks, {})\n"


@pytest.mark.parametrize(("seconds", "shown"), [(0.9, False), (1.1, True)])
def test_progress_is_shown_on_stderr_after_a_second_and_taken_away(
    application: Path, seconds: float, shown: bool
) -> None:
    report = application / "report.txt"
    clock = CLOCK.format([0.0], seconds)
    with report.open("w") as stdout:
        progress = in_terminal(application, before=clock, stdout=stdout.fileno())
        quiet = in_terminal(application, "-q", before=clock, stdout=stdout.fileno())
    assert ("Analysing" in progress) == shown
    assert progress.rstrip().endswith("fixable with `--fix`")
    assert "Analysing" not in quiet
    assert "Analysing" not in report.read_text(encoding="utf-8")
    assert "\x1b" not in report.read_text(encoding="utf-8")
