"""Completion in the real shells, set up by the commands of the documentation."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
START: Mapping[str, tuple[str, str]] = {
    "bash": (".bashrc", "source ~/.local/share/bash-completion/completions/bglint\n"),
    "zsh": (".zshrc", "autoload -Uz compinit && compinit -u -D\nsource ~/.bglint-complete.zsh\n"),
}
LINES = [
    ("bglint tas", "bglint tasks"),
    ("bglint --with-cal", "bglint --with-callers"),
    ("bglint check --sinc", "bglint check --since"),
    ("bglint rule BG9", "bglint rule BG90"),
    ("bglint --output-format sar", "bglint --output-format sarif"),
    ("bglint uploads", "bglint uploads.py"),
]
# click's script for fish takes the commas of an answer for its own.
LISTS = [("bglint --select BG101,BG9", "bglint --select BG101,BG90")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "uploads.py").touch()
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(home), "ZDOTDIR": str(home), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def set_up(shell: str, home: Path) -> None:
    """Do what the documentation says for a shell."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    found = re.search(rf'^=== "{shell}"\n\n    ```sh\n(.*?)^    ```$', PAGE, re.MULTILINE | re.DOTALL)
    assert found
    subprocess.run(["bash", "-ec", textwrap.dedent(found[1])], cwd=home, env=environment(home), check=True)


class Terminal:
    """An interactive shell in a terminal of its own."""

    def __init__(self, shell: str, home: Path) -> None:
        self.output = ""
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(home)
            os.execvpe(shell, [shell, "-i"], environment(home))

    def type(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until the pattern is found; fail after a minute."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            if found := re.search(pattern, self.output):
                self.output = self.output[found.end() :]
                return found
            if select.select([self.descriptor], [], [], 0.2)[0]:
                self.output += os.read(self.descriptor, 65536).decode(errors="replace")
        raise AssertionError(f"{pattern!r} is not in {self.output!r}")

    def close(self) -> None:
        os.close(self.descriptor)
        os.waitpid(self.process, 0)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_tab_completes_what_is_typed(shell: str, home: Path) -> None:
    set_up(shell, home)
    name, text = START[shell]
    (home / name).write_text(f"{text}PS1='ready> '\nprintf '%s%s\\n' sta rted\n", encoding="utf-8")
    terminal = Terminal(shell, home)
    try:
        terminal.wait_for("started")
        for typed, completed in [*LINES, *LISTS]:
            terminal.type(f"{typed}\t")
            # Back to the start of the line, to print what it has become instead of running it.
            terminal.type("\x01echo 'is': \x05\n")
            assert terminal.wait_for(r"(?m)^is: (.*?) *\r?$")[1] == completed
    finally:
        terminal.close()


def test_fish_completes_what_is_typed(home: Path) -> None:
    set_up("fish", home)
    for typed, completed in LINES:
        asked = subprocess.run(
            ["fish", "-c", f"complete -C '{typed}'"],
            cwd=home,
            env=environment(home),
            check=True,
            capture_output=True,
            text=True,
        )
        words = [line.partition("\t")[0] for line in asked.stdout.splitlines()]
        assert words
        assert all(word.startswith(completed.split()[-1]) for word in words)


def test_the_commands_the_codes_and_the_options_of_check_are_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_BGLINT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "bglint ")
    monkeypatch.setenv("COMP_CWORD", "1")
    program = Path(sys.executable).parent / "bglint"
    offered = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    assert offered[0] == "file,"
    assert {"plain,check", "plain,tasks", "plain,rule"} <= set(offered)
