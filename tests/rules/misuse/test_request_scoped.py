"""What BG405 sees of the request in a task, on which ways, and what it is silent about."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.rules.misuse.conftest import Lint

HEAD = """\
from functools import partial

from fastapi import BackgroundTasks, Depends, FastAPI, Request, Response, UploadFile
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

app = FastAPI()
SessionLocal = sessionmaker(create_engine("sqlite://"))


def get_db():
    with SessionLocal() as db:
        yield db


def audit(db: Session, *more) -> None:
    db.execute(text("SELECT 1"))


"""


def messages(lint: Lint, source: str) -> list[tuple[str, str]]:
    """The severities and messages of BG405, the head left out of the source."""
    return [(each.severity, each.message) for each in lint(HEAD + textwrap.dedent(source), code="BG405")]


FIRES = {
    "a partial of the endpoint": """
        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(partial(audit, db))
    """,
    "a partial of a function that is given the session": """
        def packed(db: Session, name: str):
            return partial(audit, db, name)

        @app.post("/")
        def endpoint(name: str, tasks: BackgroundTasks, db: Session = Depends(get_db)):
            task = packed(db, name)
            tasks.add_task(task)
    """,
    "arguments that a maker of partials hands on": """
        def later(function, *args, **kwargs):
            return partial(function, *args, **kwargs)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            task = later(audit, db)
            tasks.add_task(task)
    """,
    "a repository that is built from it": """
        class Audits:
            def __init__(self, db: Session):
                self.db = db

            def write(self):
                audit(self.db)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(Audits(db).write)
    """,
    "a closure": """
        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            def write():
                audit(db)

            tasks.add_task(write)
    """,
    "a request whose body is read two calls down": """
        async def body_of(request: Request):
            return await request.body()

        async def note(request: Request):
            print(await body_of(request))

        @app.post("/")
        def endpoint(request: Request, tasks: BackgroundTasks):
            tasks.add_task(note, request)
    """,
}

SILENT = {
    "a partial of a session factory": """
        @app.post("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(partial(audit, SessionLocal))
    """,
    "a partial of what was read through the session": """
        def packed(db: Session, name: str):
            found = db.execute(text("SELECT 1")).scalar()
            return partial(print, found, name)

        @app.post("/")
        def endpoint(name: str, tasks: BackgroundTasks, db: Session = Depends(get_db)):
            task = packed(db, name)
            tasks.add_task(task)
    """,
    "what is read of the request before": """
        @app.post("/")
        def endpoint(request: Request, tasks: BackgroundTasks):
            tasks.add_task(print, request.client.host, request.headers["user-agent"])
    """,
    "a session of the task's own": """
        def write():
            with SessionLocal() as db:
                audit(db)

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(write)
    """,
}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        *(pytest.param(source, 1, id=name) for name, source in FIRES.items()),
        *(pytest.param(source, 0, id=name) for name, source in SILENT.items()),
    ],
)
def test_the_ways_of_a_session(lint: Lint, source: str, found: int) -> None:
    assert len(messages(lint, source)) == found


@pytest.mark.parametrize(
    ("reading", "severity", "words"),
    [
        ("return request.headers['user-agent']", "info", "keeps all of it"),
        ("return request.headers, await request.body()", "warning", "its client has gone"),
        ("return await other(request)", "warning", "its client has gone"),
    ],
)
def test_a_request_is_judged_by_what_is_read_of_it(lint: Lint, reading: str, severity: str, words: str) -> None:
    """Through the functions that it is handed on to; one that cannot be read may do anything."""
    source = f"""
        from elsewhere import other

        async def inner(request):
            {reading}

        async def note(request: Request):
            await inner(request=request)

        @app.post("/")
        def endpoint(request: Request, tasks: BackgroundTasks):
            tasks.add_task(note, request)
    """
    ((said, message),) = messages(lint, source)
    assert said == severity
    assert words in message


@pytest.mark.parametrize("order", ["request, db", "db, request"])
def test_the_gravest_is_reported_alone(lint: Lint, order: str) -> None:
    """The session that FastAPI 0.110 has closed, not the request of which little is read."""
    source = f"""
        def note(a, b):
            print(a, b)

        @app.post("/")
        def endpoint(request: Request, tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(note, {order})
    """
    found = lint(HEAD + textwrap.dedent(source), code="BG405", **{"requirements.txt": "fastapi==0.110.0\n"})
    ((severity, message),) = [(each.severity, each.message) for each in found]
    assert severity == "error"
    assert message.startswith("`db` is a session")


EARLY, BETWEEN, LATE = "up to 0.105", "from 0.106 to 0.117", "from 0.118 on"
HELD = "stays open until the task has ended"
CLOSED = "is closed before the task runs"


@pytest.mark.parametrize(
    ("declared", "says", "severity"),
    [
        ("fastapi", (HELD, CLOSED, EARLY, BETWEEN, LATE), "warning"),
        ("fastapi>=0.100", (HELD, CLOSED, EARLY, BETWEEN, LATE), "warning"),
        ("fastapi>=0.100,<0.110", (HELD, CLOSED, EARLY, BETWEEN), "warning"),
        ("fastapi>=0.110", (HELD, CLOSED, BETWEEN, LATE), "warning"),
        ("fastapi>=0.106,<0.118", (CLOSED, "the project's FastAPI (>=0.106,<0.118)"), "error"),
        ("fastapi<=0.117.1,>0.105", (CLOSED, BETWEEN, EARLY, HELD), "warning"),
        ("fastapi>=0.118", (HELD, "the project's FastAPI (>=0.118)"), "warning"),
        ("fastapi<0.106", (HELD, "the project's FastAPI (<0.106)"), "warning"),
        ("fastapi==0.116.1", (CLOSED, "the project's FastAPI (0.116.1)"), "error"),
        ("fastapi==0.105.0", (HELD, "the project's FastAPI (0.105.0)"), "warning"),
    ],
)
def test_each_version_that_a_project_may_run_with_is_told(
    lint: Lint, declared: str, says: tuple[str, ...], severity: str
) -> None:
    """Where none is declared, and where a range straddles a change, what happens on each side of it."""
    source = """
        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(audit, db)
    """
    files = {"requirements.txt": f"{declared}\n"}
    (found,) = lint(HEAD + textwrap.dedent(source), code="BG405", **files)
    told = [part for part in (HELD, CLOSED, EARLY, BETWEEN, LATE) if part in found.message]
    assert set(told) == {part for part in says if part in {HELD, CLOSED, EARLY, BETWEEN, LATE}}
    assert all(part in found.message for part in says)
    assert found.severity == severity


def test_a_tuple_holds_a_session_and_is_none(lint: Lint) -> None:
    source = """
        def both(pair) -> None:
            audit(pair[0])

        @app.post("/")
        def endpoint(tasks: BackgroundTasks, db: Session = Depends(get_db)):
            tasks.add_task(both, (db, 1))
    """
    ((_, message),) = messages(lint, source)
    assert message.startswith("`(db, 1)` holds a session or connection of the request: ")
