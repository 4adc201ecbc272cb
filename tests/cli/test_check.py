"""`bglint check`: what is linted, what is printed, how it exits."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import APPLICATION, FINDING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine

UNKNOWN = """\
from fastapi import BackgroundTasks
from somewhere import do


def note(path):
    print(path)


def upload(path: str, tasks: BackgroundTasks):
"""
"""The head of an application whose tasks are one of each line that follows."""


def test_no_command_is_check_and_no_path_is_the_working_directory(bglint: CommandLine, project: Path) -> None:
    (project / "other.py").write_text(APPLICATION, encoding="utf-8")
    assert "in 2 files" in bglint().err
    assert "in 2 files" in bglint("check").err
    assert "in 1 file," in bglint("app.py").err
    assert "in 1 file," in bglint("check", "app.py").err


def test_a_name_that_is_a_command_and_a_path_is_the_command(bglint: CommandLine, project: Path) -> None:
    (project / "tasks").mkdir()
    (project / "tasks" / "one.py").write_text(APPLICATION, encoding="utf-8")
    assert bglint("tasks").err.startswith("6 background tasks in 2 files")
    assert bglint("./tasks").err.startswith("Found 1 problem (1 warning) in 1 file")


def test_findings_go_to_stdout_and_the_summary_to_stderr(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--output-format", "concise")
    assert outcome.status == 1
    assert outcome.out.startswith(f"{FINDING}background task `resize` is CPU-bound image work")
    assert outcome.out.count("\n") == 1
    assert outcome.err == "Found 1 problem (1 warning) in 1 file, 3 background tasks\n"


@pytest.mark.parametrize(
    ("tasks", "line"),
    [
        (["note", "note"], "No problems: 2 files, 2 background tasks, all light\n"),
        (["note"], "No problems: 2 files, 1 background task, light\n"),
        (["note", "do", "note"], "No problems: 2 files, 3 background tasks (1 unknown, 2 light)\n"),
        ([], "No problems: 2 files, no background tasks\n"),
    ],
)
def test_nothing_found_says_what_was_looked_at(bglint: CommandLine, folder: Path, tasks: list[str], line: str) -> None:
    calls = "".join(f"    tasks.add_task({task}, path)\n" for task in tasks) or "    pass\n"
    (folder / "app.py").write_text(UNKNOWN + calls, encoding="utf-8")
    (folder / "empty.py").touch()
    outcome = bglint()
    assert (outcome.status, outcome.out, outcome.err) == (0, "", line)


@pytest.mark.parametrize("arguments", [[], ["tasks"], ["--output-format", "json"]])
def test_an_empty_folder_is_said_to_be_empty(bglint: CommandLine, folder: Path, arguments: list[str]) -> None:
    outcome = bglint(*arguments)
    assert outcome.status == 0
    assert outcome.err == f"warning: no Python files found at {folder}\n"
    assert bglint(*arguments, "-q").err == ""


def test_quiet_prints_the_findings_alone(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("-q", "--output-format", "concise")
    assert outcome.out
    assert outcome.err == ""


def test_exit_zero_exits_with_zero(bglint: CommandLine, project: Path) -> None:
    assert bglint("--exit-zero").status == 0


def test_the_rules_that_run_are_selected_and_ignored(bglint: CommandLine, project: Path) -> None:
    def codes(*options: str) -> list[str]:
        return [each["code"] for each in json.loads(bglint("--output-format", "json", *options).out)]

    assert codes() == ["BG101"]
    assert codes("--select", "BG2,BG4") == []
    assert codes("--select", "BG2", "--extend-select", "BG1") == ["BG101"]
    assert codes("--select", "BG2", "--select=BG101") == ["BG101"]
    assert codes("--ignore", "BG1") == []


def test_what_is_less_sure_is_shown_on_demand(bglint: CommandLine, folder: Path) -> None:
    by_name = UNKNOWN.replace("import do", "import resize_image") + "    tasks.add_task(resize_image, path)\n"
    (folder / "app.py").write_text(by_name, encoding="utf-8")
    assert bglint().status == 1
    assert bglint("--min-confidence", "high").status == 0
    assert bglint("--min-confidence", "low").status == 1


def test_files_are_left_out_by_options_and_by_gitignore(bglint: CommandLine, project: Path) -> None:
    (project / "lib" / "gen").mkdir(parents=True)
    (project / "lib" / "gen" / "x.py").touch()
    (project / ".gitignore").write_text("app.py\n", encoding="utf-8")
    assert bglint("--show-files").out == f"{project}/lib/gen/x.py\n"
    assert bglint("--show-files", "--extend-exclude", "docs,gen").out == ""
    assert bglint("--show-files", "--no-respect-gitignore", "--extend-exclude", "lib/gen").out == f"{project}/app.py\n"
    assert bglint("lib/gen/x.py", "--show-files", "--extend-exclude", "gen").out == f"{project}/lib/gen/x.py\n"
    assert bglint("lib/gen/x.py", "--show-files", "--extend-exclude", "gen", "--force-exclude").out == ""


def test_an_exclude_of_the_command_line_is_relative_to_the_working_directory(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bglint.toml").touch()
    (project / "sub" / "gen").mkdir(parents=True)
    (project / "sub" / "gen" / "a.py").touch()
    monkeypatch.chdir(project / "sub")
    assert bglint("--show-files").out == f"{project}/sub/gen/a.py\n"
    assert bglint("--show-files", "--exclude", "gen/*.py").out == ""


def test_the_configuration_sets_the_format_and_the_option_wins(bglint: CommandLine, project: Path) -> None:
    (project / "bglint.toml").write_text('output-format = "json"\n', encoding="utf-8")
    assert json.loads(bglint().out)[0]["code"] == "BG101"
    assert bglint("--output-format", "concise").out.startswith(FINDING)
    assert bglint("--isolated").out.startswith(f"{FINDING}warning  ")


def test_formats_for_programs_come_without_a_summary(bglint: CommandLine, project: Path) -> None:
    assert bglint("--output-format", "json").err == ""


def test_a_file_gets_its_format_beside_text_on_the_terminal(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--output-format", "sarif", "--output-file", "x.sarif")
    assert json.loads((project / "x.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert outcome.out.startswith(FINDING)
    assert outcome.err.startswith("Found 1 problem")


def test_several_formats_go_to_several_files(bglint: CommandLine, project: Path) -> None:
    formats = ["--output-format", "sarif", "--output-format", "junit", "--output-format", "concise"]
    outcome = bglint(*formats, "-o", "a.sarif", "-o", "b.xml")
    assert (project / "a.sarif").read_text(encoding="utf-8").startswith("{")
    assert ET.parse(project / "b.xml").getroot().tag == "testsuites"
    assert outcome.out.startswith(FINDING)
    assert outcome.out.count("\n") == 1


def test_statistics_stand_in_for_the_findings_on_the_terminal(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("--statistics", "--output-format", "json", "-o", "x.json")
    assert (outcome.status, outcome.out) == (1, "1   BG101   image-processing\n")
    assert json.loads((project / "x.json").read_text(encoding="utf-8"))[0]["code"] == "BG101"


def test_verbose_says_which_configuration_is_used(bglint: CommandLine, project: Path) -> None:
    (project / "bglint.toml").write_text("max-depth = 3\n", encoding="utf-8")
    assert "debug: configuration: bglint.toml\n" in bglint("-v").err


def type_on_stdin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_stdin_is_linted_and_shown_under_the_name_that_is_given(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsaved = APPLICATION.replace("add_task(note, path)", "add_task(unsaved.text)")
    type_on_stdin(monkeypatch, f"# one line more\n{unsaved}")
    outcome = bglint("--stdin-filename", "app.py", "-")
    assert outcome.out.startswith("app.py:15:5: BG101 ")
    assert "15 │     tasks.add_task(resize, path)\n" in outcome.out
    from_app = UNKNOWN.replace("from somewhere import do", "from app import resize")
    type_on_stdin(monkeypatch, f"{from_app}    tasks.add_task(resize, path)\n")
    assert bglint("--stdin-filename", "new.py", "-", "--output-format", "concise").out.startswith("new.py:10:5: BG101 ")


def test_the_files_of_a_list_are_linted_and_no_others(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names may hold whatever a name can where each is ended by NUL; an empty list names nothing."""
    odd = project / "two\nlines -.py"
    odd.write_text(APPLICATION)
    outcome = bglint("--output-format", "json")
    everywhere = {each["filename"] for each in json.loads(outcome.out)}
    assert str(odd) in everywhere
    assert len(everywhere) > 1
    type_on_stdin(monkeypatch, "two\nlines -.py\0")
    (found,) = {each["filename"] for each in json.loads(bglint("--files-from", "-", "--output-format", "json").out)}
    assert found == str(odd)
    (project / "list.txt").write_text("app.py\r\n\n")
    (found,) = {each["filename"] for each in json.loads(bglint("--files-from=list.txt", "--output-format=json").out)}
    assert found == str(project / "app.py")
    (project / "list.txt").write_text("")
    assert bglint("--files-from=list.txt", "--output-format=json").out == "[]\n"
    assert bglint("--files-from=list.txt").status == 0
    assert bglint("tasks", "--files-from=list.txt", "--output-format=json").out == "[]\n"
    assert bglint("--files-from=list.txt", "--show-settings").status == 0


