"""The documentation of every rule: its headings are there, its examples fire, and what to use instead does not."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver
from bglint.settings.model import config_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bglint.rules.rule import Rule

HEADINGS = ["What it does", "Why is this bad?", "Example", "Use instead"]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections(rule: Rule) -> dict[str, str]:
    """The text below each `## heading`."""
    parts = re.split(r"^## (.+)$", rule.documentation, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def blocks(heading: str) -> Sequence[tuple[str, str]]:
    found = [(rule.code, block) for rule in RULES.values() for block in BLOCK.findall(sections(rule).get(heading, ""))]
    return [pytest.param(*each, id=f"{each[0]}-{number}") for number, each in enumerate(found)]  # type: ignore[misc]


def fired(source: str, folder: Path) -> dict[str, list[str]]:
    """Lint a module with every rule; return the messages by code."""
    (folder / "example.py").write_text(source, encoding="utf-8")
    report = run([str(folder)], SettingsResolver(cli_overrides={"select": ["ALL"]}))
    messages: dict[str, list[str]] = {}
    for diagnostic in report.diagnostics:
        messages.setdefault(diagnostic.code, []).append(diagnostic.message)
    return messages


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_the_documentation_has_its_headings_in_order(rule: Rule) -> None:
    assert [heading for heading in sections(rule) if heading in HEADINGS] == HEADINGS
    assert set(sections(rule)) <= {*HEADINGS, "Options", "References", "Limits", "Fix"}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_the_summary_is_one_sentence(rule: Rule) -> None:
    assert re.fullmatch(r"[A-Z`][^\n]{5,120}\.", rule.summary)
    assert rule.documentation.startswith(f"{rule.summary}\n\n")


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_there_is_a_block_of_either_kind(rule: Rule) -> None:
    assert BLOCK.search(sections(rule)["Example"])
    assert BLOCK.search(sections(rule)["Use instead"])


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_the_options_that_it_names_exist(rule: Rule) -> None:
    named = re.findall(r"`([^`]+)`", sections(rule).get("Options", ""))
    assert [key for key in named if key not in config_keys()] == []


@pytest.mark.parametrize(("code", "source"), blocks("Example"))
def test_an_example_fires(code: str, source: str, tmp_path: Path) -> None:
    assert code in fired(source, tmp_path)


@pytest.mark.parametrize(("code", "source"), blocks("Use instead"))
def test_what_to_use_instead_does_not_fire(code: str, source: str, tmp_path: Path) -> None:
    assert fired(source, tmp_path).get(code, []) == []


@pytest.mark.parametrize(("code", "source"), [*blocks("Example"), *blocks("Use instead")])
def test_examples_are_python(code: str, source: str) -> None:
    if code != "BG901":
        ast.parse(source)
