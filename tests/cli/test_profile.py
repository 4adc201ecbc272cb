"""`--profile` and `--profile-file`: where the time of a run went."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from bglint import profiling
from tests.cli.conftest import FINDING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine


def test_the_table_names_stages_rules_and_files(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--no-cache", "--profile", "--output-format", "concise", str(project))
    assert FINDING in outcome.out
    for name in ("start of Python", "parsing", "verdicts", "BG101", "app.py"):
        assert re.search(rf"^ +\d+\.\d{{3}} +\d+% +\d+  .*{name}$", outcome.err, re.MULTILINE), name
    assert "Where the time went" not in outcome.out


def test_the_file_holds_stages_that_add_up_to_the_run(bglint: CommandLine, project: Path, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    outcome = bglint("--no-cache", "--profile-file", str(path), str(project))
    assert "Where the time went" not in outcome.err
    profile = json.loads(path.read_text())
    stages = sum(each["seconds"] for each in profile["stages"].values())
    assert profile["total"] == pytest.approx(stages + profile["start"])
    assert profile["rules"]["BG101"]["times"] == 3
    assert [name.rpartition("/")[2] for name in profile["files"]] == ["app.py"]


def test_a_measured_run_finds_what_any_other_does(bglint: CommandLine, project: Path) -> None:
    plain = bglint("--no-cache", "--output-format", "json", str(project))
    measured = bglint("--no-cache", "--profile", "--output-format", "json", str(project))
    assert (measured.status, measured.out) == (plain.status, plain.out)


def test_the_inventory_and_a_warm_run_are_measured_too(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BGLINT_NO_CACHE", raising=False)
    assert "verdicts" in bglint("tasks", "--no-cache", "--profile", str(project)).err
    arguments = ("--cache-dir", str(project / "kept"), "--profile", str(project))
    bglint(*arguments)
    assert re.search(r"% +1  cache$", bglint(*arguments).err, re.MULTILINE)


def test_a_run_that_fails_says_where_its_time_went(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--profile", str(project / "missing"))
    assert outcome.status == 2
    assert "Where the time went" in outcome.err
    assert not profiling.is_active()


def test_a_file_that_cannot_be_written_is_an_error(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--no-cache", "--profile-file", str(project / "none/p.json"), str(project))
    assert outcome.status == 2
    assert "No such file or directory" in outcome.err
