"""The registry, the contract's table of rules, the files, the README and the fixtures agree."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from bglint import rules
from bglint.rules.description import description, descriptions
from bglint.rules.registry import CODES, RULES
from bglint.rules.rule import Rule
from bglint.settings.errors import did_you_mean
from tests.want import Want, expectations

ROOT = Path(__file__).parents[2]

CONTRACT = {
    "BG101": "image-processing",
    "BG102": "video-processing",
    "BG103": "pdf-processing",
    "BG104": "data-processing",
    "BG105": "large-loop",
    "BG106": "audio-processing",
    "BG107": "document-processing",
    "BG108": "machine-learning",
    "BG109": "compression",
    "BG110": "cryptography",
    "BG111": "plotting",
    "BG112": "heavy-task",
    "BG201": "blocking-call",
    "BG202": "long-sleep",
    "BG203": "external-program",
    "BG204": "endless-task",
    "BG205": "no-timeout",
    "BG206": "slow-io",
    "BG301": "retry-in-task",
    "BG302": "must-not-be-lost",
    "BG401": "called-not-passed",
    "BG402": "wrong-arguments",
    "BG403": "generator-target",
    "BG404": "unattached-tasks",
    "BG405": "request-scoped-argument",
    "BG406": "late-binding",
    "BG407": "replaced-tasks",
    "BG408": "lost-on-raise",
    "BG409": "websocket-tasks",
    "BG410": "never-awaited",
    "BG411": "loop-from-thread",
    "BG412": "awaited-registration",
    "BG413": "wrong-injection",
    "BG414": "queue-task-passed",
    "BG415": "dependency-defaults",
    "BG416": "response-error-in-task",
    "BG417": "added-after-yield",
    "BG418": "stops-the-rest",
    "BG419": "mutated-argument",
    "BG501": "unstoppable-timeout",
    "BG502": "silenced-warning",
    "BG901": "unreadable-file",
    "BG902": "unused-ignore",
    "BG903": "invalid-ignore",
}
"""Codes and names that users may rely on. A rule is never renamed, and its code never used again."""
PREVIEW = {"BG205", "BG206", "BG302", "BG418", "BG419"}
FOLDERS = {
    "BG1": "cpu_bound",
    "BG2": "blocking",
    "BG3": "durability",
    "BG4": "misuse",
    "BG5": "runtime_options",
    "BG9": "files",
}


def rule_modules() -> dict[str, str]:
    """The code of each module's `RULE`, by `folder.module`."""
    found = {}
    for module in pkgutil.walk_packages(rules.__path__, f"{rules.__name__}."):
        rule = getattr(importlib.import_module(module.name), "RULE", None)
        if isinstance(rule, Rule):
            found[module.name.removeprefix(f"{rules.__name__}.")] = rule.code
    return found


def wanted() -> list[Want]:
    """What the fixtures expect."""
    return [want for folder in (ROOT / "fixtures").iterdir() if folder.is_dir() for want in expectations(folder).wants]


def test_every_rule_has_the_code_the_name_and_the_state_of_the_contract() -> None:
    assert {code: rule.name for code, rule in RULES.items()}.items() <= CONTRACT.items()
    assert {code for code, rule in RULES.items() if rule.preview} == PREVIEW & CODES


def test_names_are_unique_and_rules_in_order() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    assert [*RULES] == sorted(RULES)


def test_a_rule_has_a_file_of_its_own_named_as_the_rule_in_the_folder_of_its_family() -> None:
    files = {f"{FOLDERS[code[:3]]}.{rule.name.replace('-', '_')}": code for code, rule in RULES.items()}
    assert rule_modules() == files


def test_what_is_read_of_the_rules_is_what_they_say() -> None:
    said = [(r.code, r.name, r.documentation, r.preview, r.fixable, r.summary) for r in RULES.values()]
    assert [(*read, read.summary) for read in descriptions()] == said
    assert {description(r.code) for r in RULES.values()} == {description(r.name) for r in RULES.values()}
    assert description("BG1") is None


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.code)
def test_a_rule_asks_of_a_task_or_of_a_module_or_is_about_files(rule: Rule) -> None:
    assert bool(rule.check or rule.check_module) is not rule.code.startswith("BG9")


def test_the_readme_lists_every_rule_with_its_summary() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [f"| {r.code} | {r.name} | {r.summary}{' (preview)' * r.preview} |" for r in RULES.values()]
    listed = re.findall(r"^\| BG\d{3} \|.*$", readme, re.MULTILINE)
    assert listed == rows, "the table of rules in README.md is to be:\n" + "\n".join(rows)


def test_the_fixtures_want_only_rules_that_exist() -> None:
    assert {want.code for want in wanted()} <= CODES


def test_every_rule_that_runs_by_default_fires_in_a_fixture() -> None:
    by_default = {code for code, rule in RULES.items() if not rule.preview}
    assert by_default - {want.code for want in wanted()} == set()


def test_every_code_in_the_documentation_is_of_the_contract() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")]
    named = {code for page in pages for code in re.findall(r"\bBG\d{3}\b", page.read_text(encoding="utf-8"))}
    assert named <= CONTRACT.keys()


def test_a_mistyped_code_is_led_to_the_nearest_of_all_rules() -> None:
    assert did_you_mean("BG1O1", CODES) == "; did you mean 'BG101'?"
    assert did_you_mean("BG4011", CODES) == "; did you mean 'BG401'?"
    assert did_you_mean("BG777", CODES) == ""
