"""What the rules say of FastAPI happens in FastAPI: the wrong examples fail as documented, the right ones work."""

from __future__ import annotations

import contextlib
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Annotated, Any

import fastapi
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, UploadFile
from fastapi.exceptions import FastAPIError
from fastapi.testclient import TestClient

from bglint.rules.misuse._versions import FastAPI as Behaviour
from bglint.versions import Versions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.rules.misuse.conftest import Example

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")

INSTALLED = tuple(int(part) for part in fastapi.__version__.split(".")[:3])
CLOSES_BEFORE_TASKS = Behaviour(Versions(INSTALLED, (*INSTALLED[:-1], INSTALLED[-1] + 1))).closes_before_tasks
"""What the linter believes of the version that is installed: the only one that can be tried here."""


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


# BG401


@pytest.mark.parametrize(("number", "ran"), [(0, []), (1, ["mail to ada"])])
def test_a_called_target_fails_after_the_reply(
    example: Example, capsys: pytest.CaptureFixture[str], number: int, ran: list[str]
) -> None:
    client = TestClient(example("BG401", number=number).app)
    with pytest.raises(TypeError):
        client.post("/users?user=ada")
    assert said(capsys) == ran


def test_a_target_that_is_handed_over_runs(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG401", "Use instead").app).post("/users?user=ada")
    assert said(capsys) == ["mail to ada"]


# BG402


@pytest.mark.parametrize("number", [0, 1, 2])
def test_wrong_arguments_fail_after_the_reply(
    example: Example, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    client = TestClient(example("BG402", number=number).app)
    with pytest.raises(TypeError, match=r"address|timeout|weight"):
        client.post("/parcels/7")
    assert said(capsys) == []


def test_arguments_that_fit_arrive(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG402", "Use instead").app).post("/parcels/7?address=Rome")
    assert said(capsys) == ["7 Rome"]


# BG403


def test_the_body_of_a_generator_never_runs(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert TestClient(example("BG403").app).post("/exports", json=["a"]).status_code == 200
    assert said(capsys) == []


def test_a_function_that_iterates_runs(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG403", "Use instead").app).post("/exports", json=["a"])
    assert said(capsys) == ["exported a"]


# BG404


@pytest.mark.parametrize("number", range(4))
def test_unattached_tasks_never_run(example: Example, capsys: pytest.CaptureFixture[str], number: int) -> None:
    assert TestClient(example("BG404", number=number).app).post("/users?user=ada").status_code == 200
    assert said(capsys) == []


def test_injected_tasks_run(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG404", "Use instead").app).post("/users?user=ada")
    assert said(capsys) == ["mail to ada"]


# BG405


def order_of(**options: Any) -> list[str]:
    """In which order a dependency is opened, the task runs, and the dependency is closed."""
    events: list[str] = []

    def dependency() -> Iterator[str]:
        events.append("open")
        yield "session"
        events.append("close")

    app = FastAPI()

    @app.get("/")
    def endpoint(tasks: BackgroundTasks, session: str = Depends(dependency, **options)) -> None:
        tasks.add_task(events.append, "task")

    TestClient(app).get("/")
    return events


def test_a_yield_dependency_closes_when_the_linter_says() -> None:
    assert order_of() == (["open", "close", "task"] if CLOSES_BEFORE_TASKS else ["open", "task", "close"])


@pytest.mark.skipif(INSTALLED < (0, 121), reason="this version has no scope")
def test_a_dependency_of_function_scope_closes_before_the_task() -> None:
    assert order_of(scope="function") == ["open", "close", "task"]


def test_an_upload_is_closed_when_the_linter_says() -> None:
    closed: list[bool] = []
    app = FastAPI()

    @app.post("/")
    async def endpoint(file: UploadFile, tasks: BackgroundTasks) -> None:
        tasks.add_task(lambda: closed.append(file.file.closed))

    TestClient(app).post("/", files={"file": b"abc"})
    assert closed == [CLOSES_BEFORE_TASKS]


def test_bytes_that_were_read_before_arrive(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG405", "Use instead").app).post("/files?user=ada", files={"file": b"abc"})
    assert said(capsys) == ["3"]


def test_a_request_is_disconnected_when_the_task_runs() -> None:
    disconnected: list[bool] = []
    app = FastAPI()

    async def look(request: Request) -> None:
        disconnected.append(await request.is_disconnected())

    @app.get("/")
    async def endpoint(request: Request, tasks: BackgroundTasks) -> None:
        await request.body()
        tasks.add_task(look, request)

    TestClient(app).get("/")
    assert disconnected == [True]


def test_a_header_that_is_set_by_a_task_comes_too_late() -> None:
    app = FastAPI()

    @app.get("/")
    def endpoint(response: fastapi.Response, tasks: BackgroundTasks) -> None:
        tasks.add_task(response.headers.update, {"X-Late": "yes"})

    assert "X-Late" not in TestClient(app).get("/").headers


# BG406


def test_a_late_bound_lambda_sees_the_last_value(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG406").app).post("/newsletter", json=["ada", "bob"])
    assert said(capsys) == ["mail to bob", "mail to bob"]


def test_arguments_are_bound_at_once(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG406", "Use instead").app).post("/newsletter", json=["ada", "bob"])
    assert said(capsys) == ["mail to ada", "mail to bob"]


# BG407


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text("report", encoding="utf-8")
    return path


def test_a_background_of_its_own_drops_the_tasks(
    example: Example, capsys: pytest.CaptureFixture[str], report: Path
) -> None:
    TestClient(example("BG407").app).get("/reports", params={"path": str(report)})
    assert said(capsys) == []
    assert not report.exists()


def test_tasks_that_are_all_added_all_run(example: Example, capsys: pytest.CaptureFixture[str], report: Path) -> None:
    TestClient(example("BG407", "Use instead").app).get("/reports", params={"path": str(report)})
    assert said(capsys) == [f"downloaded {report}"]
    assert not report.exists()


# BG408


def test_tasks_are_dropped_when_the_endpoint_raises(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert TestClient(example("BG408").app).post("/login?user=ada&password=x").status_code == 401
    assert said(capsys) == []


def test_tasks_run_when_an_error_is_returned(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert TestClient(example("BG408", "Use instead").app).post("/login?user=ada&password=x").status_code == 401
    assert said(capsys) == ["failed login of ada"]


def test_tasks_are_dropped_when_an_exception_handler_answers(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()

    @app.exception_handler(LookupError)
    async def handle(request: Request, error: Exception) -> fastapi.Response:
        return fastapi.responses.JSONResponse({}, 404)

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(print, "ran")
        raise LookupError

    assert TestClient(app).get("/").status_code == 404
    assert said(capsys) == []


# BG409


@pytest.mark.parametrize("number", [0, 1])
def test_the_tasks_of_a_websocket_never_run(example: Example, capsys: pytest.CaptureFixture[str], number: int) -> None:
    with TestClient(example("BG409", number=number).app).websocket_connect("/chat") as socket:
        socket.send_text("hello")
    assert said(capsys) == []


def test_work_that_is_awaited_in_a_websocket_runs(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    with TestClient(example("BG409", "Use instead").app).websocket_connect("/chat") as socket:
        socket.send_text("hello")
    assert said(capsys) == ["stored hello"]


# BG410


@pytest.mark.parametrize(("number", "ran"), [(0, []), (1, ["calling send_mail"])])
def test_a_coroutine_that_nobody_awaits_does_not_run(
    example: Example, capsys: pytest.CaptureFixture[str], number: int, ran: list[str]
) -> None:
    assert TestClient(example("BG410", number=number).app).post("/users?user=ada").status_code == 200
    assert said(capsys) == ran


def test_an_async_function_runs(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG410", "Use instead").app).post("/users?user=ada")
    assert said(capsys) == ["mail to ada"]


# BG411


def test_create_task_fails_in_a_thread(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        TestClient(example("BG411").app).post("/images?image=a")
    assert said(capsys) == []


@pytest.fixture
def hooks() -> Iterator[tuple[str, list[str]]]:
    """A server that keeps connections open, and the paths that were posted to it."""
    posted: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            posted.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    server.server_close()


def test_a_client_of_one_loop_fails_on_the_next(example: Example, hooks: tuple[str, list[str]]) -> None:
    url, posted = hooks
    client = TestClient(example("BG411", number=1).app)
    client.post("/hooks", params={"url": url})
    with pytest.raises(RuntimeError, match="loop"):
        client.post("/hooks", params={"url": url})
    assert posted[:1] == ["/hook"]


def test_a_coroutine_with_a_client_of_its_own_runs_on_any_loop(example: Example, hooks: tuple[str, list[str]]) -> None:
    url, posted = hooks
    client = TestClient(example("BG411", "Use instead", number=1).app)
    for _ in range(2):
        client.post("/hooks", params={"url": url})
    assert posted == ["/hook", "/hook"]


def test_a_worker_thread_has_no_loop_to_ask_for() -> None:
    import asyncio

    app = FastAPI()

    def work() -> None:
        asyncio.get_event_loop()

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(work)

    with pytest.raises(RuntimeError, match="no current event loop"):
        TestClient(app).get("/")


def test_asyncio_run_runs_another_loop() -> None:
    import asyncio

    loops: list[asyncio.AbstractEventLoop] = []
    app = FastAPI()

    async def note() -> None:
        loops.append(asyncio.get_running_loop())

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> None:
        await note()
        tasks.add_task(asyncio.run, note())

    TestClient(app).get("/")
    assert len(set(map(id, loops))) == 2


def test_releasing_a_semaphore_in_a_thread_is_refused_where_asyncio_looks() -> None:
    import asyncio

    async def main() -> None:
        asyncio.get_running_loop().set_debug(True)
        semaphore = asyncio.Semaphore(0)
        waiting = asyncio.create_task(semaphore.acquire())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Non-thread-safe"):
            await asyncio.to_thread(semaphore.release)
        waiting.cancel()

    asyncio.run(main())


def test_async_functions_run_on_the_loop(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG411", "Use instead").app).post("/images?image=a")
    assert said(capsys) == ["pulled a"]


# BG412


def test_awaiting_add_task_fails_the_request(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError):
        TestClient(example("BG412").app).post("/documents?document=a")
    assert said(capsys) == []


def test_add_task_without_await_works(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG412", "Use instead").app).post("/documents?document=a")
    assert said(capsys) == ["indexed a"]


# BG413


def test_depends_on_annotated_tasks_is_refused(example: Example) -> None:
    module = example("BG413")
    with pytest.raises((AssertionError, FastAPIError)):
        module.app.post("/users", dependencies=[Depends(module.notify)])(lambda: None)


@pytest.mark.parametrize("annotation", [Annotated[BackgroundTasks, Depends()], BackgroundTasks | None])
def test_other_annotations_than_the_type_are_refused(annotation: object) -> None:
    def endpoint(tasks: Any) -> None: ...

    endpoint.__annotations__["tasks"] = annotation
    with pytest.raises((AssertionError, FastAPIError)):
        FastAPI().post("/")(endpoint)


def test_depends_on_the_class_is_refused_or_never_runs_the_tasks(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(FastAPIError):
        TestClient(example("BG413", number=1).app).post("/users")
    assert said(capsys) == []


def test_tasks_that_are_injected_by_their_type_run(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG413", "Use instead").app).post("/users")
    assert said(capsys) == ["created"]


@pytest.mark.parametrize("default", [None, BackgroundTasks()])
def test_other_defaults_are_replaced(default: object, capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()

    @app.post("/users")
    async def create(tasks: BackgroundTasks = default) -> None:  # type: ignore[assignment]
        tasks.add_task(print, "created")

    TestClient(app).post("/users")
    assert said(capsys) == ["created"]


# BG414


def test_an_actor_runs_here(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    import dramatiq
    from dramatiq.brokers.stub import StubBroker

    def waiting(heading: str) -> int:
        broker = StubBroker()
        dramatiq.set_broker(broker)
        TestClient(example("BG414", heading).app).post("/videos?path=a")
        return int(broker.queues["default"].qsize())

    assert waiting("Example") == 0
    assert said(capsys) == ["encoded a"]
    assert waiting("Use instead") == 1
    assert said(capsys) == []


def test_a_celery_task_runs_here(capsys: pytest.CaptureFixture[str]) -> None:
    from celery import Celery

    app = FastAPI()

    @Celery(broker="memory://").task  # type: ignore[untyped-decorator]
    def encode() -> None:
        print("encoded")

    @app.post("/")
    async def upload(tasks: BackgroundTasks) -> None:
        tasks.add_task(encode)

    TestClient(app).post("/")
    assert said(capsys) == ["encoded"]


def test_a_taskiq_task_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    from taskiq import InMemoryBroker

    app = FastAPI()

    @InMemoryBroker().task
    async def encode() -> None:
        print("encoded")

    @app.post("/")
    async def upload(tasks: BackgroundTasks) -> None:
        tasks.add_task(encode)

    TestClient(app).post("/")
    assert said(capsys) == []


# BG415


def test_nobody_resolves_the_dependencies_of_a_task(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TypeError, match="not subscriptable"):
        TestClient(example("BG415").app).post("/users?user=ada")
    assert said(capsys) == []


def test_a_dependency_that_is_handed_over_arrives(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG415", "Use instead").app).post("/users?user=ada")
    assert said(capsys) == ["mail to ada from shop@example.com"]


# BG416


def test_an_http_exception_in_a_task_is_masked(example: Example, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="response already started"):
        TestClient(example("BG416").app).delete("/files", params={"path": str(tmp_path / "gone")})


def test_an_http_exception_before_the_task_is_answered(example: Example, tmp_path: Path) -> None:
    client = TestClient(example("BG416", "Use instead").app)
    assert client.delete("/files", params={"path": str(tmp_path / "gone")}).status_code == 404
    (tmp_path / "here").touch()
    assert client.delete("/files", params={"path": str(tmp_path / "here")}).status_code == 200
    assert not (tmp_path / "here").exists()


# BG417


def test_tasks_after_a_yield_run_when_the_linter_says(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG417").app).get("/users?user=ada")
    assert said(capsys) == (["seen ada"] if CLOSES_BEFORE_TASKS else [])


def test_tasks_before_a_yield_run(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG417", "Use instead").app).get("/users?user=ada")
    assert said(capsys) == ["seen ada"]


def test_tasks_that_a_streaming_generator_adds_run(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()

    def stream(tasks: BackgroundTasks) -> Iterator[str]:
        yield "body"
        tasks.add_task(print, "ran")

    @app.get("/")
    async def endpoint(tasks: BackgroundTasks) -> fastapi.Response:
        return fastapi.responses.StreamingResponse(stream(tasks), background=tasks)

    TestClient(app).get("/")
    assert said(capsys) == ["ran"]


# BG418


class Failing:
    """Stands for `requests`: its server is down."""

    class RequestException(Exception): ...  # noqa: N818 -- the library's name

    @classmethod
    def post(cls, *args: object, **kwargs: object) -> None:
        raise cls.RequestException


def test_the_first_failure_ends_all_tasks(
    example: Example, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "requests", Failing)
    with pytest.raises(Failing.RequestException):
        TestClient(example("BG418").app).post("/orders/7")
    assert said(capsys) == []


def test_a_failure_that_is_caught_ends_none(
    example: Example, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "requests", Failing)
    TestClient(example("BG418", "Use instead").app).post("/orders/7")
    assert said(capsys) == ["label for 7"]


# BG419


def test_a_task_sees_later_changes(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG419").app).post("/events", json={"id": "1"})
    assert said(capsys) == ["stored {'id': '1', 'state': 'received'}"]


def test_a_task_does_not_see_a_copy_change(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    TestClient(example("BG419", "Use instead").app).post("/events", json={"id": "1"})
    assert said(capsys) == ["stored {'id': '1'}"]


def test_an_http_exception_that_is_caught_in_the_task_does_no_harm() -> None:
    app = FastAPI()

    def task() -> None:
        try:
            raise HTTPException(404)
        except HTTPException:
            return

    @app.get("/")
    def endpoint(tasks: BackgroundTasks) -> None:
        tasks.add_task(task)

    assert TestClient(app).get("/").status_code == 200
