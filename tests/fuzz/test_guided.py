"""What reads bytes of others, for a moment; `python -m tests.fuzz.guided` goes on for as long as it is told."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is made for Linux, and not for every Python")
def test_bytes_of_others_raise_nothing_unforeseen(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.guided", "--runs", "150", "--corpus", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 150 runs" in done.stderr
