"""Configuration: which file holds, what its keys mean, what a mistake gets."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from bglint.diagnostics import Confidence
from bglint.settings import ConfigError, RegistrationForm, Settings, SettingsResolver
from bglint.settings.files import read_values
from bglint.settings.model import config_keys
from bglint.settings.schema import config_schema
from bglint.settings.show import settings_lines

if TYPE_CHECKING:
    from pathlib import Path

CODES = ("BG101", "BG104", "BG201", "BG202", "BG205")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: Path, text: str, name: str = "bglint.toml") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def problems(config: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        SettingsResolver(config=config, known_codes=CODES)
    return str(caught.value).splitlines()


def test_without_configuration_the_defaults_hold(project: Path) -> None:
    settings = SettingsResolver().for_file(project / "a.py")
    assert settings.min_confidence is Confidence.MEDIUM
    assert settings.slow_task_ms == 100
    assert settings.src == (".", "src")
    assert settings.root == project
    assert settings.selects("BG101", preview_rule=False, path=project / "a.py")


def test_every_key_of_the_contract_is_read(project: Path) -> None:
    configure(
        project,
        """
        select = ["ALL"]
        extend-select = ["BG205"]
        ignore = ["BG2"]
        exclude = ["a"]
        extend-exclude = ["b"]
        force-exclude = true
        respect-gitignore = false
        src = ["lib"]
        min-confidence = "high"
        preview = true
        slow-task-ms = 250
        queue = "RQ"
        heavy = ["app.render"]
        light = ["app.ping*"]
        max-depth = 3
        cache-dir = "c"
        output-format = "concise"
        registrations = [{call = "app.jobs.Runner.submit", target = 1}, {call = "later", target = "func"}]
        per-file-ignores = {"tests/*" = ["BG1"]}
        severity = {BG2 = "info"}
        """,
    )
    settings = SettingsResolver().for_file(project / "x.py")
    assert settings.registrations == (RegistrationForm("app.jobs.Runner.submit", 1), RegistrationForm("later", "func"))
    assert settings.per_file_ignores == (("tests/*", ("BG1",)),)
    assert (settings.min_confidence, settings.queue, settings.max_depth) == (Confidence.HIGH, "RQ", 3)
    assert settings.force_exclude
    assert not settings.respect_gitignore
    assert settings.severity_of("BG202", "error") == "info"
    assert settings.severity_of("BG101", "error") == "error"
    assert set(settings.origin) == set(config_keys())


def test_the_nearest_configuration_holds_for_each_file(project: Path) -> None:
    configure(project, "[tool.bglint]\nmax-depth = 1\n", "pyproject.toml")
    configure(project / "inner", "max-depth = 2\n")
    configure(project / "inner" / "plain", "[project]\nname = 'x'\n", "pyproject.toml")
    resolver = SettingsResolver()
    assert resolver.for_file(project / "other" / "a.py").max_depth == 1
    assert resolver.for_file(project / "inner" / "plain" / "a.py").max_depth == 2
    assert resolver.for_file(project / "inner" / "a.py").root == project / "inner"


@pytest.mark.parametrize("name", ["bglint.toml", ".bglint.toml"])
def test_an_own_file_wins_over_the_pyproject_beside_it(project: Path, name: str) -> None:
    configure(project, "[tool.bglint]\nmax-depth = 1\n", "pyproject.toml")
    configure(project, "max-depth = 2\n", name)
    assert SettingsResolver().for_directory(project).max_depth == 2


def test_isolated_reads_no_configuration(project: Path) -> None:
    configure(project, "max-depth = 1\n")
    assert SettingsResolver(isolated=True).for_directory(project).max_depth == 10


def test_one_configuration_can_be_used_for_all_files(project: Path) -> None:
    configure(project / "ci", "max-depth = 4\n", "strict.toml")
    configure(project / "app", "[project]\nname = 'x'\n[tool.bglint]\nmax-depth = 1\n", "pyproject.toml")
    settings = SettingsResolver(config=project / "ci" / "strict.toml").for_directory(project / "app")
    assert settings.max_depth == 4
    assert settings.root == project / "app"


def test_extend_builds_on_another_file(project: Path) -> None:
    configure(project, 'queue = "RQ"\nmax-depth = 3\nextend-exclude = ["gen"]\n', "base.toml")
    configure(project / "app", 'extend = "../base.toml"\nmax-depth = 5\nextend-exclude = ["old"]\n')
    settings = SettingsResolver().for_directory(project / "app")
    assert (settings.queue, settings.max_depth, settings.extend_exclude) == ("RQ", 5, ("gen", "old"))
    assert (settings.origin["queue"], settings.origin["max-depth"]) == ("base.toml", "app/bglint.toml")


def test_a_circle_of_extends_is_an_error(project: Path) -> None:
    configure(project, 'extend = "b.toml"\n', "a.toml")
    configure(project, 'extend = "a.toml"\n', "b.toml")
    assert problems(project / "a.toml") == ["b.toml: extend: goes in a circle: a.toml -> b.toml -> a.toml"]


def test_extending_what_is_not_there_is_an_error(project: Path) -> None:
    configure(project, "[project]\nname = 'x'\n", "pyproject.toml")
    configure(project, 'extend = "nope.toml"\n', "a.toml")
    configure(project, 'extend = "pyproject.toml"\n', "b.toml")
    assert problems(project / "a.toml") == ["a.toml: extend: no such file: nope.toml"]
    assert problems(project / "b.toml") == ["pyproject.toml: has no [tool.bglint] table to extend"]


def test_the_command_line_wins_over_the_file(project: Path) -> None:
    configure(project, 'select = ["BG2"]\nignore = ["BG101"]\nmin-confidence = "high"\n')
    settings = SettingsResolver({"select": ["BG1"], "min-confidence": "low"}).for_directory(project)
    assert settings.min_confidence is Confidence.LOW
    assert settings.origin["min-confidence"] == "command line"
    assert settings.selects("BG101", preview_rule=False, path=project / "a.py")
    assert not settings.selects("BG201", preview_rule=False, path=project / "a.py")


@pytest.mark.parametrize(
    ("config", "code", "runs"),
    [
        ("", "BG202", True),
        ('select = ["BG1"]', "BG202", False),
        ('select = ["BG1"]\nextend-select = ["BG2"]', "BG202", True),
        ('ignore = ["BG2"]', "BG202", False),
        ('select = ["BG202"]\nignore = ["BG2"]', "BG202", True),
        ('select = ["BG202"]\nignore = ["BG202"]', "BG202", False),
        ('select = ["ALL"]\nignore = ["BG20"]', "BG202", False),
        ('select = ["BG2"]\nignore = ["ALL"]', "BG202", True),
        ("select = []", "BG202", False),
    ],
)
def test_the_most_specific_prefix_decides(project: Path, config: str, code: str, runs: bool) -> None:
    configure(project, config)
    settings = SettingsResolver(known_codes=CODES).for_directory(project)
    assert settings.selects(code, preview_rule=False, path=project / "a.py") is runs


@pytest.mark.parametrize(
    ("config", "runs"),
    [
        ("", False),
        ('select = ["BG2"]', False),
        ('select = ["ALL"]', True),
        ('extend-select = ["BG205"]', True),
        ("preview = true", True),
        ('preview = true\nselect = ["BG1"]', False),
        ('select = ["ALL"]\nignore = ["BG205"]', False),
    ],
)
def test_a_preview_rule_runs_only_when_it_is_asked_for(project: Path, config: str, runs: bool) -> None:
    configure(project, config)
    settings = SettingsResolver().for_directory(project)
    assert settings.selects("BG205", preview_rule=True, path=project / "a.py") is runs


@pytest.mark.parametrize(
    ("glob", "path", "ignored"),
    [
        ("tests/*", "tests/deep/a.py", True),
        ("tests/*", "app/tests/a.py", False),
        ("**/tests/*", "app/tests/a.py", True),
        ("*_test.py", "app/x_test.py", True),
        ("conftest.py", "app/conftest.py", True),
        ("{a,b}.py", "deep/b.py", True),
        ("[!a].py", "a.py", False),
        ("!app/*", "scripts/a.py", True),
        ("!app/*", "app/a.py", False),
    ],
)
def test_per_file_ignores_match_as_in_ruff(project: Path, glob: str, path: str, ignored: bool) -> None:
    configure(project, f'per-file-ignores = {{"{glob}" = ["BG1"]}}\n')
    settings = SettingsResolver().for_directory(project)
    assert settings.selects("BG101", preview_rule=False, path=project / path) is not ignored
    assert settings.selects("BG201", preview_rule=False, path=project / path)


def test_all_mistakes_of_a_file_are_reported_together_with_the_nearest_right_name(project: Path) -> None:
    configure(
        project,
        """
        selct = ["BG1"]
        ignore = ["BG1O1", "b2"]
        slow-task-ms = "fast"
        min-confidence = "hgh"
        max-depth = true
        queue = ""
        exclude = "a"
        registrations = [{cal = "x"}, {call = "a.b", target = -1}]
        severity = {BG1 = "eror"}
        per-file-ignores = {"a.py" = "BG1"}
        """,
        "bad.toml",
    )
    assert problems(project / "bad.toml") == [
        "bad.toml: selct: unknown key; did you mean 'select'?",
        "bad.toml: ignore[0]: unknown rule code 'BG1O1'; did you mean 'BG101'?",
        "bad.toml: ignore[1]: unknown rule code 'b2'; did you mean 'BG2'?",
        "bad.toml: slow-task-ms: expected a number, found a string",
        "bad.toml: min-confidence: 'hgh' is none of low, medium, high; did you mean 'high'?",
        "bad.toml: max-depth: expected an integer, found a boolean",
        "bad.toml: queue: expected a string that is not empty",
        "bad.toml: exclude: expected a list, found a string",
        "bad.toml: registrations[0].cal: unknown key; did you mean 'call'?",
        'bad.toml: registrations[0].call: expected the dotted name of a callable, such as "app.jobs.Runner.submit"',
        "bad.toml: registrations[1].target: expected the position of the callable from 0, or its keyword",
        "bad.toml: severity.BG1: 'eror' is none of error, warning, info; did you mean 'error'?",
        "bad.toml: per-file-ignores.'a.py': expected a list, found a string",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = \n", "bad.toml:1:5: not valid TOML: "),
        (b"a = [1,", "bad.toml: not valid TOML: "),
        (b"queue = '\xff'", "bad.toml: not a TOML file: it is not UTF-8"),
    ],
)
def test_a_broken_file_is_an_error_that_says_where(project: Path, content: bytes, message: str) -> None:
    (project / "bad.toml").write_bytes(content)
    (found,) = problems(project / "bad.toml")
    assert found.startswith(message)


def test_a_configuration_that_is_not_there_is_an_error(project: Path) -> None:
    assert problems(project / "nope.toml") == ["nope.toml: cannot be read: No such file or directory"]


def test_a_broken_pyproject_is_an_error_only_where_it_is_ours(project: Path) -> None:
    configure(project / "theirs", "[broken", "pyproject.toml")
    configure(project / "ours", "[tool.bglint", "pyproject.toml")
    SettingsResolver().for_directory(project / "theirs")
    with pytest.raises(ConfigError):
        SettingsResolver().for_directory(project / "ours")


def test_a_mistake_on_the_command_line_names_the_option() -> None:
    with pytest.raises(ConfigError) as caught:
        SettingsResolver({"select": ["BG1", "BG777"]}, known_codes=CODES)
    assert str(caught.value).startswith("--select: unknown rule code 'BG777'")


def test_an_error_crosses_from_a_worker_process(project: Path) -> None:
    configure(project, "x = 1\n", "bad.toml")
    with pytest.raises(ConfigError) as caught:
        SettingsResolver(config=project / "bad.toml")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_settings_can_be_keys_and_cross_to_worker_processes(project: Path) -> None:
    configure(project, 'severity = {BG1 = "info"}\n')
    settings = SettingsResolver().for_directory(project)
    assert {pickle.loads(pickle.dumps(settings)): 1}[settings] == 1


def test_each_key_is_a_field_with_its_documentation() -> None:
    internal = {"root", "selection", "origin"}
    assert {field.name.replace("_", "-") for field in fields(Settings)} - internal == set(config_keys())
    assert all(item.metadata["doc"].endswith(".") for item in config_keys().values())


def test_the_schema_in_the_package_is_fresh() -> None:
    shipped = json.loads(resources.files("bglint").joinpath("schemas/config.schema.json").read_text(encoding="utf-8"))
    assert shipped == config_schema(), "run: python -m bglint.settings.schema > bglint/schemas/config.schema.json"


@pytest.mark.parametrize(
    "document",
    [
        {"select": ["BG1", "ALL"], "registrations": [{"call": "a.b", "target": "f"}]},
        {"selct": []},
        {"max-depth": 0},
        {"select": ["E501"]},
        {"registrations": [{"target": 1}]},
        {"severity": {"BG1": "fatal"}},
        {"min-confidence": "HIGH"},
    ],
)
def test_the_schema_accepts_what_bglint_accepts(document: dict[str, Any]) -> None:
    found: list[Any] = []
    read_values(document, "x", None, found)
    assert jsonschema.Draft202012Validator(config_schema()).is_valid(document) is not bool(found)


def test_settings_are_shown_with_their_sources(project: Path) -> None:
    configure(project, 'queue = "RQ"\nregistrations = [{call = "a.b"}]\n')
    lines = list(settings_lines(SettingsResolver({"max-depth": 2}).for_directory(project)))
    assert 'queue = "RQ"  # bglint.toml' in lines
    assert 'registrations = [{ "call" = "a.b", "target" = 0 }]  # bglint.toml' in lines
    assert "max-depth = 2  # command line" in lines
    assert 'select = ["BG"]  # default' in lines
    assert 'cache-dir = ".bglint_cache"  # default' in lines
    assert "# queue is not set" not in lines
