"""The command line over an engine that returns a report made up by the test."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from bglint.cli.main import run
from bglint.diagnostics import Confidence, Diagnostic, Position, Report, Span, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bglint.settings import SettingsResolver


@dataclass(frozen=True)
class FakeRule:
    """A rule as the registry holds it."""

    code: str
    name: str
    summary: str = "The target does something."
    documentation: str = "## What it does\n\nFinds `things`.\n"
    preview: bool = False
    fixable: str | None = None


@dataclass
class FakeEngine:
    """Returns `report`, and keeps what it was asked."""

    report: Report = field(default_factory=Report)
    error: BaseException | None = None
    paths: Sequence[str] = ()
    resolver: SettingsResolver | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def run(self, paths: Sequence[str], resolver: SettingsResolver, **options: Any) -> Report:
        self.paths, self.resolver, self.options = paths, resolver, options
        if self.error:
            raise self.error
        return self.report


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
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    engine_module: Any = ModuleType("bglint.engine")
    engine_module.run = fake.run
    registry_module: Any = ModuleType("bglint.rules.registry")
    rules = (FakeRule("BG101", "image-processing"), FakeRule("BG201", "blocking-call", preview=True, fixable="safe"))
    registry_module.RULES = {rule.code: rule for rule in rules}
    monkeypatch.setitem(sys.modules, "bglint.engine", engine_module)
    monkeypatch.setattr("bglint.engine", engine_module, raising=False)
    monkeypatch.setitem(sys.modules, "bglint.rules.registry", registry_module)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def bglint(engine: FakeEngine, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    del engine
    return CommandLine(capfd)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("tasks.add_task(resize)\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def found(project: Path) -> Report:
    """One finding and three tasks."""
    span = Span(str(project / "app.py"), Position(1, 1), Position(1, 23))
    diagnostic = Diagnostic(
        "BG101", "image-processing", "`resize` is image work", span, "error", Confidence.HIGH, target="resize"
    )
    return Report((diagnostic,), (task(span, "cpu"), task(span, "light"), task(span, "light")), files=12)


def task(span: Span, verdict: str) -> Task:
    return Task(span, "fastapi", "add_task", "resize", "function", None, verdict, None, Confidence.HIGH)
