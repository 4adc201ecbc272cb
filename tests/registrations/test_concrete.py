"""The concrete syntax of a registration: what libcst reads of the statement around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import libcst as cst
import pytest

from bglint.program.modules import ModuleIndex
from bglint.program.program import Program
from bglint.registrations.finder import Finder

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "from fastapi import BackgroundTasks\n\n\ndef handler(tasks: BackgroundTasks, f):\n"


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ("    tasks.add_task( f, 1 )  # later\n", "tasks.add_task( f, 1 )"),
        ("    x = [tasks.add_task(f, 1), tasks.add_task(f, 2)]\n", "tasks.add_task(f, 1)"),
        ("    if tasks.add_task(f):\n        tasks.other()\n    elif f:\n        pass\n", "tasks.add_task(f)"),
    ],
)
def test_the_call_is_found_as_it_is_written(tmp_path: Path, body: str, written: str) -> None:
    path = tmp_path / "app.py"
    path.write_text(HEAD + body, encoding="utf-8")
    index = ModuleIndex(str(tmp_path))
    module = index.load(str(path))
    assert module is not None
    registration = Finder(Program(index)).in_module(module)[0]
    call = registration.concrete
    assert isinstance(call, cst.Call)
    assert cst.Module([]).code_for_node(call) == written
