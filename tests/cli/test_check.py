"""`bglint check`: what is asked of the engine, what is printed, how it exits."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from bglint.diagnostics import Confidence, Report

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine, FakeEngine


def test_no_command_is_check_and_no_path_is_the_working_directory(
    bglint: CommandLine, engine: FakeEngine, project: Path
) -> None:
    bglint()
    assert engine.paths == (".",)
    bglint("app.py")
    assert engine.paths == ("app.py",)
    bglint("check", "app.py")
    assert engine.paths == ("app.py",)


def test_a_name_that_is_a_command_and_a_path_is_the_command(
    bglint: CommandLine, engine: FakeEngine, found: Report, project: Path
) -> None:
    (project / "tasks").mkdir()
    engine.report = found
    assert "background tasks in" in bglint("tasks").err
    bglint("./tasks")
    assert engine.paths == ("./tasks",)


def test_findings_go_to_stdout_and_the_summary_to_stderr(
    bglint: CommandLine, engine: FakeEngine, found: Report
) -> None:
    engine.report = found
    outcome = bglint("--output-format", "concise")
    assert outcome.status == 1
    assert outcome.out == "app.py:1:1: BG101 `resize` is image work\n"
    assert outcome.err == "Found 1 problem (1 error) in 12 files, 3 background tasks\n"


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        (["light", "enqueue"], "No problems: 12 files, 2 background tasks, all light\n"),
        (["light"], "No problems: 12 files, 1 background task, light\n"),
        (["light", "unknown", "light"], "No problems: 12 files, 3 background tasks (1 unknown, 2 light)\n"),
        ([], "No problems: 12 files, no background tasks\n"),
    ],
)
def test_nothing_found_says_what_was_looked_at(
    bglint: CommandLine, engine: FakeEngine, found: Report, verdicts: list[str], line: str
) -> None:
    tasks = tuple(replace(found.tasks[0], verdict=verdict) for verdict in verdicts)
    engine.report = Report(tasks=tasks, files=12)
    outcome = bglint()
    assert (outcome.status, outcome.out, outcome.err) == (0, "", line)


@pytest.mark.parametrize("arguments", [[], ["tasks"], ["--output-format", "json"]])
def test_an_empty_folder_is_said_to_be_empty(
    bglint: CommandLine, tmp_path: Path, project: Path, arguments: list[str]
) -> None:
    outcome = bglint(*arguments)
    assert outcome.status == 0
    assert outcome.err == f"warning: no Python files found at {tmp_path}\n"
    assert bglint(*arguments, "-q").err == ""


def test_quiet_prints_the_findings_alone(bglint: CommandLine, engine: FakeEngine, found: Report) -> None:
    engine.report = found
    outcome = bglint("-q", "--output-format", "concise")
    assert outcome.out
    assert outcome.err == ""


def test_exit_zero_exits_with_zero(bglint: CommandLine, engine: FakeEngine, found: Report) -> None:
    engine.report = found
    assert bglint("--exit-zero").status == 0


def test_options_reach_the_settings_and_the_engine(bglint: CommandLine, engine: FakeEngine, project: Path) -> None:
    outcome = bglint(
        *("--select", "BG1,BG201", "--select=ALL", "--ignore", "BG101", "--min-confidence", "low"),
        *("--extend-select", "BG2", "--extend-exclude", "gen,lib/x", "--force-exclude", "--no-respect-gitignore"),
        *("--cache-dir", "c", "--no-cache", "-j", "3", "app.py"),
    )
    assert outcome.status == 0, outcome.err
    assert engine.resolver
    settings = engine.resolver.for_directory(project)
    assert settings.select == ("BG1", "BG201", "ALL")
    assert (settings.extend_select, settings.ignore) == (("BG2",), ("BG101",))
    assert settings.min_confidence is Confidence.LOW
    assert settings.extend_exclude == ("gen", str(project / "lib" / "x"))
    assert settings.force_exclude
    assert not settings.respect_gitignore
    assert settings.cache_dir == str(project / "c")


def test_an_exclude_of_the_command_line_is_relative_to_the_working_directory(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bglint.toml").touch()
    (project / "sub" / "gen").mkdir(parents=True)
    (project / "sub" / "gen" / "a.py").touch()
    monkeypatch.chdir(project / "sub")
    assert bglint("--show-files").out == f"{project}/sub/gen/a.py\n"
    assert bglint("--show-files", "--exclude", "gen/*.py").out == ""


def test_the_configuration_sets_the_format_and_the_option_wins(
    bglint: CommandLine, engine: FakeEngine, found: Report, project: Path
) -> None:
    engine.report = found
    (project / "bglint.toml").write_text('output-format = "json"\n', encoding="utf-8")
    assert json.loads(bglint().out)[0]["code"] == "BG101"
    assert bglint("--output-format", "concise").out.startswith("app.py:1:1:")
    assert bglint("--isolated").out.startswith("app.py:1:1: BG101 error  ")


def test_formats_for_programs_come_without_a_summary(bglint: CommandLine, engine: FakeEngine, found: Report) -> None:
    engine.report = found
    assert bglint("--output-format", "json").err == ""


def test_a_file_gets_its_format_beside_text_on_the_terminal(
    bglint: CommandLine, engine: FakeEngine, found: Report, project: Path
) -> None:
    engine.report = found
    outcome = bglint("--output-format", "sarif", "--output-file", "x.sarif")
    assert json.loads((project / "x.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert outcome.out.startswith("app.py:1:1: BG101 error")
    assert outcome.err.startswith("Found 1 problem")


def test_several_formats_go_to_several_files(
    bglint: CommandLine, engine: FakeEngine, found: Report, project: Path
) -> None:
    engine.report = found
    formats = ["--output-format", "sarif", "--output-format", "junit", "--output-format", "concise"]
    outcome = bglint(*formats, "-o", "a.sarif", "-o", "b.xml")
    assert (project / "a.sarif").read_text(encoding="utf-8").startswith("{")
    assert ET.parse(project / "b.xml").getroot().tag == "testsuites"
    assert outcome.out == "app.py:1:1: BG101 `resize` is image work\n"


def test_statistics_stand_in_for_the_findings_on_the_terminal(
    bglint: CommandLine, engine: FakeEngine, found: Report, project: Path
) -> None:
    engine.report = found
    outcome = bglint("--statistics", "--output-format", "json", "-o", "x.json")
    assert (outcome.status, outcome.out) == (1, "1   BG101   image-processing\n")
    assert json.loads((project / "x.json").read_text(encoding="utf-8"))[0]["code"] == "BG101"


def test_verbose_says_which_configuration_is_used(bglint: CommandLine, project: Path) -> None:
    (project / "bglint.toml").write_text("max-depth = 3\n", encoding="utf-8")
    assert "debug: configuration: bglint.toml\n" in bglint("-v").err


def test_stdin_is_linted_under_the_name_that_is_given(
    bglint: CommandLine, engine: FakeEngine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x = 1\n")))
    assert bglint("--stdin-filename", "app/new.py", "-").status == 0
    assert engine.options["stdin"] == (str(project / "app" / "new.py"), b"x = 1\n")
    assert engine.paths == ()


def test_stdin_is_shown_as_source(
    bglint: CommandLine, engine: FakeEngine, found: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"unsaved.add_task(text)\n")))
    engine.report = found
    assert "1 │ unsaved.add_task(text)\n" in bglint("--stdin-filename", "app.py", "-").out


def test_stdin_under_an_excluded_name_is_left_alone_where_that_is_forced(
    bglint: CommandLine, engine: FakeEngine, found: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    engine.report = found
    excluded = ["--stdin-filename", "gen/app.py", "--extend-exclude", "gen", "-"]
    assert bglint(*excluded).status == 1
    assert bglint(*excluded, "--force-exclude").status == 0


def test_show_files_lists_what_would_be_linted(bglint: CommandLine, project: Path) -> None:
    (project / "build").mkdir()
    (project / "build" / "b.py").touch()
    assert bglint("--show-files").out == f"{project}/app.py\n"


def test_show_settings_says_where_each_value_comes_from(bglint: CommandLine, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.bglint]\nqueue = "RQ"\n', encoding="utf-8")
    out = bglint("--show-settings", "--ignore", "BG101").out.splitlines()
    assert 'queue = "RQ"  # pyproject.toml' in out
    assert 'ignore = ["BG101"]  # command line' in out
    assert "max-depth = 10  # default" in out


@pytest.mark.parametrize("command", ["check", "tasks"])
def test_colour_is_for_terminals_or_where_it_is_asked_for(
    bglint: CommandLine, engine: FakeEngine, found: Report, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    engine.report = found
    assert "\x1b" not in bglint(command).out
    assert "\x1b" in bglint(command, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in bglint(command).out
    assert "\x1b" not in bglint(command, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in bglint(command).out


def test_without_a_terminal_there_is_no_progress(bglint: CommandLine, engine: FakeEngine, project: Path) -> None:
    bglint()
    assert engine.options["progress"] is None


def test_text_of_the_code_is_never_markup(bglint: CommandLine, engine: FakeEngine, found: Report) -> None:
    engine.report = replace(found, diagnostics=(replace(found.diagnostics[0], message="[red]\x1b[31m"),))
    assert "[red]\\x1b[31m" in bglint("--color", "always").out
