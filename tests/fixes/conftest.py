"""Fixes without the rules: what a builder makes of a source, and a linter of a few rules that are plain to see."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Protocol

import pytest

from bglint.diagnostics import Confidence, Diagnostic, Report
from bglint.effects.queues import queue_task
from bglint.fixes import fix_for, with_fix
from bglint.fixes.editing import Document
from bglint.program.modules import ModuleIndex
from bglint.program.program import Program
from bglint.program.values import FunctionValue
from bglint.registrations.finder import Finder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bglint.program.modules import Module
    from bglint.registrations.registration import Registration


@dataclass(frozen=True)
class OfRegistration:
    """What a rule would be asked about one registration."""

    registration: Registration
    program: Program
    siblings: tuple[Registration, ...]


@dataclass(frozen=True)
class OfModule:
    """What a rule would be asked about a module."""

    module: Module
    program: Program
    registrations: tuple[Registration, ...]


@dataclass(frozen=True)
class Fixed:
    """What became of a source, and how sure that is."""

    text: str
    applicability: str


class Build(Protocol):
    """Applies the fix of a rule's code to the registration of a source; None where there is no fix."""

    def __call__(self, code: str, source: str, **modules: str) -> Fixed | None: ...


def registrations(folder: Path, path: Path, overlay: Mapping[str, bytes] | None = None) -> OfModule:
    """The registrations of one module."""
    index = ModuleIndex(str(folder))
    index.overlay.update(overlay or {})
    files = sorted(map(str, folder.rglob("*.py")))
    program = Program(index, files)
    module = index.load(str(path))
    assert module is not None, index.failures
    settled, added = Finder(program).through_helpers(Finder(program).in_module(module))
    return OfModule(module, program, (*settled, *added))


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def apply(code: str, source: str, **modules: str) -> Fixed | None:
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(dedent(text), encoding="utf-8")
        path = tmp_path / "app.py"
        path.write_bytes(dedent(source).encode())
        found = registrations(tmp_path, path)
        assert found.registrations, "nothing is registered here"
        for each in found.registrations:
            fix = fix_for(code, OfRegistration(each, found.program, found.registrations))
            if fix is not None:
                document = Document(path.read_bytes())
                text = document.applied(document.replacements(fix.edits)).decode()
                ast.parse(text)
                return Fixed(text, fix.applicability)
        return None

    return apply


@dataclass(frozen=True)
class ToyLinter:
    """Lints one file by rules that look at the registration alone."""

    path: Path

    def __call__(self, overlay: Mapping[str, bytes]) -> Report:
        found = registrations(self.path.parent, self.path, overlay)
        cases = [OfRegistration(each, found.program, found.registrations) for each in found.registrations]
        diagnostics = [
            with_fix(Diagnostic(code, "toy", code, case.registration.span, "error", Confidence.HIGH), case)
            for case in cases
            for code in _codes(case)
        ]
        return Report(diagnostics=tuple(sorted(diagnostics, key=lambda each: each.sort_key)), files=1)


def _codes(case: OfRegistration) -> Iterator[str]:
    registration = case.registration
    target = registration.target
    if registration.awaited:
        yield "BG412"
    if isinstance(target, ast.Call | ast.Await):
        yield "BG401"
    if isinstance(target, ast.Lambda):
        yield "BG410"
    if isinstance(target, ast.Attribute) and ast.unparse(target) in {"asyncio.run", "asyncio.create_task"}:
        yield "BG411"
    functions = [value for value in registration.meanings if isinstance(value, FunctionValue)]
    if any(value.function.is_generator for value in functions):
        yield "BG403"
    if any(queue_task(case.program, value) for value in functions):
        yield "BG414"


@pytest.fixture
def toy(tmp_path: Path) -> ToyLinter:
    return ToyLinter(tmp_path / "app.py")
