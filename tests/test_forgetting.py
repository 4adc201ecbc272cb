"""A run that forgets the modules to which no task led says what one that keeps them all does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bglint import engine
from bglint.settings import SettingsResolver

FIXTURES = Path(__file__).parents[1] / "fixtures"
SETTINGS = {"select": ["ALL"], "min-confidence": "low"}


@pytest.mark.parametrize("paths", [["helpers", "unrelated", "guide"], ["unrelated", "comments", "broken", "misuse"]])
def test_what_is_forgotten_is_read_again_where_it_is_needed(paths: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = [str(FIXTURES / path) for path in paths]
    kept = engine.run(given, SettingsResolver(SETTINGS))
    monkeypatch.setattr(engine, "MAX_FRUITLESS_BYTES", -1)
    assert kept.tasks
    assert engine.run(given, SettingsResolver(SETTINGS)) == kept
