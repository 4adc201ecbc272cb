"""What was once said of real code and was too much stays unsaid; what stands beside it is still said."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.misuse.conftest import Lint

HEAD = """\
import asyncio

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


class Job:
    def __init__(self, name: str):
        self.name, self.state, self.steps = name, "new", []


"""


def codes(lint: Lint, source: str, code: str) -> list[str]:
    return [each.message for each in lint(HEAD + textwrap.dedent(source), code=code)]


@pytest.mark.parametrize(
    ("body", "change", "found"),
    [
        ("pass", "job.state = 'sent'", 0),
        ("print(job.name)", "job.state = 'sent'", 0),
        ("print(job.name)", "job.state, job.name = 'sent', 'other'", 1),
        ("print(job.state)", "job.state = 'sent'", 1),
        ("print(job.name)", "job.name = job['name'] = 'sent'", 1),
        ("print(job)", "job.state = 'sent'", 1),
        ("print(job.name)", "del job.name", 1),
        ("print(job['state'])", "job['state'] = 'sent'", 1),
        ("pass", "job['state'] = 'sent'", 0),
    ],
)
def test_a_change_counts_where_the_task_looks(lint: Lint, body: str, change: str, found: int) -> None:
    """ORM objects whose status is set behind the registration, and a task that does not read it."""
    source = f"""
        def notify(job: Job):
            {body}

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            job = Job("a")
            tasks.add_task(notify, job)
            {change}
    """
    assert len(codes(lint, source, "BG419")) == found


@pytest.mark.parametrize(("call", "found"), [("clear", 0), ("set", 1), ("is_set", 0)])
def test_only_what_wakes_waiters_up_is_unsafe_in_a_thread(lint: Lint, call: str, found: int) -> None:
    source = f"""
        done = asyncio.Event()

        def finish():
            done.{call}()

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(finish)
    """
    assert len(codes(lint, source, "BG411")) == found


def test_a_field_of_a_form_with_a_text_for_a_default_is_a_text(lint: Lint) -> None:
    source = """
        from fastapi import Request

        def show(language, upload):
            print(language, upload)

        @app.post("/")
        async def endpoint(request: Request, tasks: BackgroundTasks):
            form = await request.form()
            language = form.get("video_lang", "auto")
            tasks.add_task(show, language, None)
            tasks.add_task(show, language, form.get("video"))
    """
    (found,) = codes(lint, source, "BG405")
    assert "video_lang" not in found


def test_a_session_that_nobody_gives_is_none(lint: Lint) -> None:
    source = """
        from sqlalchemy.orm import Session

        def log(event: str, db: Session | None):
            print(event, db)

        def record(tasks: BackgroundTasks, event: str, db: Session | None = None):
            tasks.add_task(log, event, db)
    """
    assert codes(lint, source, "BG405") == []
    assert len(codes(lint, source.replace(" = None", ""), "BG405")) == 1


@pytest.mark.parametrize(
    ("attempts", "wait", "found"),
    [
        ("range(3)", "time.sleep(2**attempt)", 0),
        ("range(6)", "time.sleep(2**attempt)", 1),
        ("range(1, LIMIT + 1)", "time.sleep(min(PAUSE * attempt, 3))", 0),
        ("range(LIMIT)", "time.sleep(random.uniform(0, PAUSE))", 0),
        ("range(LIMIT)", "time.sleep(pause)", 0),
        ("range(LIMIT)", "time.sleep(30)", 1),
        ("range(int(os.environ['N']))", "time.sleep(1)", 1),
    ],
)
def test_attempts_below_a_task_count_where_they_take_long(lint: Lint, attempts: str, wait: str, found: int) -> None:
    source = f"""
        import os
        import random
        import time

        LIMIT = 4
        PAUSE = 1.5

        def send(pause=1.5):
            for attempt in {attempts}:
                try:
                    return print(attempt)
                except OSError:
                    {wait}

        def deliver():
            send()

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(deliver)
    """
    assert len(codes(lint, source, "BG301")) == found
    assert len(codes(lint, source.replace("add_task(deliver)", "add_task(send)"), "BG301")) == 1


def test_polling_is_no_retry(lint: Lint) -> None:
    source = """
        import httpx

        async def poll(url):
            async with httpx.AsyncClient() as client:
                for attempt in range(20):
                    await asyncio.sleep(15)
                    try:
                        if (await client.get(url)).json()["done"]:
                            return
                    except httpx.HTTPError:
                        continue

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(poll, "https://example.org")
    """
    assert codes(lint, source, "BG301") == []


@pytest.mark.parametrize(("name", "found"), [("poll_job", 0), ("_wait_until_ready", 0), ("deliver", 1), ("waiter", 1)])
def test_what_polls_by_its_name_is_no_retry(lint: Lint, name: str, found: int) -> None:
    source = f"""
        import time
        import requests

        def {name}(url):
            for attempt in range(60):
                try:
                    if requests.get(url, timeout=5).json()["state"] == "done":
                        return
                except requests.RequestException:
                    print("again")
                time.sleep(5)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task({name}, "https://example.org")
    """
    assert len(codes(lint, source, "BG301")) == found


@pytest.mark.parametrize(("more", "found"), [("pass", 1), ("print(1); print(2)", 0)])
def test_a_retried_call_among_others_guards_one_statement(lint: Lint, more: str, found: int) -> None:
    source = f"""
        from tenacity import retry

        @retry
        def connect():
            print("connected")

        def work():
            connect()
            {more}

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(work)
    """
    assert len(codes(lint, source, "BG301")) == found


def test_what_is_only_raised_again_is_no_error_of_the_response(lint: Lint) -> None:
    source = """
        from elsewhere import check
        from fastapi import HTTPException

        def work():
            try:
                check()
            except HTTPException:
                raise

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(work)
    """
    assert codes(lint, source, "BG416") == []
    (found,) = codes(lint, source.replace("check()", "raise HTTPException(404)"), "BG416")
    assert found.startswith("`work` raises `HTTPException` (line")


def test_the_raise_beside_a_registration_is_named_before_the_one_that_passes_it_on(lint: Lint) -> None:
    source = """
        from fastapi import HTTPException

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            try:
                tasks.add_task(print, "failed")
                raise HTTPException(404)
            except HTTPException:
                raise
    """
    (found,) = codes(lint, source, "BG408")
    assert found == "line 20 raises after this: `print` never runs"


def test_a_session_that_is_only_rolled_back_does_not_stop_the_rest(lint: Lint) -> None:
    source = """
        from sqlalchemy.orm import Session

        def first():
            Session().{call}()

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(first)
            tasks.add_task(print, "second")
    """
    assert codes(lint, source.format(call="rollback"), "BG418") == []
    assert len(codes(lint, source.format(call="commit"), "BG418")) == 1


@pytest.mark.parametrize(("name", "found"), [("send_order", 0), ("send_webhook", 1), ("submit_order", 1)])
def test_what_is_only_sent_of_an_order_tells_somebody_of_it(lint: Lint, name: str, found: int) -> None:
    source = f"""
        def {name}():
            print("done")

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task({name})
    """
    assert len(codes(lint, source, "BG302")) == found


@pytest.mark.parametrize(("use", "found"), [("", 1), ("return tasks", 0), ("send(tasks)", 0)])
def test_tasks_that_are_made_where_none_are_given(lint: Lint, use: str, found: int) -> None:
    source = f"""
        from elsewhere import send

        def welcome(user: str, tasks: BackgroundTasks | None = None):
            tasks = tasks or BackgroundTasks()
            tasks.add_task(print, user)
            {use}
    """
    assert len(codes(lint, source, "BG404")) == found


@pytest.mark.parametrize(("change", "found"), [("", 1), ("job.pop('weight')", 0), ("job.update(elsewhere)", 0)])
def test_the_keys_of_a_dictionary_count_where_nothing_changes_it(lint: Lint, change: str, found: int) -> None:
    source = f"""
        from elsewhere import elsewhere

        def send(order):
            print(order)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            job = {{"order": 1, "weight": 2}}
            {change}
            tasks.add_task(send, **job)
    """
    assert len(codes(lint, source, "BG402")) == found


def test_sanic_calls_what_it_is_handed(lint: Lint) -> None:
    """With the application or with nothing; a coroutine that was made is another matter."""
    source = """
        from sanic import Sanic

        server = Sanic("x")

        async def two(app, what): ...
        async def one(app): ...
        async def none(): ...
        async def export(app): yield app

        @server.get("/")
        async def endpoint(request):
            server.add_task(two)
            server.add_task(two(server, 1))
            server.add_task(one)
            server.add_task(none)
            server.add_task(export)
            await server.add_task(none())
            for each in "ab":
                server.add_task(lambda app: two(app, each))
                server.add_task(two(server, each))
    """
    found = lint(HEAD + textwrap.dedent(source), code="BG4")
    assert [each.code for each in found] == ["BG402", "BG403", "BG406"]


def test_the_place_of_a_raise_is_named_with_its_module(lint: Lint) -> None:
    source = """
        from jobs import first

        def second():
            print("second")

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(first)
            tasks.add_task(second)
    """
    jobs = "def first():\n    raise LookupError\n"
    (found,) = lint(HEAD + textwrap.dedent(source), code="BG418", jobs=jobs)
    assert found.message.endswith("can raise (line 2 of jobs): `second` is lost then")


@pytest.mark.parametrize(
    ("decorator", "found"),
    [("traced", 1), ("traced\n@traced", 0), ("awaiting", 0), ("unknown", 0), ("traced(1)", 0)],
)
def test_an_async_function_behind_a_wrapper_of_few_arguments(lint: Lint, decorator: str, found: int) -> None:
    """The wrapper takes less than the function would; what more than one decorator makes of it is not guessed."""
    source = f"""
