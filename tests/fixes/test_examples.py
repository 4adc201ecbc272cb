"""The examples of every rule, mended with the real engine; and what the command line makes of fixes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bglint.cli.main import run as bglint
from bglint.engine import run
from bglint.fixes import BUILDERS
from bglint.fixes.apply import MAX_ROUNDS, Outcome, OwnFixes, mend
from bglint.program.syntax import parse
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bglint.diagnostics import Report

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples() -> Sequence[object]:
    return [
        pytest.param(rule.code, block, id=f"{rule.code}-{number}")
        for rule in RULES.values()
        for number, block in enumerate(BLOCK.findall(rule.documentation))
    ]


class Linter:
    """The real engine over one folder; it counts its runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resolver = SettingsResolver(cli_overrides={"select": ["ALL"], "min-confidence": "low"}, isolated=True)
        self.runs = 0

    def __call__(self, overlay: Mapping[str, bytes]) -> Report:
        self.runs += 1
        return run([str(self.folder)], self.resolver, overlay=overlay)


def mended(folder: Path) -> tuple[Outcome, Linter]:
    linter = Linter(folder)
    return mend(linter, OwnFixes(frozenset({"safe", "unsafe"}))), linter


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(("code", "source"), examples())
def test_an_example_is_mended_to_a_fixed_point(tmp_path: Path, code: str, source: str, ending: str) -> None:
    path = tmp_path / "example.py"
    before = source.replace("\n", ending).encode("utf-8-sig")
    path.write_bytes(before)
    outcome, linter = mended(tmp_path)
    assert linter.runs <= 2 + 2 * MAX_ROUNDS
    assert not [each for each in outcome.report.diagnostics if OwnFixes().wants(each)]
    if not outcome.changes:
        return
    after = outcome.changes[str(path)].after
    parse(after.decode("utf-8-sig"))
    assert after.startswith(b"\xef\xbb\xbf")
    assert after.count(b"\n") == after.count(ending.encode())
    path.write_bytes(after)
    assert linter({}) == outcome.report
    assert not mended(tmp_path)[0].changes


@pytest.mark.parametrize("code", [rule.code for rule in RULES.values() if rule.fixable and rule.code in BUILDERS])
def test_a_rule_that_calls_itself_fixable_has_an_example_that_is_fixed(tmp_path: Path, code: str) -> None:
    for block in BLOCK.findall(RULES[code].documentation):
        (tmp_path / "example.py").write_text(block, encoding="utf-8")
        if any(each.code == code for each in mended(tmp_path)[0].fixed):
            return
    pytest.fail("no example is fixed")


# the command line, with a rule that has been there from the first day

IGNORED = b"from fastapi import BackgroundTasks\r\n\r\n\r\ndef f(tasks: BackgroundTasks):\r\n    tasks.add_task(print)"
COMMENT = b"  # bglint: ignore[BG101]"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "app.py"
    path.write_bytes(IGNORED + COMMENT + b"\r\n")
    return path


def test_without_fix_nothing_is_changed_and_it_is_said_what_could_be(
    app: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bglint([]) == 1
    assert app.read_bytes() == IGNORED + COMMENT + b"\r\n"
    assert "1 fixable with `--fix`\n" in capfd.readouterr().err


def test_fix_mends_the_file_and_reports_the_rest(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bglint(["--fix"]) == 0
    assert app.read_bytes() == IGNORED + b"\r\n"
    assert capfd.readouterr().err == ("Fixed 1 problem in 1 file\nNo problems: 1 file, 1 background task, light\n")


def test_a_diff_is_printed_and_git_can_apply_it(app: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert bglint(["--diff", "-q"]) == 1
    assert app.read_bytes() == IGNORED + COMMENT + b"\r\n"
    diff = capfdbinary.readouterr().out
    subprocess.run(["git", "apply", "-p0", "-"], input=diff, check=True, cwd=app.parent)
    assert app.read_bytes() == IGNORED + b"\r\n"
    assert bglint(["--diff"]) == 0
    assert capfdbinary.readouterr().out == b""


def test_a_file_that_changes_while_bglint_runs_is_left_alone_and_said_so(
    app: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from bglint.fixes import apply

    original = apply.mend

    def meanwhile(*arguments: object) -> Outcome:
        outcome = original(*arguments)  # type: ignore[arg-type]
        app.write_bytes(IGNORED + COMMENT + b"  # edited\r\n")
        return outcome

    monkeypatch.setattr(apply, "mend", meanwhile)
    assert bglint(["--fix"]) == 1
    assert app.read_bytes() == IGNORED + COMMENT + b"  # edited\r\n"
    error = capfd.readouterr().err
    assert f"warning: {app}: left alone: it changed on disk in the meantime\n" in error
    assert "Fixed" not in error


def test_text_from_stdin_is_mended_to_stdout(app: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bglint", "--fix", "--stdin-filename", "x.py", "-"],
        input=IGNORED + COMMENT,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, IGNORED), done.stderr


def test_json_carries_the_edits(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bglint(["--output-format", "json"])
    (found,) = json.loads(capfd.readouterr().out)
    assert found["fix"] == {
        "applicability": "safe",
        "message": "Remove the unused ignore",
        "edits": [{"content": "", "location": {"row": 5, "column": 26}, "end_location": {"row": 5, "column": 51}}],
    }


HEAVY = """\
import time
from fastapi import BackgroundTasks


async def wait():
    time.sleep(5)


def f(tasks: BackgroundTasks):
    tasks.add_task(wait)
"""


def test_ignores_are_added_with_a_reason_and_a_second_run_finds_nothing(
    app: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    app.write_text(HEAVY, encoding="utf-8")
    assert bglint(["--add-ignores", "--select", "BG2"]) == 0
    assert "add_task(wait)  # bglint: ignore[BG201] -- added by bglint\n" in app.read_text(encoding="utf-8")
    assert "Added ignore comments for 1 problem in 1 file\n" in capfd.readouterr().err
    assert bglint(["--select", "BG2,BG9"]) == 0


def test_the_reason_is_that_of_the_command_line(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app.write_text(HEAVY, encoding="utf-8")
    assert bglint(["--add-ignores", "--reason", "moves to RQ, see #12", "--select", "BG2"]) == 0
    assert "add_task(wait)  # bglint: ignore[BG201] -- moves to RQ, see #12\n" in app.read_text(encoding="utf-8")
    app.write_text(f"# coding: latin-1\n{HEAVY}", encoding="latin-1")
    assert bglint(["--add-ignores", "--reason", "é 日", "--select", "BG2"]) == 0
    assert "-- é \\u65e5\n" in app.read_text(encoding="latin-1")
    capfd.readouterr()
    for text in ("", "two\nlines"):
        assert bglint(["--add-ignores", "--reason", text]) == 2
        assert capfd.readouterr().err == "error: Invalid value for '--reason': expected text of one line\n"
    assert bglint(["--reason", "why"]) == 2
    assert capfd.readouterr().err == "error: --reason goes with --add-ignores\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--add-ignores", "--fix"], "--add-ignores and --fix"),
        (["--write-baseline", "b.json", "--since", "HEAD"], "--write-baseline and --since"),
    ],
)
def test_options_that_undo_one_another_are_refused(
    app: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    assert bglint(arguments) == 2
    assert capfd.readouterr().err == f"error: {named} do not go together; run one after the other\n"
