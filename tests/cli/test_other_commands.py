"""`tasks`, `rule`, `--version`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bglint import __version__
from tests.cli.conftest import APPLICATION

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import CommandLine


def test_tasks_lists_them_and_exits_with_zero(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("tasks")
    assert outcome.status == 0
    assert outcome.out.splitlines()[0].split() == ["Verdict", "Work", "Task", "Registered", "at", "Reaches"]
    assert outcome.err == "3 background tasks in 1 file (1 cpu, 2 light)\n"


def test_tasks_prints_json_with_relative_paths(bglint: CommandLine, project: Path) -> None:
    outcome = bglint("tasks", "--isolated", "--no-cache", "--select", "ALL", "--output-format", "json", ".")
    assert [task["filename"] for task in json.loads(outcome.out)] == ["app.py"] * 3
    assert outcome.err == ""


def test_a_target_of_several_lines_is_shown_on_one_without_its_comments(bglint: CommandLine, folder: Path) -> None:
    target = "partial(\n        note,\n        # where it lies\n        path,\n    )"
    text = APPLICATION.replace("(note, path)", f"({target})").replace(
        "from fast", "from functools import partial\nfrom fast"
    )
    (folder / "app.py").write_text(text, encoding="utf-8")
    tasks = json.loads(bglint("tasks", "--output-format", "json").out)
    assert [task["target"] for task in tasks] == ["resize", *["partial(note, path)"] * 2]


def test_tasks_ignores_the_format_configured_for_check(bglint: CommandLine, project: Path) -> None:
    (project / "bglint.toml").write_text('output-format = "sarif"\n', encoding="utf-8")
    assert bglint("tasks").out.startswith("Verdict")


def test_a_rule_is_explained_by_code_or_name(bglint: CommandLine) -> None:
    for name in ("BG101", "bg101", "image-processing"):
        outcome = bglint("rule", name)
        assert outcome.status == 0
        assert outcome.out.startswith("# image-processing (BG101)\n\nThe target reaches image manipulation.\n\n## What")


def test_a_rule_says_that_it_is_in_preview_and_whether_it_can_be_fixed(bglint: CommandLine) -> None:
    assert "It is in preview" in bglint("rule", "BG418", "--output-format", "markdown").out
    assert "Fix: safe." in bglint("rule", "BG401", "--output-format", "markdown").out
    assert "preview" not in bglint("rule", "BG101", "--output-format", "markdown").out.partition("\n## ")[0]


def test_all_rules_are_explained_in_order(bglint: CommandLine) -> None:
    lines = [line for line in bglint("rule", "--all").out.splitlines() if re.fullmatch(r"# [a-z-]+ \(BG\d{3}\)", line)]
    codes = [line[-6:-1] for line in lines]
    assert codes == sorted(set(codes))
    assert {"BG101", "BG206", "BG302", "BG419", "BG502", "BG903"} <= set(codes)


def test_rules_as_json(bglint: CommandLine) -> None:
    rule = json.loads(bglint("rule", "BG401", "--output-format", "json").out)
    assert (rule["code"], rule["preview"], rule["fixable"]) == ("BG401", False, "safe")
    codes = [each["code"] for each in json.loads(bglint("rule", "--all", "--output-format", "json").out)]
    assert codes == sorted(codes)


def test_on_a_terminal_a_rule_is_typeset(bglint: CommandLine) -> None:
    text = bglint("rule", "BG101", "--color", "always").out
    assert "\x1b[" in text
    assert "## What it does" not in text


def test_the_version_is_told_by_the_group_and_by_check(bglint: CommandLine) -> None:
    assert bglint("--version").out == bglint("check", "--version").out == f"bglint {__version__}\n"


def test_the_version_costs_no_expensive_import() -> None:
    code = (
        "import sys\n"
        "from bglint.cli.main import run\n"
        "run(['--version'])\n"
        "print({'libcst', 'rich', 'pathspec', 'tomllib', 'bglint.engine'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == [f"bglint {__version__}", "set()"]


@pytest.mark.parametrize("code", ["from bglint.cli.main import run; run(['--version'])", "import bglint.runtime"])
def test_what_needs_no_language_server_loads_none(code: str) -> None:
    code += "; import sys; print({'pygls', 'lsprotocol', 'bglint.language_server', 'watchfiles'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "set()"


def test_the_module_runs_as_a_program() -> None:
    run = subprocess.run([sys.executable, "-m", "bglint", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == f"bglint {__version__}\n"


def test_help_names_the_commands(bglint: CommandLine) -> None:
    text = bglint("--help").out
    assert all(f"\n  {name} " in text for name in ("check", "tasks", "rule"))


def test_the_server_says_what_to_install_where_pygls_is_missing(
    bglint: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in {"pygls", "lsprotocol"}]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("bglint.language_server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    outcome = bglint("server")
    assert outcome.status == 2
    assert outcome.err.endswith("the language server needs pygls; run `pip install 'bglint[lsp]'`\n")
    assert outcome.err.count("\n") == 1
