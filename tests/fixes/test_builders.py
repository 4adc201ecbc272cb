"""The edits that are built for each rule, by what becomes of the source."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fixes.conftest import Build

HEAD = """\
import asyncio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from starlette.background import BackgroundTask
from celery import Celery
import dramatiq
from taskiq import InMemoryBroker

celery = Celery()
broker = InMemoryBroker()
app = FastAPI()

async def mail(user, *more, **options): ...
def store(row, *more, **options): ...
def rows(count):
    yield count
async def stream(count):
    yield count
class Job: ...
@celery.task
def make_pdf(number, size=1): ...
@dramatiq.actor
def encode(path): ...
@broker.task
async def index(document): ...

"""


def inside(statement: str, head: str = "async def endpoint(tasks: BackgroundTasks, user, items):") -> str:
    body = "\n".join(f"    {line}" if line else "" for line in statement.split("\n"))
    return f"{HEAD}{head}\n{body}\n"


def fixed(build: Build, code: str, statement: str) -> tuple[str, str]:
    """What becomes of a statement of an endpoint, and how sure its fix is."""
    made = build(code, inside(statement))
    assert made is not None
    return made.text, made.applicability


SAFE = [
    # BG401
    ("BG401", "tasks.add_task(store(user))", "tasks.add_task(store, user)"),
    ("BG401", "tasks.add_task(store())", "tasks.add_task(store)"),
    ("BG401", "tasks.add_task(mail(user, now=True))", "tasks.add_task(mail, user, now=True)"),
    ("BG401", "tasks.add_task(await mail(user, 'é', *items))", "tasks.add_task(mail, user, 'é', *items)"),
    ("BG401", "tasks.add_task( ( await mail(user) ) )", "tasks.add_task( mail, user )"),
    ("BG401", "tasks.add_task((store)(user), )", "tasks.add_task(store, user, )"),
    ("BG401", "tasks.add_task(store(x for x in items))", "tasks.add_task(store, (x for x in items))"),
    ("BG401", "tasks.add_task(user.service.save(items,))", "tasks.add_task(user.service.save, items)"),
    ("BG401", "tasks.add_task(asyncio.create_task(mail(user)))", "tasks.add_task(mail, user)"),
    ("BG401", "tasks.add_task(func=store(now=True))", "tasks.add_task(func=store, now=True)"),
    ("BG401", "tasks.add_task(func=store(user))", "tasks.add_task(store, user)"),
    ("BG401", "x = BackgroundTask(store(user))", "x = BackgroundTask(store, user)"),
    ("BG401", "tasks.add_task(make_pdf.delay(3))", "tasks.add_task(make_pdf.delay, 3)"),
    ("BG401", "tasks.add_task(await asyncio.sleep(3))", "tasks.add_task(asyncio.sleep, 3)"),
    # BG406
    ("BG406", "for u in items: tasks.add_task(lambda: mail(u))", "for u in items: tasks.add_task(mail, u)"),
    ("BG406", "for u in items: tasks.add_task(lambda: store(u.id, -1, now=u))",
     "for u in items: tasks.add_task(store, u.id, -1, now=u)"),
    ("BG406", "for u in items: tasks.add_task(lambda: u.close())", "for u in items: tasks.add_task(u.close)"),
    # BG410
    ("BG410", "tasks.add_task(lambda: mail(user))", "tasks.add_task(mail, user)"),
    ("BG410", "tasks.add_task((lambda: (mail(user))))", "tasks.add_task(mail, user)"),
    ("BG410", "tasks.add_task(lambda u=user: mail(u, to=u.address))", "tasks.add_task(mail, user, to=user.address)"),
    ("BG410", "tasks.add_task(lambda u: mail(u), user)", "tasks.add_task(mail, user)"),
    # BG411
    ("BG411", "tasks.add_task(asyncio.run, mail(user))", "tasks.add_task(mail, user)"),
    ("BG411", "tasks.add_task(asyncio.create_task, mail(user, now=True), )", "tasks.add_task(mail, user, now=True, )"),
    ("BG411", "tasks.add_task(lambda: asyncio.run(mail(user)))", "tasks.add_task(mail, user)"),
    ("BG411", "loop = asyncio.get_event_loop()\ntasks.add_task(loop.create_task, mail(user))",
     "loop = asyncio.get_event_loop()\ntasks.add_task(mail, user)"),
    # BG412
    ("BG412", "await tasks.add_task(store, user)", "tasks.add_task(store, user)"),
    ("BG412", "x = (await  tasks.add_task(store, user))", "x = (tasks.add_task(store, user))"),
    # BG414
    ("BG414", "tasks.add_task(make_pdf, user, size=2)", "make_pdf.delay(user, size=2)"),
    ("BG414", "tasks.add_task(make_pdf)", "make_pdf.delay()"),
    ("BG414", "tasks.add_task(make_pdf, )", "make_pdf.delay()"),
    ("BG414", "tasks.add_task(func=make_pdf, number=3)", "make_pdf.delay(number=3)"),
    ("BG414", "tasks.add_task(\n    make_pdf,\n    user,  # whose\n)", "make_pdf.delay(\n    user,  # whose\n)"),
    ("BG414", "tasks.add_task(encode, user)", "encode.send(user)"),
    ("BG414", "tasks.add_task(index, user)", "await index.kiq(user)"),
    ("BG414", "x = BackgroundTask(make_pdf, user)", "x = BackgroundTask(make_pdf.delay, user)"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "before", "after"), SAFE)
def test_a_safe_fix_is_what_a_person_would_write(build: Build, code: str, before: str, after: str) -> None:
    assert fixed(build, code, before) == (inside(after), "safe")


UNSAFE = [
    ("BG401", "tasks.add_task(await user.save())", "tasks.add_task(user.save)"),
    ("BG403", "tasks.add_task(rows, 3)", "tasks.add_task(list, rows(3))"),
    ("BG403", "tasks.add_task(rows)", "tasks.add_task(list, rows())"),
    ("BG403", "tasks.add_task(rows, *items, count=3, )", "tasks.add_task(list, rows(*items, count=3), )"),
    ("BG410", "tasks.add_task(lambda: user.save())", "tasks.add_task(user.save)"),
    ("BG411", "tasks.add_task(asyncio.run, user.save())", "tasks.add_task(user.save)"),
    ("BG103", "tasks.add_task(make_pdf, user, size=2)", "make_pdf.delay(user, size=2)"),
]


@pytest.mark.parametrize(("code", "before", "after"), UNSAFE)
def test_a_fix_that_may_change_behaviour_is_unsafe(build: Build, code: str, before: str, after: str) -> None:
    assert fixed(build, code, before) == (inside(after), "unsafe")


NONE = [
    ("BG401", "tasks.add_task(store(user), 1)"),  # whose argument is the 1?
    ("BG401", "tasks.add_task(Job())"),
    ("BG401", "tasks.add_task(await store(user))"),
    ("BG401", "tasks.add_task(asyncio.gather(mail(1), mail(2)))"),
    ("BG401", "tasks.add_task(store(func=user))"),
    ("BG401", "tasks.add_task((store  # why\n)(user))"),
    ("BG401", "tasks.add_task(await (  # why\n    mail(user)))"),
    ("BG403", "tasks.add_task(stream, 3)"),
    ("BG406", "for u in items:\n    tasks.add_task(lambda: mail(u.name()))"),
    ("BG406", "for u in items:\n    tasks.add_task(lambda: mail(u, later))\n    later = u"),
    ("BG406", "for u in items:\n    tasks.add_task(lambda *a: mail(u))"),
    ("BG410", "tasks.add_task(lambda: store(user))"),
    ("BG410", "tasks.add_task(mail)"),
    ("BG411", "tasks.add_task(asyncio.run, store(user))"),
    ("BG411", "tasks.add_task(asyncio.create_task, mail(user), name='x')"),
    ("BG411", "tasks.add_task(asyncio.run, mail)"),
    ("BG412", "tasks.add_task(store, user)"),
    ("BG414", "tasks.add_task(store, user)"),
    ("BG414", "await tasks.add_task(index, user)"),
    ("BG414", "tasks.add_task(\n    make_pdf,  # why\n    user)"),
    ("BG103", "tasks.add_task(store, user)"),
]


@pytest.mark.parametrize(("code", "source"), NONE)
def test_where_no_edit_is_clear_there_is_no_fix(build: Build, code: str, source: str) -> None:
    assert build(code, inside(source)) is None


def test_a_name_that_is_bound_only_below_is_not_looked_up_early(build: Build) -> None:
    assert build("BG410", inside("tasks.add_task(lambda: mail(address))\naddress = user.address")) is None


def test_a_function_of_the_project_called_create_task_is_one_like_any_other(build: Build) -> None:
    source = "from fastapi import BackgroundTasks\ndef create_task(row): ...\ndef e(t: BackgroundTasks, load):\n    "
    made = build("BG401", f"{source}t.add_task(create_task(load()))\n")
    assert made is not None
    assert made.text == f"{source}t.add_task(create_task, load())\n"
    assert build("BG411", f"{source}t.add_task(create_task, load())\n") is None


def test_in_a_plain_function_an_awaited_form_is_handed_over(build: Build) -> None:
    head = "def endpoint(tasks: BackgroundTasks, user):"
    made = build("BG414", inside("tasks.add_task(index, user)", head))
    assert made is not None
    assert made.text == inside("tasks.add_task(index.kiq, user)", head)


def test_a_task_of_another_module_is_found(build: Build) -> None:
    jobs = "from celery import shared_task\n@shared_task\ndef render(number): ...\n"
    source = "from fastapi import BackgroundTasks\nimport jobs\ndef e(tasks: BackgroundTasks):\n    "
    made = build("BG414", f"{source}tasks.add_task(jobs.render, 3)\n", jobs=jobs)
    assert made is not None
    assert made.text == f"{source}jobs.render.delay(3)\n"


def test_a_helper_of_the_project_keeps_its_own_signature(build: Build) -> None:
    source = """\
        from fastapi import BackgroundTasks
        def later(tasks: BackgroundTasks, job):
            tasks.add_task(job)
        def e(tasks: BackgroundTasks, x):
            later(tasks, work(x))
        def work(x): ...
    """
    assert build("BG401", dedent(source)) is None


LAYOUTS = [
    (
        "tasks.add_task(\n    store(\n        user,  # whose\n        items,\n    )\n)",
        "tasks.add_task(\n    store,\n    user,  # whose\n    items,\n)",
    ),
    (
        "tasks.add_task(\n    store(\n        user,\n        items\n    ),\n)",
        "tasks.add_task(\n    store,\n    user,\n    items,\n)",
    ),
    (
        "tasks.add_task(\n    store(\n        user,\n        items,\n    ),\n)",
        "tasks.add_task(\n    store,\n    user,\n    items,\n)",
    ),
    (
        "tasks.add_task(\n    store(\n        user,\n        items,  # last\n    ),\n)",
        "tasks.add_task(\n    store,\n    user,\n    items,  # last\n)",
    ),
    (
        'tasks.add_task(\n    store(\n        """a\n        b""",\n        items,\n    )\n)',
        'tasks.add_task(\n    store,\n    """a\n        b""",\n    items,\n)',
    ),
    ("tasks.add_task(store(\n    user,\n    items,\n))", "tasks.add_task(store,\n    user,\n    items,\n)"),
    (
        "tasks.add_task(store(user,\n                     items))",
        "tasks.add_task(store, user,\n                     items)",
    ),
    (
        "tasks.add_task(\n    store(user,\n          items),  # why\n)",
        "tasks.add_task(\n    store, user,\n          items,  # why\n)",
    ),
    (
        "tasks.add_task(  # first\n    await mail(\n        # second\n        user\n    )  # third\n)  # fourth",
        "tasks.add_task(  # first\n    mail,\n    # second\n    user  # third\n)  # fourth",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), LAYOUTS)
def test_layout_and_comments_are_kept(build: Build, before: str, after: str) -> None:
    assert fixed(build, "BG401", before)[0] == inside(after)


STATEMENTS = [
    ("BG401", "if tasks.add_task(store(user)):  # why\n    pass", "if tasks.add_task(store, user):  # why\n    pass"),
    (
        "BG401",
        "if user:\n    pass\nelif tasks.add_task(store(user)):\n    pass",
        "if user:\n    pass\nelif tasks.add_task(store, user):\n    pass",
    ),
    (
        "BG401",
        "with user as u, tasks.add_task(store(u)): tasks.x()",
        "with user as u, tasks.add_task(store, u): tasks.x()",
    ),
    (
        "BG401",
        "match user:\n    case 1 if tasks.add_task(store(user)):\n        pass",
        "match user:\n    case 1 if tasks.add_task(store, user):\n        pass",
    ),
    ("BG401", "é = 'é'; tasks.add_task(store(é))", "é = 'é'; tasks.add_task(store, é)"),
    ("BG401", "x = \\\n  tasks.add_task(\\\n  store(user))", "x = \\\n  tasks.add_task(\\\n  store, user)"),
    ("BG401", "tasks.add_task(store(f'{user!r:>{3}}'))", "tasks.add_task(store, f'{user!r:>{3}}')"),
    ("BG403", "tasks.add_task(\n    rows,  # why\n    3,\n)", "tasks.add_task(\n    list, rows(  # why\n    3),\n)"),
    ("BG410", "tasks.add_task(lambda u=user: mail(u.u, u=u))", "tasks.add_task(mail, user.u, u=user)"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "before", "after"), STATEMENTS)
def test_the_rest_of_the_statement_stays_as_it_is(build: Build, code: str, before: str, after: str) -> None:
    assert fixed(build, code, before)[0] == inside(after)
