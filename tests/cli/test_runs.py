"""Whole runs over an application in a repository: what people and programs get from one command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from bglint.cli.main import run
from tests.test_readme import SAMPLE

if TYPE_CHECKING:
    from pathlib import Path

SLEEPY = """\
import time

from fastapi import BackgroundTasks


def wait():
    time.sleep(30)


async def create(tasks: BackgroundTasks):
    tasks.add_task(wait)
    await tasks.add_task(wait)  # bglint: ignore[BG202]
"""

HELD_UP = """
import sys
from bglint.cli.main import run
from bglint.engine import Session

outcome = Session.outcome

def held_up(session, path):
    if path.endswith("zz_last.py"):
        open("go").read()
    return outcome(session, path)

Session.outcome = held_up
sys.exit(run(sys.argv[1:]))
"""
"""Runs bglint, which checks the last file once somebody writes into the pipe `go`."""


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**SAMPLE, "app/sleepy.py": SLEEPY}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def findings(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    run(["--output-format", "json", *arguments])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def test_a_severity_of_the_configuration_wins_over_the_rules_and_the_longer_prefix_over_the_shorter(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {each["code"]: each["severity"] for each in findings(capsys)}
    assert before == {"BG101": "error", "BG202": "warning", "BG412": "error"}
    severities = '[severity]\nBG = "info"\nBG4 = "error"\nBG412 = "warning"\n'
    (application / "bglint.toml").write_text(severities, encoding="utf-8")
    after = {each["code"]: each["severity"] for each in findings(capsys)}
    assert after == {"BG101": "info", "BG202": "info", "BG412": "warning"}
    assert run(["--output-format", "github"]) == 1
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["::notice", "::notice", "::warning"]


def test_statistics_count_each_rule(application: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (application / "app" / "more.py").write_text(SLEEPY, encoding="utf-8")
    assert run(["--statistics"]) == 1
    printed = capsys.readouterr()
    assert [line.split() for line in printed.out.splitlines()] == [
        ["2", "BG202", "long-sleep"],
        ["2", "BG412", "awaited-registration"],
        ["1", "BG101", "image-processing"],
    ]
    assert printed.err.startswith("Found 5 problems")


def test_sarif_and_junit_go_to_files_and_text_to_the_terminal_in_one_run(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--output-format", "sarif", "-o", "x.sarif", "--output-format", "junit", "-o", "x.xml"]) == 1
    assert "app/api/uploads.py:12:5: BG101 error  background task" in capsys.readouterr().out
    results = json.loads((application / "x.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    junit = (application / "x.xml").read_text(encoding="utf-8")
    assert junit.count("<failure") == len([result for result in results if not result["suppressions"]]) == 3


def test_sarif_names_files_from_the_repository_and_its_fingerprints_stay_while_lines_move(
    application: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def results() -> list[tuple[str, str]]:
        run(["--output-format", "sarif"])
        return [
            (each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], str(each["partialFingerprints"]))
            for each in json.loads(capsys.readouterr().out)["runs"][0]["results"]
        ]

    monkeypatch.chdir(application / "app")
    before = results()
    for name in ("sleepy.py", "services/media.py"):
        path = application / "app" / name
        path.write_text(f"# one\n\n# two\n\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert results() == before
    assert {uri for uri, _ in before} == {"app/api/uploads.py", "app/sleepy.py"}


def test_settings_are_shown_with_the_file_that_each_comes_from(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (application / "base.toml").write_text('queue = "RQ"\nmax-depth = 4\n', encoding="utf-8")
    (application / "app" / "bglint.toml").write_text('extend = "../base.toml"\nmax-depth = 5\n', encoding="utf-8")
    assert run(["--show-settings", "--ignore", "BG2", "app"]) == 0
    shown = set(capsys.readouterr().out.splitlines())
    expected = {
        'queue = "RQ"  # base.toml',
        "max-depth = 5  # app/bglint.toml",
        'ignore = ["BG2"]  # command line',
        "slow-task-ms = 100  # default",
    }
    assert expected <= shown, expected - shown


def test_what_a_baseline_knows_stays_known_while_lines_move_and_files_are_renamed_and_what_is_gone_is_named(
    application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--write-baseline", "known.json"]) == 0
    sleepy = application / "app" / "sleepy.py"
    (application / "app" / "renamed.py").write_text(f"# new\n\n{SLEEPY}", encoding="utf-8")
    sleepy.unlink()
    capsys.readouterr()
    assert run(["--baseline", "known.json"]) == 0
    assert "gone" not in capsys.readouterr().err
    mended = (
        SLEEPY.replace("await tasks.add_task(wait)  # bglint: ignore[BG202]\n", "\n") + "    tasks.add_task(wait())\n"
    )
    (application / "app" / "renamed.py").write_text(mended, encoding="utf-8")
    assert run(["--baseline", "known.json", "--output-format", "concise"]) == 1
    printed = capsys.readouterr()
    assert [line.split()[1] for line in printed.out.splitlines()] == ["BG401"]
    assert "gone from the baseline: app/sleepy.py: BG412 wait\n" in printed.err


@pytest.mark.skipif(os.name != "posix", reason="makes a pipe with a name")
@pytest.mark.parametrize("command", ["check", "tasks"])
@pytest.mark.parametrize("jobs", ["1", "3"])
def test_json_lines_are_printed_as_they_are_found(
    application: Path, capsys: pytest.CaptureFixture[str], command: str, jobs: str
) -> None:
    os.mkfifo(application / "go")
    (application / "app" / "zz_last.py").write_text(SLEEPY, encoding="utf-8")
    options = [command, "--no-cache", "--output-format"]
    program = [sys.executable, "-c", HELD_UP, *options, "json-lines", "-j", jobs]
    with subprocess.Popen(program, cwd=application, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        lines = [process.stdout.readline() for _ in range(2)]
        (application / "go").write_text("go on", encoding="utf-8")
        lines += process.stdout.readlines()
        watchdog.cancel()
    assert not any("zz_last.py" in line for line in lines[:2])
    run([*options, "json"])
    found = [json.loads(line) for line in lines]
    assert sorted(found, key=str) == sorted(json.loads(capsys.readouterr().out), key=str)
    run([*options, "json-lines"])
    assert capsys.readouterr().out.splitlines(keepends=True) == lines
