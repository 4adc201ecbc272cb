"""Spoilt files: at most BG901 and BG903, and never an exception."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.mutations import mutated
from tests.fuzz.properties import lint, said

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDERS = sorted(folder.name for folder in FIXTURES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_spoilt_project_is_judged_all_the_same_and_alike_each_time(folder: str) -> None:
    chance = random.Random(folder)
    files = sorted((FIXTURES / folder).rglob("*.py"))
    for _ in range(3):
        spoilt = {str(path): mutated(path.read_bytes(), chance) for path in chance.sample(files, min(len(files), 2))}
        report = lint([FIXTURES / folder], spoilt)
        assert said(lint([FIXTURES / folder], spoilt)) == said(report)
