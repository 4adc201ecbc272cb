"""What every fix promises, over all documented examples: put into other programs, encodings and line endings."""

from __future__ import annotations

import ast
import difflib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bglint.cli.main import run as bglint
from bglint.engine import run
from bglint.fixes.apply import MAX_ROUNDS, OwnFixes, mend
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [(rule.code, block) for rule in RULES.values() for block in BLOCK.findall(rule.documentation)]
SETTINGS = SettingsResolver(cli_overrides={"select": ["ALL"], "min-confidence": "low"}, isolated=True)
BOTH = OwnFixes(frozenset({"safe", "unsafe"}))


def fixable() -> list[tuple[str, str]]:
    """The examples with a finding that has a fix."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "example.py")
        for code, block in EXAMPLES:
            path.write_text(block, encoding="utf-8")
            if any(BOTH.wants(each) for each in run([folder], SETTINGS).diagnostics):
                found.append((code, block))
    return found


FIXABLE = fixable()
comments = st.sampled_from(["", "# why\n", "# ünï ☃\n", "\n\n", '"""Läßt sich\nlesen."""\n', "x = 'ä\\n'\n"])


@st.composite
def programs(draw: st.DrawFn) -> tuple[str, bytes]:
    """An example, as a file may hold it: behind and before other code, in its encoding, with its line endings."""
    code, block = draw(st.sampled_from(FIXABLE))
    text = draw(comments) + block + draw(comments)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]))
    if encoding == "cp1252":
        text = f"# -*- coding: cp1252 -*-\n{text.replace('☃', '*')}"
    if draw(st.booleans()):
        text = text.rstrip("\n")
    return code, text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode(encoding)


@settings(max_examples=40, deadline=None)
@given(program=programs())
def test_an_example_in_any_file_is_mended(program: tuple[str, bytes]) -> None:
    code, before = program
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "example.py")
        path.write_bytes(before)
        rounds = []

        def lint(overlay: Any) -> Any:
            rounds.append(overlay)
            return run([folder], SETTINGS, overlay=overlay)

        outcome = mend(lint, BOTH)
        assert len(rounds) <= 2 + 2 * MAX_ROUNDS
        assert code in {each.code for each in outcome.fixed} | {each.code for each in outcome.report.diagnostics}
        after = outcome.changes[str(path)].after
        ast.parse(after)
        assert after.startswith(b"\xef\xbb\xbf") is before.startswith(b"\xef\xbb\xbf")
        crlf = b"\r\n" in before
        assert after.count(b"\n") == (after.count(b"\r\n") if crlf else len(re.findall(rb"(?<!\r)\n", after)))
        assert [each for each in outcome.report.diagnostics if BOTH.wants(each)] == []
        path.write_bytes(after)
        assert run([folder], SETTINGS).diagnostics == outcome.report.diagnostics
        assert not mend(lint, BOTH).changes


@pytest.mark.parametrize(("code", "block"), FIXABLE, ids=[code for code, _ in FIXABLE])
def test_an_editor_that_applies_the_edits_of_the_json_gets_what_the_fix_says(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], code: str, block: str
) -> None:
    """Every edit, taken as its rows and columns say, gives Python without that finding, and nothing else is changed."""
    path = tmp_path / "example.py"
    path.write_text(block, encoding="utf-8")
    options = ["--isolated", "--no-cache", "--select", "ALL", "--min-confidence", "low", "--output-format", "json"]
    bglint([*options, str(path)])
    found = [each for each in json.loads(capfd.readouterr().out) if each["fix"]]
    assert found
    for finding in found:
        changed = edited(block, finding["fix"]["edits"])
        ast.parse(changed)
        path.write_text(changed, encoding="utf-8")
        bglint([*options, str(path)])
        left = [each["code"] for each in json.loads(capfd.readouterr().out)]
        assert left.count(finding["code"]) < [each["code"] for each in found].count(finding["code"])
        assert rows_that_differ(block, changed) <= rows_of(finding["fix"]["edits"])


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """A text with edits, as an editor makes them: from the end to the beginning."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(place: dict[str, int]) -> int:
        return min(starts[min(place["row"], len(starts)) - 1] + place["column"] - 1, len(text))

    for edit in sorted(edits, key=lambda each: offset(each["location"]), reverse=True):
        text = text[: offset(edit["location"])] + edit["content"] + text[offset(edit["end_location"]) :]
    return text


def rows_that_differ(before: str, after: str) -> set[int]:
    """The rows of a text that another has not, or before which it has more."""
    found: set[int] = set()
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, start, end, _, _ in matcher.get_opcodes():
        if tag != "equal":
            found |= set(range(start + 1, max(end, start + 1) + 1))
    return found


def rows_of(edits: list[dict[str, Any]]) -> set[int]:
    return {row for each in edits for row in range(each["location"]["row"], each["end_location"]["row"] + 1)}


WANTED = {
    "safe": {"BG401", "BG406", "BG410", "BG411", "BG412", "BG413", "BG414", "BG902"},
    "unsafe": {"BG403", "BG404", "BG407", "BG408", "BG409", "BG103"},
}
QUEUED = """\
from celery import shared_task
from fastapi import BackgroundTasks
from weasyprint import HTML


@shared_task
def make_pdf(path: str) -> None:
    HTML(filename=path).write_pdf(path)


def endpoint(tasks: BackgroundTasks):
    tasks.add_task(make_pdf, "a")
"""


@pytest.mark.parametrize("applicability", sorted(WANTED))
def test_each_rule_has_the_fix_that_is_promised(tmp_path: Path, applicability: str) -> None:
    found = set()
    for _, block in [*FIXABLE, ("BG103", QUEUED)]:
        (tmp_path / "example.py").write_text(block, encoding="utf-8")
        for each in run([str(tmp_path)], SETTINGS).diagnostics:
            if each.fix is not None and each.fix.applicability == applicability:
                found.add(each.code)
    assert found >= WANTED[applicability]
