"""What the system and other processes do to a run with a cache: it says what a run without one says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from tests.trees import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.trees import Tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of Unix")
COMMAND = [sys.executable, "-P", "-m", "bglint", "-q", "--isolated", "--output-format", "concise", "."]
FILES = {f"part{number}/app.py": APPLICATION for number in range(12)}


def start(folder: Path, *before: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "BGLINT_NO_CACHE"}
    return subprocess.Popen(
        [*before, *COMMAND],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(folder: Path, *before: str) -> tuple[int, str, str]:
    process = start(folder, *before)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def cold(made: Tree) -> str:
    done = subprocess.run([*COMMAND, "--no-cache"], cwd=made.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    return done.stdout


@pytest.mark.parametrize("fault", ["a file", "a link to elsewhere", "no room"])
def test_a_cache_that_cannot_be_written_changes_nothing(fault: str, tree: Callable[..., Tree], tmp_path: Path) -> None:
    made = tree(FILES)
    before: list[str] = []
    if fault == "a file":
        (made.folder / ".bglint_cache").write_text("mine")
    elif fault == "a link to elsewhere":
        (made.folder / ".bglint_cache").symlink_to("/dev")
    else:
        before = ["bash", "-c", 'ulimit -f 0; exec "$0" "$@"']
    for _ in range(2):
        status, out, err = said(made.folder, *before)
        assert (status, out) == (1, cold(made))
        assert "Traceback" not in err
        assert len(err.splitlines()) <= 1


def test_runs_at_once_on_one_cache_say_the_same(tree: Callable[..., Tree]) -> None:
    made = tree(FILES)
    processes = [start(made.folder) for _ in range(4)]
    outcomes = {(process.communicate(timeout=120), process.returncode) for process in processes}
    assert outcomes == {((cold(made), ""), 1)}
    assert said(made.folder) == (1, cold(made), "")


@pytest.mark.parametrize("delay", [0.15, 0.3, 0.6])
def test_a_run_that_is_killed_leaves_a_cache_that_is_right(delay: float, tree: Callable[..., Tree]) -> None:
    made = tree(FILES)
    process = start(made.folder)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert said(made.folder) == (1, cold(made), "")
    assert said(made.folder) == (1, cold(made), "")


@contextmanager
def restless(path: Path) -> Iterator[None]:
    """Delete, write and change a file over and over, as long as the body runs."""
    ended = threading.Event()

    def unrest() -> None:
        while not ended.wait(0.002):
            path.write_text(APPLICATION)
            path.write_text("def half(")
            with suppress(FileNotFoundError):
                path.unlink()

    thread = threading.Thread(target=unrest)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_file_that_comes_and_goes_while_it_is_read_ends_no_run(tree: Callable[..., Tree]) -> None:
    made = tree(FILES)
    path = made.folder / "part3/app.py"
    with restless(path):
        for _ in range(4):
            status, _, err = said(made.folder)
            assert status == 1
            assert "internal error" not in err
            assert "Traceback" not in err
    path.write_text(APPLICATION)
    assert said(made.folder) == (1, cold(made), "")
