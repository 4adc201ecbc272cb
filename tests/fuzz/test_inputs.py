"""Settings and comments of every kind: a diagnostic or a one-line error, and never an exception."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bglint.settings import ConfigError
from tests.fuzz.inputs import COMMENTS, configurations
from tests.fuzz.properties import lint, write

CALM = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
APPLICATION = """\
import time
from fastapi import BackgroundTasks
{0}
def work(path):  {1}
    time.sleep(5)

def endpoint(tasks: BackgroundTasks):
    tasks.add_task(  {2}
        work,  {3}
        "x",
    )  {4}
"""


@CALM
@given(configurations(), configurations())
def test_a_configuration_holds_or_is_refused(outer: str, inner: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        write({
            "bglint.toml": outer, "app.py": APPLICATION.format("", "", "", "", ""),
            "sub/pyproject.toml": "[tool.bglint]\n" + inner, "sub/app.py": APPLICATION.format("", "", "", "", ""),
        }, Path(name))  # fmt: skip
        refused = ""
        try:
            lint([name], isolated=False)
        except ConfigError as error:
            refused = str(error)
        assert not refused or name in refused


@CALM
@given(st.tuples(*[COMMENTS | st.just("")] * 5))
def test_comments_are_heeded_or_reported(comments: tuple[str, ...]) -> None:
    with tempfile.TemporaryDirectory() as name:
        write({"app.py": APPLICATION.format(*comments)}, Path(name))
        (task,) = lint([name]).tasks
        assert task.target == "work"