from elsewhere import unknown

def traced(f):
    def wrapper(*args):
        return f(*args)
    return wrapper

def awaiting(f):
    async def wrapper(*args):
        return await f(*args)
    return wrapper

@{decorator}
async def job(x):
    print(x)

@app.post("/")
def endpoint(tasks: BackgroundTasks):
    tasks.add_task(job, 1)
"""
    assert len(codes(lint, source, "BG410")) == found


SESSION = """
from sqlalchemy.orm import Session, sessionmaker

SessionLocal = sessionmaker()

def get_db():
    with SessionLocal() as db:
        yield db

"""


@pytest.mark.parametrize(
    ("target", "severity"),
    [
        ("def send(db: Session, to: str): print(to)", "info"),
        ("def send(db: Session, to: str): other(db)\ndef other(db): pass", "info"),
        ("def send(db: Session, to: str): other(db)\ndef other(db): db.commit()", "warning"),
        ("def send(db: Session, to: str): print(db)", "warning"),
        ("def send(db: Session, to: str): ...", "warning"),
        ("def send(*args): print(args)", "warning"),
        ("import shop\n\n@shop.with_db\ndef send(db: Session, to: str): print(to)", "warning"),
    ],
)
def test_of_a_session_that_the_task_leaves_alone_it_is_told_as_information(
    lint: Lint, target: str, severity: str
) -> None:
    endpoint = """
