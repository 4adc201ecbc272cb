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
