"""What goes wrong: one line on stderr that says what would be right, and the exit status."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bglint as package

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ap.py"], "error: ap.py: no such file or folder; did you mean 'app.py'?"),
        (["nowhere/x"], "error: nowhere/x: no such file or folder"),
        (["--selct", "BG1"], "error: no such option: --selct; did you mean '--select'?"),
        (["--select", "BG1O1"], "error: --select: unknown rule code 'BG1O1'; did you mean 'BG101'?"),
        (["--output-format", "jsn"], "error: Invalid value for '--output-format': 'jsn' is not one of 'full', "),
        (["--min-confidence", "sure"], "error: Invalid value for '--min-confidence': 'sure' is not one of 'low', "),
        (["--config", "x.toml"], "error: x.toml: cannot be read: No such file or directory"),
        (["-", "app.py"], "error: `-` reads from stdin and stands alone; leave out the other paths"),
        (["--stdin-filename", "x.py"], "error: --stdin-filename goes with `-` as the path"),
        (["--files-from", "none.txt"], "error: Could not open file 'none.txt': No such file or directory"),
        (["--files-from", "app.py", "-"], "error: --files-from does not go with `-` as the path"),
        (["--files-from", "-", "--watch"], "error: --watch reads its list of files again, which stdin cannot; "),
        (["-o", "no/x.txt"], "error: Could not open file 'no/x.txt': No such file or directory"),
        (["--output-format", "full", "--output-format", "json"], "error: more than one --output-format for stdout; "),
        (["rule"], "error: give the code of a rule, such as BG101, or --all"),
        (["rule", "BG1O1"], "error: no rule 'BG1O1'; did you mean 'BG101'?"),
        (["rule", "image-procesing"], "error: no rule 'image-procesing'; did you mean 'image-processing'?"),
    ],
)
def test_a_mistake_gets_one_line_and_status_two(
    bglint: CommandLine, project: Path, arguments: list[str], message: str
) -> None:
    outcome = bglint(*arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.startswith(message)
    assert outcome.err.count("\n") == 1


def test_each_mistake_of_a_configuration_gets_its_line(bglint: CommandLine, project: Path) -> None:
    (project / "bglint.toml").write_text("selct = []\nmax-depth = 'x'\n", encoding="utf-8")
    outcome = bglint()
    assert outcome.status == 2
    assert outcome.err.splitlines() == [
        "error: bglint.toml: selct: unknown key; did you mean 'select'?",
        "error: bglint.toml: max-depth: expected an integer, found a string",
    ]


def test_an_internal_error_is_one_line_with_the_traceback_on_demand(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("what\nnow\x1b[31m")

    monkeypatch.setattr("bglint.engine.judge", fail)
    outcome = bglint()
    assert outcome.status == 2
    assert outcome.err == (
        "error: internal error: ZeroDivisionError: what\\x0anow\\x1b[31m"
        " (run with -v for the traceback, and please report it)\n"
    )
    assert "Traceback" in bglint("-v").err


def test_the_help_lists_the_options(bglint: CommandLine) -> None:
    text = bglint("check", "--help").out
    listed = set(re.findall(r"--[\w-]+", text))
    assert {"--select", "--output-file", "--no-respect-gitignore", "--color", "--version"} <= listed
    assert {"--fix", "--unsafe-fixes", "--diff", "--baseline", "--since"} <= listed
    assert "--watch" in listed


def start(code: str, folder: Path) -> subprocess.Popen[bytes]:
    """Run `bglint --show-files` in a folder as a program of its own, after `code`."""
    # What a shell runs in the background ignores Ctrl-C, and hands that on.
    program = "import signal, sys, time; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program += f"from bglint.cli import main\n{code}\nsys.exit(main.run(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-c", program, "--show-files"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment,
    )


def test_a_reader_that_goes_away_is_no_error(project: Path) -> None:
    for number in range(3000):
        (project / f"{'long' * 20}{number}.py").touch()
    process = start("", project)
    assert process.stdout
    assert process.stderr
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    assert process.stderr.read() == b""


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_the_program_quietly_with_130(project: Path) -> None:
    slow = (
        "from bglint import discovery\n"
        "discovery.Discovery.files = lambda self: print('on', flush=True) or time.sleep(60)"
    )
    process = start(slow, project)
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert process.stderr.read().strip() == b""
