"""The examples of the runtime's page run, and pass a type checker."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "runtime.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(EXAMPLES[number])
    # Imported, as an application is: what is in the main script cannot be offloaded.
    command = [sys.executable, "-W", "error", "-c", "import example"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_examples_pass_a_type_checker(tmp_path: Path) -> None:
    for number, example in enumerate(EXAMPLES):
        (tmp_path / f"example_{number}.py").write_text(example)
    command = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={tmp_path}", str(tmp_path)]
    command += ["--ignore-missing-imports", "--disable-error-code=import-untyped"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_name_of_the_package_is_on_the_page() -> None:
    import bglint.runtime
    import bglint.runtime.offload

    page = PAGE.read_text()
    own = {"Enqueueing", "Handover", "Offload", "WorkerDied", "Drained", "Watch", "Outcome", "Place"}
    names = {*bglint.runtime.__all__, *bglint.runtime.offload.__all__} - own
    assert [name for name in sorted(names) if name not in page] == []
