"""Where versions of FastAPI differ, each does what the rules say of it: they are installed and tried."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.rules.misuse.conftest import Lint

PROBE = Path(__file__).with_name("probe_fastapi.py")
VERSIONS = ["0.105.0", "0.106.0", "0.117.1", "0.118.0"]
"""The last and the first ones of each behaviour; the installed one is tried in `test_fastapi.py`."""
OLD_ENOUGH = ["httpx<0.28", "python-multipart==0.0.9"]
"""What the test client and the forms of all these versions can do with."""


def measured(version: str, folder: str) -> Mapping[str, list[Any]]:
    """What the probe says under a version that is installed into a folder of its own."""
    install = [sys.executable, "-m", "pip", "install", "-q", "--target", folder, f"fastapi=={version}", *OLD_ENOUGH]
    subprocess.run(install, check=True, capture_output=True)
    probe = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROBE)],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder},
    )  # fmt: skip
    found: dict[str, list[Any]] = json.loads(probe.stdout)
    return found


def example(code: str, number: int = 0) -> str:
    section = RULES[code].documentation.partition("## Example\n")[2].partition("\n## ")[0]
    return str(re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[number])


def said(lint: Lint, source: str, code: str, version: str) -> str:
    """The message of a rule in a project that pins a version."""
    (found,) = lint(source, code=code, **{"requirements.txt": f"fastapi=={version}\n"})
    return f"{found.severity}: {found.message}"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_does_what_the_rules_say_of_it(
    lint: Lint, version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    happens = measured(version, str(tmp_path_factory.mktemp(f"fastapi-{version}")))

    session = said(lint, example("BG405"), "BG405", version)
    if happens["dependency_with_yield"] == ["open", "close", "task"]:
        assert session.startswith("error")
        assert session.endswith(f"with the project's FastAPI ({version}) it is closed before the task runs")
    else:
        assert happens["dependency_with_yield"] == ["open", "task", "close"]
        assert session.startswith("warning")
        assert "stays open until the task has ended" in session

    upload = said(lint, example("BG405", 1), "BG405", version)
    assert happens["upload"] == (["ValueError"] if "closed before the task runs" in upload else ["abc"])

    audit = said(lint, example("BG417"), "BG417", version)
    assert happens["added_after_yield"] == (["task"] if "it runs, but" in audit else [])
    assert audit.startswith("warning" if happens["added_after_yield"] else "error")

    # BG413: the route is refused, or nothing runs the tasks
    assert happens["depends_on_the_class"] in ([], ["refused"])
    assert happens["depends_without_anything"] == ["refused"]
