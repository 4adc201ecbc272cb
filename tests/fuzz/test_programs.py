"""Generated programs: what is said of them depends on what they do, and on nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.programs import MODULES, NAMES, Program, namings, placements, programs, render
from tests.fuzz.properties import lint, said, verdicts, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bglint.diagnostics import Report

CALM = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@contextmanager
def written(files: Mapping[str, str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(files, folder)
        yield folder


def linted(files: Mapping[str, str]) -> Report:
    with written(files) as folder:
        return lint([folder])


def plainly(program: Program) -> dict[str, str]:
    """Everything in one module, under the names in order."""
    count = len(program.functions)
    return render(program, NAMES[:count], [MODULES[0]] * count)


@CALM
@given(programs())
def test_a_program_is_judged_the_same_in_every_run_and_in_whatever_order_its_files_come(program: Program) -> None:
    count = len(program.functions)
    files = render(program, NAMES[:count], [MODULES[number % len(MODULES)] for number in range(count)])
    with written(files) as folder:
        once = lint([folder])
        assert len(once.tasks) >= 1
        assert said(lint([folder])) == said(once)
        paths = sorted((folder / name for name in files), reverse=True)
        assert said(lint(paths)) == said(once)


@CALM
@given(programs(), st.data())
def test_the_names_of_functions_that_can_be_read_do_not_matter(program: Program, data: st.DataObject) -> None:
    count = len(program.functions)
    names = data.draw(namings(count))
    moved = render(program, names, [MODULES[0]] * count)
    assert verdicts(linted(moved)) == verdicts(linted(plainly(program)))


@CALM
@given(programs(), st.data())
def test_the_modules_that_functions_lie_in_do_not_matter(program: Program, data: st.DataObject) -> None:
    count = len(program.functions)
    moved = render(program, NAMES[:count], data.draw(placements(count)))
    assert verdicts(linted(moved)) == verdicts(linted(plainly(program)))


@settings(CALM, max_examples=8)
@given(programs(), st.integers(20, 120))
def test_formatting_does_not_matter(program: Program, width: int) -> None:
    files = render(program, NAMES[: len(program.functions)], [MODULES[0]] * len(program.functions))
    with written(files) as folder:
        before = verdicts(lint([folder]))
        command = [sys.executable, "-m", "ruff", "format", "-q", "--isolated", "--line-length", str(width), str(folder)]
        subprocess.run(command, check=True)
        assert verdicts(lint([folder])) == before


@pytest.mark.parametrize("fixture", ["call_chains", "effect_image", "forms_fastapi", "misuse", "enqueue_common"])
def test_formatting_of_the_fixtures_does_not_matter(fixture: str, tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "fixtures" / fixture
    shutil.copytree(source, tmp_path / "project")
    before = verdicts(lint([tmp_path / "project"]))
    command = [sys.executable, "-m", "ruff", "format", "-q", "--isolated", "--line-length", "60", str(tmp_path)]
    subprocess.run(command, check=True)
    assert verdicts(lint([tmp_path / "project"])) == before
