"""`--watch`, as a program of its own on a terminal of its own."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import bglint as package
from tests.shop import API, HEAVY, LIGHT, make_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import CommandLine

DEADLINE_S: Final = 60


class Terminal:
    """A program on a terminal, and what it wrote there since it was last asked."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1]), "TERM": "xterm"}
        # What a shell runs in the background ignores Ctrl-C, and hands that on.
        code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        code += "from bglint.cli.main import run; sys.exit(run(sys.argv[1:]))"
        self.program = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdin=slave, stdout=slave, stderr=slave,
            cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)

    def until(self, wanted: str) -> str:
        """Read until a text appears; return all that came before it, too."""
        seen, deadline = "", time.monotonic() + DEADLINE_S
        while wanted not in seen:
            assert time.monotonic() < deadline, f"{wanted!r} did not appear:\n{seen}"
            if select.select([self._master], [], [], 1)[0]:
                seen += os.read(self._master, 65536).decode()
        return seen

    def end(self) -> int:
        """Interrupt the program as Ctrl-C does; return its exit status."""
        self.program.send_signal(signal.SIGINT)
        return self.program.wait(DEADLINE_S)

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._master)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one task, whose work lies in another module."""
    return make_shop(tmp_path)


@pytest.fixture
def terminal(shop: Path) -> Iterator[Terminal]:
    """The program that watches the repository."""
    terminal = Terminal(shop, "--watch", "--color", "never")
    yield terminal
    terminal.close()


def test_after_every_change_the_findings_are_those_of_the_files_as_they_are(shop: Path, terminal: Terminal) -> None:
    seen = terminal.until("Waiting for changes")
    assert "shop/api.py:6:5: BG101" in seen
    (shop / "shop/media.py").write_text(LIGHT, encoding="utf-8")
    seen = terminal.until("Waiting for changes")
    assert "\x1b[2J" in seen  # what was found before is gone from the screen
    assert "No problems" in seen
    (shop / "shop/more.py").write_text(API.replace("    tasks.add_task", "\n    tasks.add_task"), encoding="utf-8")
    assert "2 background tasks" in terminal.until("Waiting for changes")
    (shop / "shop/media.py").write_text(HEAVY, encoding="utf-8")
    seen = terminal.until("Waiting for changes")
    assert re.findall(r"shop/\w+\.py:\d+:5: BG101", seen) == ["shop/api.py:6:5: BG101", "shop/more.py:7:5: BG101"]
    (shop / "shop/more.py").unlink()
    assert "1 background task" in terminal.until("Waiting for changes")
    assert terminal.end() == 130


def test_a_wrong_configuration_is_said_and_the_next_change_waited_for(shop: Path, terminal: Terminal) -> None:
    terminal.until("Waiting for changes")
    (shop / "bglint.toml").write_text('ignroe = ["BG101"]\n', encoding="utf-8")
    terminal.until("did you mean 'ignore'")
    (shop / "bglint.toml").write_text('ignore = ["BG101"]\n', encoding="utf-8")
    assert "No problems" in terminal.until("Waiting for changes")


def test_the_lines_that_are_shown_are_those_of_now(shop: Path, terminal: Terminal) -> None:
    terminal.until("Waiting for changes")
    (shop / "shop/api.py").write_text(API.replace("path)\n", "path)  # now\n"), encoding="utf-8")
    assert "# now" in terminal.until("Waiting for changes")


@pytest.fixture
def watching(shop: Path) -> Iterator[Callable[..., Terminal]]:
    """Starts the program that watches the repository with further options."""
    started: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        started.append(Terminal(shop, "--watch", "--color", "never", *arguments))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_what_a_baseline_knows_stays_left_out(shop: Path, watching: Callable[..., Terminal]) -> None:
    baseline = shop.parent / "known.json"
    write = [sys.executable, "-m", "bglint", "--write-baseline", str(baseline)]
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    subprocess.run(write, cwd=shop, env=environment, check=True, capture_output=True)
    terminal = watching("--baseline", str(baseline))
    assert "No problems" in terminal.until("Waiting for changes")
    (shop / "shop/more.py").write_text(API, encoding="utf-8")
    seen = terminal.until("Waiting for changes")
    assert re.findall(r"shop/\w+\.py:\d+:5: BG101", seen) == ["shop/more.py:6:5: BG101"]
    (shop / "shop/more.py").unlink()
    (shop / "shop/media.py").write_text(LIGHT, encoding="utf-8")
    assert "gone from the baseline" in terminal.until("Waiting for changes")


def test_only_what_changed_since_a_revision_is_shown(shop: Path, watching: Callable[..., Terminal]) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "start"]):
        subprocess.run([*git, *arguments], cwd=shop, check=True, capture_output=True)
    terminal = watching("--since", "HEAD")
    assert "No problems" in terminal.until("Waiting for changes")
    (shop / "shop/media.py").write_text(HEAVY.replace("resize(", "resize( "), encoding="utf-8")
    assert "shop/api.py:6:5: BG101" in terminal.until("Waiting for changes")
    (shop / "shop/media.py").write_text(HEAVY, encoding="utf-8")
    assert "No problems" in terminal.until("Waiting for changes")


@pytest.mark.parametrize("other", ["--fix", "--diff", "--add-ignores", "--show-files"])
def test_what_ends_after_one_run_does_not_go_with_it(bglint: CommandLine, other: str) -> None:
    outcome = bglint("--watch", other)
    assert outcome.status == 2
    assert f"--watch and {other} do not go together" in outcome.err


def test_stdin_cannot_be_watched(bglint: CommandLine) -> None:
    assert "--watch waits for files to change" in bglint("--watch", "-").err


def test_what_to_install_is_said_where_watchfiles_is_missing(shop: Path) -> None:
    code = "import sys; sys.modules['watchfiles'] = None; from bglint.cli.main import run; sys.exit(run(['--watch']))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=shop, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr == "error: --watch needs watchfiles; run `pip install 'bglint[watch]'`\n"
