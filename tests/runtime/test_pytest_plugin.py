"""The plugin, in suites of its own."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

import pytest

pytest_plugins = ["pytester"]

SUITE: Final = """
import asyncio, time
import pytest
from fastapi import BackgroundTasks, FastAPI
from fastapi.testclient import TestClient
from bglint.runtime import BackgroundTasks as OwnTasks

app = FastAPI()

async def hold():
    time.sleep(0.3)

async def wait():
    await asyncio.sleep(0.6)

async def quick():
    pass

@app.get("/{name}")
async def endpoint(name: str, tasks: BackgroundTasks):
    tasks.add_task({"hold": hold, "wait": wait, "quick": quick}[name])

def test_held():
    TestClient(app).get("/hold")

def test_waited():
    TestClient(app).get("/wait")

def test_quick():
    TestClient(app).get("/quick")

@pytest.mark.slow_background_tasks
def test_exempt():
    TestClient(app).get("/hold")

def test_own():
    tasks = OwnTasks(slow_task_ms=None)
    tasks.add_task(hold)
    asyncio.run(tasks())
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(SUITE)
    return pytester


def run(suite: pytest.Pytester, *options: str) -> pytest.RunResult:
    installed = any(plugin.value == "bglint.pytest_plugin" for plugin in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "bglint.pytest_plugin")
    return suite.runpytest(*plugin, "-p", "no:xdist", "-W", "ignore", "--strict-markers", *options)


def test_nothing_happens_unless_it_is_asked_for(suite: pytest.Pytester) -> None:
    run(suite).assert_outcomes(passed=5)


def test_a_test_fails_when_a_task_held_the_event_loop(suite: pytest.Pytester) -> None:
    result = run(suite, "--bglint-max-block-ms=200")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        ["*Background tasks passed their limit:*", "*hold held the event loop for *ms (limit 200ms)*"]
    )
    result.stdout.fnmatch_lines(["FAILED *test_held*", "FAILED *test_own*"])


def test_a_test_fails_when_a_task_was_slow(suite: pytest.Pytester) -> None:
    result = run(suite, "--bglint-max-task-ms=450")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*wait took *ms (limit 450ms). It only waited.*"])


def test_the_limits_can_stand_in_the_ini_file(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nbglint_max_task_ms = 450\nbglint_max_block_ms = 200\n")
    run(suite).assert_outcomes(passed=2, failed=3)
    run(suite, "--bglint-max-task-ms=5000", "--bglint-max-block-ms=5000").assert_outcomes(passed=5)


def test_a_limit_that_is_no_number_is_a_usage_error(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nbglint_max_task_ms = soon\n")
    result = run(suite)
    assert (
        "bglint_max_task_ms must be a number of milliseconds, not 'soon'" in result.stdout.str() + result.stderr.str()
    )


def test_the_fixture_gives_the_reports_to_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUITE
        + """
def test_reports(background_task_reports):
    TestClient(app).get("/quick")
    tasks = OwnTasks()
    tasks.with_options(name="mail").add_task(quick)
    asyncio.run(tasks())
    assert [report.name for report in background_task_reports] == ["quick", "mail"]
    assert background_task_reports[0].longest_block_ms < 200
"""
    )
    run(pytester, "-k", "test_reports").assert_outcomes(passed=1, deselected=5)


def test_a_test_that_fails_by_itself_keeps_its_own_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE + "\ndef test_broken():\n    TestClient(app).get('/hold')\n    assert 1 == 2\n")
    result = run(pytester, "--bglint-max-block-ms=200", "-k", "test_broken")
    result.assert_outcomes(failed=1, deselected=5)
    assert "assert 1 == 2" in result.stdout.str()
    assert "passed their limit" not in result.stdout.str()
