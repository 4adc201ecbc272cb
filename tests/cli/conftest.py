"""The command line, run in this process over a small application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from bglint.cli.main import run

if TYPE_CHECKING:
    from pathlib import Path

APPLICATION: Final = """\
from fastapi import BackgroundTasks
from PIL import Image


def resize(path):
    Image.open(path).resize((4000, 3000)).save(path)


def note(path):
    print(path)


def upload(path: str, tasks: BackgroundTasks):
    tasks.add_task(resize, path)
    tasks.add_task(note, path)
    tasks.add_task(note, path)
"""
"""Three tasks, of which the first is heavy."""

FINDING: Final = "app.py:14:5: BG101 "


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str


class CommandLine:
    """Runs bglint in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str) -> Outcome:
        self._capfd.readouterr()
        status = run(arguments)
        out, err = self._capfd.readouterr()
        return Outcome(status, out, err)


@pytest.fixture
def bglint(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return CommandLine(capfd)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def project(folder: Path) -> Path:
    """The project with the application in it."""
    (folder / "app.py").write_text(APPLICATION, encoding="utf-8")
    return folder