def test_stdin_under_an_excluded_name_is_left_alone_where_that_is_forced(
    bglint: CommandLine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    excluded = ["--stdin-filename", "gen/app.py", "--extend-exclude", "gen", "-"]
    type_on_stdin(monkeypatch, APPLICATION)
    assert bglint(*excluded).status == 1
    type_on_stdin(monkeypatch, APPLICATION)
    assert bglint(*excluded, "--force-exclude").status == 0


def test_show_files_lists_what_would_be_linted(bglint: CommandLine, project: Path) -> None:
    (project / "build").mkdir()
    (project / "build" / "b.py").touch()
    assert bglint("--show-files").out == f"{project}/app.py\n"


def test_show_settings_says_where_each_value_comes_from(bglint: CommandLine, project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.bglint]\nqueue = "RQ"\n', encoding="utf-8")
    out = bglint("--show-settings", "--ignore", "BG101", "--cache-dir", "c").out.splitlines()
    assert 'queue = "RQ"  # pyproject.toml' in out
    assert 'ignore = ["BG101"]  # command line' in out
    assert f'cache-dir = "{project}/c"  # command line' in out
    assert "max-depth = 10  # default" in out


@pytest.mark.parametrize("command", ["check", "tasks"])
def test_colour_is_for_terminals_or_where_it_is_asked_for(
    bglint: CommandLine, project: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert "\x1b" not in bglint(command).out
    assert "\x1b" in bglint(command, "--color", "always").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" in bglint(command).out
    assert "\x1b" not in bglint(command, "--color", "never").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in bglint(command).out


def test_text_of_the_code_is_never_markup(bglint: CommandLine, folder: Path) -> None:
    call = 'tasks.add_task(resize, "[red]\x1b[31m")'
    (folder / "app.py").write_text(APPLICATION.replace("tasks.add_task(resize, path)", call), encoding="utf-8")
    assert '"[red]\\x1b[31m"' in bglint("--color", "always").out
