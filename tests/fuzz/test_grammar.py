"""Programs that the grammar of Python allows (hypothesmith), with a task in their midst."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path

import hypothesmith
from hypothesis import HealthCheck, assume, given, settings

from tests.fuzz.properties import lint, said, write

CALM = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
TASK = """

import time as _time
from starlette.background import BackgroundTask as _Task


async def _work():
    _time.sleep(5)


def _start():
    return _Task(_work)
"""


@CALM
@given(hypothesmith.from_grammar())
def test_whatever_stands_around_it_a_task_is_found_and_said_the_same_of(program: str) -> None:
    try:
        ast.parse(program + TASK)
    except (SyntaxError, ValueError):
        assume(False)
    with tempfile.TemporaryDirectory() as name:
        write({"app.py": program + TASK}, Path(name))
        report = lint([name])
        assert [task.verdict for task in report.tasks][-1:] == ["blocking-async"]
        assert said(lint([name])) == said(report)
