"""Linting small applications, and running the documented examples under the frameworks that they are written for."""

from __future__ import annotations

import re
import sys
import textwrap
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import pytest

from bglint.engine import run
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bglint.diagnostics import Diagnostic

FASTAPI = "from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException\n\napp = FastAPI()\n\n\n"


class Lint(Protocol):
    """Lints an application and returns what the rules say of it, in order of place."""

    def __call__(self, source: str, *, code: str = "BG", **files: str) -> list[Diagnostic]:
        """`source` is the module `main`; `files` are others, by name without `.py`. Only codes from `code` on count."""


class Example(Protocol):
    """Runs a documented example as a module, and returns it."""

    def __call__(self, code: str, heading: str = "Example", number: int = 0) -> ModuleType:
        """The `number`-th block below a heading of a rule's documentation."""


@pytest.fixture
def lint(tmp_path: Path) -> Lint:
    def lint(source: str, *, code: str = "BG", **files: str) -> list[Diagnostic]:
        for name, text in {"main": source, **files}.items():
            path = tmp_path / (name if "." in name else f"{name}.py")
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        report = run([str(tmp_path)], SettingsResolver(cli_overrides={"select": ["ALL"]}, isolated=True))
        return [each for each in report.diagnostics if each.code.startswith(code)]

    return lint


@pytest.fixture
def example(request: pytest.FixtureRequest) -> Iterator[Example]:
    made: list[str] = []

    def example(code: str, heading: str = "Example", number: int = 0) -> ModuleType:
        section = RULES[code].documentation.partition(f"## {heading}\n")[2].partition("\n## ")[0]
        source = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[number]
        module = ModuleType(f"example_{code}_{len(made)}")
        sys.modules[module.__name__] = module
        made.append(module.__name__)
        exec(compile(source, module.__name__, "exec"), module.__dict__)
        return module

    yield example
    for name in made:
        del sys.modules[name]
