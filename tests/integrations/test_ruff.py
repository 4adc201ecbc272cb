"""Output in ruff's forms, held against what the real ruff prints: a reader of the one is a reader of the other."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bglint.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

FIXABLE = """\
from fastapi import BackgroundTasks


async def create(tasks: BackgroundTasks):
    await tasks.add_task(print)
"""
"""A BG412, which comes with a fix as ruff's F401 does."""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "app.py").write_text(FIXABLE, encoding="utf-8")
    (tmp_path / "unused.py").write_text("import os\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outputs(output_format: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What ruff and what bglint print of a finding with a fix."""
    options = ["check", "--isolated", "--no-cache", "--select", "F401", "--output-format", output_format, "unused.py"]
    theirs = subprocess.run([sys.executable, "-m", "ruff", *options], check=False, capture_output=True, text=True)
    assert theirs.returncode == 1, theirs.stderr
    assert run(["--select", "BG412", "--output-format", output_format, "app.py"]) == 1
    return theirs.stdout, capsys.readouterr().out


def missing(theirs: Any, ours: Any, place: str = "") -> list[str]:
    """Where ours lacks a key of theirs, or has a value of another type; null may stand for what is not there."""
    if ours is None or theirs is None:
        return []
    if type(theirs) is not type(ours):
        return [f"{place}: {ours!r} in place of {theirs!r}"]
    if isinstance(theirs, dict):
        return [
            found
            for key, value in theirs.items()
            for found in (missing(value, ours[key], f"{place}.{key}") if key in ours else [f"{place}.{key}"])
        ]
    return missing(theirs[0], ours[0], f"{place}[]") if isinstance(theirs, list) and theirs else []


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize("output_format", ["json", "json-lines", "gitlab", "rdjson"])
def test_each_key_of_ruffs_is_there_with_a_value_of_its_type(
    output_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, ours = (json.loads(text) for text in outputs(output_format, capsys))
    lacking = missing(theirs, ours)
    # There is no site to link to.
    assert [place for place in lacking if not place.endswith(".url")] == []


@pytest.mark.usefixtures("sources")
@pytest.mark.parametrize(
    ("output_format", "form"),
    [
        ("concise", r"\w+\.py:\d+:\d+: [A-Z]+\d{3} \[\*\] .+"),
        ("grouped", r"\w+\.py:\n  \d+:\d+ [A-Z]+\d{3} \[\*\] .+"),
        ("github", r"::error title=\w+ \([A-Z]+\d{3}\),file=\S+\.py,line=\d+,(endLine|col)=.+::\S+\.py:\d+:\d+: .+"),
    ],
)
def test_lines_have_the_form_of_ruffs(output_format: str, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = outputs(output_format, capsys)
    assert re.match(form, theirs)
    assert re.match(form, ours)