from fastapi import Depends

@app.post("/")
def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
    tasks.add_task(send, db, "a")
"""
    (found,) = lint(HEAD + f"{SESSION}\n{target}\n{endpoint}", code="BG405")
    assert found.severity == severity
    assert ("does nothing with it" in found.message) is (severity == "info")


def test_an_upload_of_which_only_the_name_is_read_does_no_harm(lint: Lint) -> None:
    source = """
        from fastapi import UploadFile

        def index(file: UploadFile):
            print(file.filename)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, file: UploadFile):
            tasks.add_task(index, file)
    """
    (found,) = lint(HEAD + textwrap.dedent(source), code="BG405")
    (other,) = lint(HEAD + textwrap.dedent(source.replace(".filename", ".file")), code="BG405")
    assert (found.severity, other.severity) == ("info", "warning")


def test_the_way_out_that_is_surest_is_told(lint: Lint) -> None:
    """A handler that only raises again says little; one beside it that raises anew says more."""
    source = """
        from fastapi import HTTPException

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, text: str):
            tasks.add_task(print, text)
            try:
                return int(text)
            except HTTPException:
                raise
            except ValueError:
                raise HTTPException(400)
    """
    (found,) = lint(HEAD + textwrap.dedent(source), code="BG408")
    assert (found.confidence.label, "line 24 raises" in found.message) == ("medium", True)


def test_what_a_call_with_wrong_arguments_would_reach_is_not_reached(lint: Lint) -> None:
    source = """
        from fastapi import HTTPException

        class Users:
            def update(self, *, user: int, name: str):
                if name.isspace():
                    raise HTTPException(404)

        users = Users()

        def lock(user: int):
            users.update(user=user, name="")

        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(lock, 1)
    """
    assert len(codes(lint, source, "BG416")) == 1
    assert codes(lint, source.replace("user=user, name", "db_obj=user, name"), "BG416") == []


def test_what_a_finally_adds_on_the_way_out_is_lost_with_what_was_raised(lint: Lint) -> None:
    source = """
        from fastapi import HTTPException

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, text: str):
            try:
                number = int(text)
            except ValueError:
                raise HTTPException(400)
            finally:
                tasks.add_task(print, text)
            return number
    """
    (found,) = codes(lint, source, "BG408")
    assert found.startswith("what line 21 raises goes on from here")


@pytest.mark.parametrize(
    ("patch", "found"), [("", 1), ("import quart_flask_patch", 0), ("import quart.flask_patch", 0)]
)
def test_a_patched_quart_awaits_what_an_object_gives(lint: Lint, patch: str, found: int) -> None:
    source = f"""
        {patch}
        from quart import Quart

        app = Quart(__name__)

        class Mail:
            async def __call__(self):
                print("sent")

        @app.post("/")
        async def endpoint():
            app.add_background_task(Mail())
            return ""
    """
    assert len(lint(textwrap.dedent(source), code="BG410")) == found
