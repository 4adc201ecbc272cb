"""The runtime under a real server, asked by a real client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.runtime.conftest import Serve

FRAMEWORKS = pytest.mark.parametrize("app", ["served_fastapi:app", "served_starlette:app", "served_litestar:app"])


@FRAMEWORKS
def test_the_reply_does_not_wait_for_the_tasks_and_no_failure_ends_the_server(app: str, serve: Serve) -> None:
    server = serve(app)
    assert "accepted" in httpx.get(f"{server.url}/slow").text
    assert "ran" not in server.output
    server.says("ran async nap")
    server.says("ran thread nap")
    assert "accepted" in httpx.get(f"{server.url}/failing").text
    server.says("ran next")
    assert "accepted" in httpx.get(f"{server.url}/holding").text
    server.says("Consider using a job queue")
    output = server.stop()
    assert "bglint.runtime ERROR Background task 'fail' failed" in output
    assert "ValueError: the task broke" in output
    assert "Background task 'nap' timed out after 0.05s and was cancelled" in output
    assert "ran too late" not in output
    assert "bglint.runtime WARNING Background task 'hold' took " in output
    assert "It held the event loop for " in output
    assert "lost ()" in output
    assert "Exception in ASGI application" not in output


@FRAMEWORKS
def test_started_tasks_are_drained_on_shutdown_and_the_lost_ones_named(app: str, serve: Serve) -> None:
    server = serve(app)
    httpx.get(f"{server.url}/started")
    output = server.stop()
    assert "ran short" in output
    assert "lost ('endless',)" in output
    assert "1 background task was lost on shutdown after 1s: endless" in output
    assert "Background task 'endless' was cancelled before it ended" in output


@FRAMEWORKS
def test_a_server_that_stops_waiting_says_which_tasks_of_a_response_it_loses(app: str, serve: Serve) -> None:
    server = serve(app, "--timeout-graceful-shutdown", "1")
    httpx.get(f"{server.url}/long")
    output = server.stop()
    assert "Background task 'long' was cancelled before it ended" in output
    assert "Cancelled before they began: background tasks 'behind'" in output
    assert "ran" not in output


def test_the_tasks_of_a_response_run_though_the_client_has_gone(serve: Serve) -> None:
    server = serve("served_fastapi:app")
    with httpx.stream("GET", f"{server.url}/stream") as response:
        next(response.iter_bytes())
    server.says("ran after the stream")
    with httpx.Client() as client:
        client.get(f"{server.url}/slow")
    server.says("ran thread nap")


def test_watch_measures_fastapis_own_tasks_under_a_server(serve: Serve) -> None:
    server = serve("served_fastapi:app")
    httpx.get(f"{server.url}/plain")
    server.says("bglint.runtime WARNING Background task 'hold' took ")
    assert "It held the event loop for " in server.output
