from __future__ import annotations

import asyncio
import functools
import sys
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import fastapi
import litestar
import pytest
from litestar import background_tasks as litestar_tasks
from litestar.testing import TestClient as LitestarClient
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.background import BackgroundTasks as StarletteTasks
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from bglint.runtime import (
    BackgroundTasks,
    Outcome,
    Place,
    SlowTaskWarning,
    TaskReport,
    TaskTimeout,
    task_options,
    watch,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


async def held() -> None:
    time.sleep(0.12)


def threaded() -> None:
    time.sleep(0.12)


async def waited() -> None:
    await asyncio.sleep(0.12)


async def quick() -> None: ...


async def fail() -> None:
    raise ValueError("broken")


async def exit_on_the_loop() -> None:
    sys.exit(3)


def exit_in_a_thread() -> None:
    sys.exit(3)


def fastapi_app(*functions: Callable[[], Any]) -> fastapi.FastAPI:
    app = fastapi.FastAPI()

    @app.get("/")
    async def endpoint(background_tasks: fastapi.BackgroundTasks) -> str:
        for function in functions:
            background_tasks.add_task(function)
        return "ok"

    return app


def starlette_app(*functions: Callable[[], Any]) -> Starlette:
    async def endpoint(_request: object) -> Response:
        return PlainTextResponse("ok", background=StarletteTasks([BackgroundTask(function) for function in functions]))

    return Starlette(routes=[Route("/", endpoint)])


def litestar_app(*functions: Callable[[], Any]) -> litestar.Litestar:
    @litestar.get("/")
    async def endpoint() -> litestar.Response[str]:
        tasks = litestar_tasks.BackgroundTasks([litestar_tasks.BackgroundTask(function) for function in functions])
        return litestar.Response("ok", background=tasks)

    return litestar.Litestar([endpoint], openapi_config=None, logging_config=None)


APPS = [fastapi_app, starlette_app, litestar_app]


def request(app: Any, path: str = "/", **options: Any) -> str:
    client: Any = LitestarClient(app, **options) if isinstance(app, litestar.Litestar) else TestClient(app, **options)
    with client:
        text: str = client.get(path).text
    return text


@contextmanager
def watched(app: object | None, **options: Any) -> Iterator[list[TaskReport]]:
    reports: list[TaskReport] = []
    with warnings.catch_warnings(), watch(app, on_report=reports.append, **options):
        warnings.simplefilter("ignore", SlowTaskWarning)
        yield reports


@pytest.mark.parametrize("make_app", APPS)
def test_every_task_is_measured_without_a_change_to_the_application(make_app: Any) -> None:
    app = make_app(held, threaded, waited, quick)
    with watched(app) as reports:
        assert "ok" in request(app)
    assert [report.name for report in reports] == ["held", "threaded", "waited", "quick"]
    assert [report.place for report in reports] == [
        Place.EVENT_LOOP,
        Place.WORKER_THREAD,
        Place.EVENT_LOOP,
        Place.EVENT_LOOP,
    ]
    assert [report.is_slow for report in reports] == [True, True, True, False]
    assert reports[0].longest_block_ms >= 119
    assert [report.finding for report in reports[1:3]] == ["It only waited."] * 2


@pytest.mark.parametrize("make_app", APPS)
def test_a_slow_task_is_warned_of(make_app: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(held)
    with watch(app), pytest.warns(SlowTaskWarning, match=r"Background task 'held' took 1\d\dms \(>100ms threshold\)"):
        request(app)
    assert "It held the event loop for 1" in caplog.text


@pytest.mark.parametrize("make_app", APPS)
def test_stop_takes_it_all_back(make_app: Any) -> None:
    app = make_app(quick)
    calls = {cls: cls.__call__ for cls in (Starlette, BackgroundTask, litestar.Litestar, litestar_tasks.BackgroundTask)}
    with watched(app) as reports:
        handle = watch()
        request(app)
        handle.stop()
        handle.stop()
    assert {cls: cls.__call__ for cls in calls} == calls
    request(app)
    assert len(reports) == 1


def test_only_the_watched_application_is_watched() -> None:
    app, other = starlette_app(quick), starlette_app(quick)
    with watched(app) as reports:
        request(other)
        assert reports == []
        request(app)
    assert len(reports) == 1


def test_an_application_that_runs_already_can_be_watched_and_left() -> None:
    app = fastapi_app(quick)
    with TestClient(app) as client:
        client.get("/")
        with watched(app) as reports:
            client.get("/")
        client.get("/")
    assert len(reports) == 1


def test_mounted_applications_and_middleware_are_watched_with_the_outer_one() -> None:
    async def dispatch(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    app = Starlette(routes=[Mount("/inner", app=starlette_app(quick))])
    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    with watched(app) as reports:
        assert request(app, "/inner/") == "ok"
    assert [report.name for report in reports] == ["quick"]


def test_without_an_application_all_are_watched() -> None:
    with watched(None) as reports:
        for make_app in APPS:
            request(make_app(quick))
    assert len(reports) == 3


def test_the_watch_of_an_application_wins_over_that_of_all() -> None:
    app = starlette_app(quick)
    with watched(None) as of_all, watched(app) as of_the_app:
        request(app)
    assert (len(of_all), len(of_the_app)) == (0, 1)


@pytest.mark.parametrize("make_app", APPS)
def test_a_failure_stops_the_rest_as_it_did_before(make_app: Any) -> None:
    app = make_app(fail, quick)
    with watched(app) as reports, pytest.raises(Exception, match=r"broken|after response started"):
        request(app)
    assert [report.outcome for report in reports] == [Outcome.FAILED]


@pytest.mark.parametrize("make_app", APPS)
def test_isolate_logs_a_failure_and_runs_the_rest(make_app: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(fail, quick)
    with watched(app, isolate=True) as reports:
        request(app)
    assert [report.outcome for report in reports] == [Outcome.FAILED, Outcome.FINISHED]
    assert "Background task 'fail' failed" in caplog.text
    assert "ValueError: broken" in caplog.text


@pytest.mark.parametrize("function", [exit_on_the_loop, exit_in_a_thread])
def test_an_exit_is_reported_as_a_failure_and_passed_on_unless_isolated(function: Callable[[], Any]) -> None:
    with watched(None) as reports, pytest.raises(SystemExit):
        asyncio.run(BackgroundTask(function)())
    with watched(None, isolate=True) as isolated:
        asyncio.run(BackgroundTask(function)())
    assert [report.outcome for report in (*reports, *isolated)] == [Outcome.FAILED] * 2


@pytest.mark.parametrize("make_app", APPS)
def test_the_watch_of_the_innermost_application_counts_and_of_its_own_the_latest_left(make_app: Any) -> None:
    inner = make_app(quick)
    outer = Starlette(routes=[Mount("/inner", app=inner)])
    heard: list[str] = []

    def begin(app: Any, name: str) -> Any:
        return watch(app, on_report=lambda _report: heard.append(name))

    around, first, second = begin(outer, "outer"), begin(inner, "first"), begin(inner, "second")
    request(outer, "/inner/")
    second.stop()
    request(outer, "/inner/")
    first.stop()
    request(outer, "/inner/")
    first, second = begin(inner, "first"), begin(inner, "second")
    around.stop()
    first.stop()
    request(outer, "/inner/")
    second.stop()
    request(outer, "/inner/")
    assert heard == ["second", "first", "outer", "second"]


def test_tasks_of_every_make_are_measured_once_each() -> None:
    class Greeting(BackgroundTask):
        def __init__(self, name: str) -> None:
            super().__init__(self.greet, name)

        async def greet(self, _name: str) -> None: ...

    class Several(StarletteTasks): ...

    tasks = Several([Greeting("Ada"), BackgroundTask(StarletteTasks([BackgroundTask(threaded)]))])
    tasks.add_task(functools.partial(quick))

    async def endpoint(_request: object) -> Response:
        return PlainTextResponse("ok", background=tasks)

    app = Starlette(routes=[Route("/", endpoint)])
    with watched(app) as reports:
        request(app)
    assert [report.name.rpartition(".")[2] for report in reports] == ["greet", "threaded", "quick"]


@pytest.mark.parametrize("make_app", APPS)
def test_a_timeout_that_is_asked_for_ends_a_task(make_app: Any) -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    def hang_in_a_thread() -> None:
        time.sleep(0.3)  # the test client waits for it in the end

    app = make_app(hang, hang_in_a_thread, quick)
    with watched(app, isolate=True, timeout=0.05) as reports:
        request(app)
    assert [report.outcome for report in reports] == [Outcome.TIMED_OUT, Outcome.TIMED_OUT, Outcome.FINISHED]
    assert [str(report.error) for report in reports[:2]] == [
        f"Background task '{reports[0].name}' timed out after 0.05s and was cancelled",
        f"Background task '{reports[1].name}' timed out after 0.05s and was abandoned: "
        "a thread cannot be stopped, and it runs on",
    ]


def test_a_timeout_without_isolation_is_raised_as_a_failure_is() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    app = starlette_app(hang)
    with watched(app, timeout=0.05), pytest.raises(TaskTimeout):
        request(app)


def test_the_items_of_fastapis_own_class_stay_what_they_are() -> None:
    seen: list[Any] = []

    def remember(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs, tasks.tasks[0].func is remember))

    tasks = fastapi.BackgroundTasks()
    tasks.add_task(remember, 1, key=2)
    with watched(None) as reports:
        asyncio.run(tasks())
    (item,) = tasks.tasks
    assert (item.func, item.args, item.kwargs) == (remember, (1,), {"key": 2})
    assert seen == [((1,), {"key": 2}, True)]
    assert [report.place for report in reports] == [Place.WORKER_THREAD]


def test_fastapis_telemetry_still_sees_the_users_function(monkeypatch: pytest.MonkeyPatch) -> None:
    import contextlib

    from fastapi import background

    if not hasattr(background, "_operation"):
        pytest.skip("this FastAPI has no telemetry")
    traced: list[Any] = []

    @contextlib.contextmanager
    def operation(*, name: str, function: Any) -> Iterator[None]:
        traced.append((name, function))
        yield

    monkeypatch.setattr(background, "_operation", operation)
    app = fastapi_app(threaded, quick)
    with watched(app):
        request(app)
    assert traced == [("background_task", threaded), ("background_task", quick)]


def test_a_subclass_with_a_call_of_its_own_keeps_it() -> None:
    seen: list[str] = []

    class Logged(BackgroundTask):
        async def __call__(self) -> None:
            seen.append("before")
            await super().__call__()

    with watched(None) as reports:
        asyncio.run(Logged(quick)())
    assert seen == ["before"]
    assert len(reports) == 1


def test_tasks_of_the_runtimes_own_are_measured_once() -> None:
    app = fastapi.FastAPI()
    own: list[TaskReport] = []

    @app.get("/")
    async def endpoint(background_tasks: fastapi.BackgroundTasks) -> Response:
        tasks = BackgroundTasks(on_report=own.append)
        tasks.add_task(quick)
        background_tasks.add_task(tasks)
        return PlainTextResponse("ok")

    with watched(app) as reports:
        request(app)
    assert (len(own), len(reports)) == (1, 0)


def test_name_and_threshold_fixed_to_a_function_hold_here_too() -> None:
    @task_options(name="report", slow_task_ms=5000)
    async def make_report() -> None:
        await asyncio.sleep(0.11)

    with watched(None) as reports:
        asyncio.run(BackgroundTask(make_report)())
    assert [(report.name, report.is_slow) for report in reports] == [("report", False)]


def test_what_another_tool_put_in_the_same_place_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = watch()
    ours = BackgroundTask.__call__

    async def theirs(task: BackgroundTask) -> None:
        await ours(task)

    monkeypatch.setattr(BackgroundTask, "__call__", theirs)
    handle.stop()
    assert BackgroundTask.__call__ is theirs
    asyncio.run(BackgroundTask(quick)())
    monkeypatch.undo()
    BackgroundTask.__call__ = ours.__wrapped__  # type: ignore[attr-defined,method-assign]


@pytest.mark.parametrize("app", [object(), fastapi_app, print], ids=["object", "function", "builtin"])
def test_what_is_no_application_is_refused(app: object) -> None:
    with pytest.raises(TypeError, match="watch\\(\\) takes a FastAPI, Starlette or Litestar application"):
        watch(app)


def test_options_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="timeout must be more than 0"):
        watch(timeout=0)
