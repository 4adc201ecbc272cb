"""What the pages of the documentation show is what the program does; the page of the runtime has tests of its own."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import shutil
import subprocess
import textwrap
import tomllib
from pathlib import Path
from typing import Final, NamedTuple

import pytest
import yaml

from bglint.cli.main import run
from bglint.settings import SettingsResolver
from tests.effects.test_catalog_data import FIELDS
from tests.test_readme import SAMPLE
from tests.want import parse

DOCS: Final = Path(__file__).parents[1] / "docs"
CONTRIBUTING: Final = DOCS.parent / "CONTRIBUTING.md"


class Block(NamedTuple):
    page: str
    row: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.row}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    fence = re.compile(r'^( *)```(\w*)(?: title="([^"]*)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
    return [
        Block(page.name, text.count("\n", 0, found.start()) + 1, found[2], found[3] or "", textwrap.dedent(found[4]))
        for found in fence.finditer(text)
    ]


BLOCKS: Final = [block for page in sorted(DOCS.glob("*.md")) for block in blocks_of(page)]
README: Final = blocks_of(DOCS.parent / "README.md")
PYTHON: Final = [block for block in BLOCKS if block.language == "python" and block.page != "runtime.md"]
ANSWERS: Final = [block for block in PYTHON if block.page == "decision-tree.md"]
VERDICTS: Final = {"before": "cpu-async", "processes": "offloaded"}


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The application of the README, in a repository, as the working directory."""
    for name, text in SAMPLE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    for command in ("init", "add .", "commit -m first", "update-ref refs/remotes/origin/main HEAD"):
        identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *identity, *command.split()], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def commands(block: Block, program: str) -> list[list[str]]:
    words = [shlex.split(line, comments=True) for line in block.text.splitlines()]
    return [line[1:] for line in words if line[:1] == [program]]


def test_every_block_is_of_a_language_that_is_tested() -> None:
    assert {block.language for block in BLOCKS} == {"elisp", "json", "lua", "python", "sh", "text", "toml", "yaml"}
    assert {block.page for block in BLOCKS if block.language == "text"} == {
        "configuration.md",
        "decision-tree.md",  # a drawing
        "getting-started.md",
    }


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_the_python_that_is_shown_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text(block.text, encoding="utf-8")
    names = runpy.run_path("jobs.py")
    worker = next((other for other in BLOCKS if other.page == block.page and other.row > block.row), None)
    if worker and worker.language == "sh":
        assert {name.partition("(")[0] for name in re.findall(r"jobs[.:](\w+)", worker.text)} <= names.keys()


@pytest.mark.parametrize("block", ANSWERS, ids=lambda block: block.title)
def test_the_verdict_on_each_answer_of_the_decision_tree(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.py").write_text(block.text, encoding="utf-8")
    assert run(["tasks", "--output-format", "json"]) == 0
    (task,) = json.loads(capsys.readouterr().out)
    assert task["verdict"] == VERDICTS.get(block.title, "enqueue")


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "sh"], ids=str)
def test_the_commands_that_are_shown_work(block: Block, sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["bash", "-n", "-c", block.text], check=True)
    for arguments in commands(block, "bglint"):
        assert run(arguments) in {0, 1}, capsys.readouterr().err
    assert (sample / "bglint.sarif").exists() == ("bglint.sarif" in block.text)


TOML: Final = [block for block in BLOCKS if block.language == "toml" and block.page != "editors.md"]


@pytest.mark.parametrize("block", TOML, ids=str)
def test_the_configuration_that_is_shown_is_valid(block: Block, tmp_path: Path) -> None:
    name = "pyproject.toml" if "[tool.bglint]" in block.text else "bglint.toml"
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / name).write_text(block.text, encoding="utf-8")
    (tmp_path / "bglint.toml").write_text('extend-exclude = ["vendored"]\n', encoding="utf-8")
    settings = SettingsResolver().for_directory(tmp_path / "app")
    assert tomllib.loads(block.text)
    assert settings != SettingsResolver(isolated=True).for_directory(tmp_path / "app")


def test_the_mistakes_that_are_shown_are_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    mistakes = 'selct = ["BG1"]\nignore = ["BG1O1"]\nslow-task-ms = "200"\n'
    (tmp_path / "bglint.toml").write_text(mistakes, encoding="utf-8")
    (shown,) = [block.text for block in BLOCKS if block.page == "configuration.md" and block.language == "text"]
    assert run([]) == 2
    assert capsys.readouterr().err == shown


@pytest.mark.usefixtures("sample")
def test_the_finding_that_is_explained_is_what_the_sample_gives(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = [block.text for block in BLOCKS if block.page == "getting-started.md" and block.language == "text"]
    run(["app"])
    before, after = shown.split("…")
    assert re.match(f"{re.escape(before)}.*{re.escape(after)}", capsys.readouterr().out)


def test_what_contributing_shows_of_a_rule_a_fixture_and_the_catalogue_is_valid(tmp_path: Path) -> None:
    rule, fixture, entry = blocks_of(CONTRIBUTING)[1:]
    (tmp_path / "long_sleep.py").write_text(f'"""The target sleeps."""\n{rule.text}', encoding="utf-8")
    assert runpy.run_path(str(tmp_path / "long_sleep.py"))["RULE"].summary == "The target sleeps."
    expected = parse(fixture.text.encode(), "main.py")
    assert (expected.tasks[0].verdict, expected.wants[0].code) == ("slow-io", "BG202")
    fields = re.findall(r"^\| (`.*?`) \|", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"`([\w]+)`", " ".join(fields))) == FIELDS
    assert {name for each in tomllib.loads(entry.text)["callable"].values() for name in each} <= FIELDS


@pytest.mark.parametrize("block", [block for block in (*BLOCKS, *README) if block.language == "yaml"], ids=str)
def test_yaml_parses(block: Block) -> None:
    included = re.match(r'--8<-- "(.*)"', block.text)
    assert yaml.safe_load((DOCS.parent / included[1]).read_text(encoding="utf-8") if included else block.text)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.page == "editors.md"], ids=str)
def test_the_settings_of_editors_start_what_there_is(block: Block, tmp_path: Path) -> None:
    if block.language in {"json", "toml"}:
        assert json.loads(block.text) if block.language == "json" else tomllib.loads(block.text)
    if block.language == "lua" and (nvim := shutil.which("nvim")):
        (tmp_path / "block.lua").write_text(block.text, encoding="utf-8")
        read = f"lua assert(loadfile('{tmp_path}/block.lua'))"
        done = subprocess.run([nvim, "--headless", "--clean", "-c", read, "-c", "q"], capture_output=True, check=True)
        assert not done.stderr
    assert "bglint" in block.text
    assert "server" in block.text or "--output-format" in block.text.replace('", "', " ")


def test_the_problem_matcher_reads_what_is_printed(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [tasks] = [json.loads(block.text) for block in BLOCKS if "problemMatcher" in block.text]
    [task] = tasks["tasks"]
    assert run([*task["args"], "app"]) == 1
    pattern = task["problemMatcher"]["pattern"]
    found = re.fullmatch(pattern["regexp"], capsys.readouterr().out.splitlines()[0])
    assert found
    assert (sample / found[pattern["file"]]).is_file()
    assert found[pattern["code"]] in found[0]
