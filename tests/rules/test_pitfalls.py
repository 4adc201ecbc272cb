"""The table of `docs/pitfalls.md`: an example of each row, and what the rules say of it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver

PAGE = Path(__file__).parents[2] / "docs" / "pitfalls.md"
ROW = re.compile(r"^\| (\d+) \| .+ \| (BG\d+|none) \|$", re.MULTILINE)
TABLE = {int(number): rule for number, rule in ROW.findall(PAGE.read_text(encoding="utf-8"))}

HEAD = """\
import asyncio, contextvars, os, tempfile, time
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, UploadFile, WebSocket
from fastapi.responses import FileResponse, RedirectResponse
from starlette.background import BackgroundTask
from sqlalchemy.orm import Session

app = FastAPI()

async def mail(user): print("mail to", user)
def store(*rows): print(*rows)
def get_db():
    db = Session()
    yield db
    db.close()
"""

EXAMPLES = {
    1: """
        import requests
        async def notify(url): requests.post(url, timeout=5)
        def e(t: BackgroundTasks, url): t.add_task(notify, url)
    """,
    2: """
        from weasyprint import HTML
        def render(path): HTML(filename=path).write_pdf(path + ".pdf")
        def e(t: BackgroundTasks, path): t.add_task(render, path)
    """,
    3: "def e(t: BackgroundTasks): t.add_task(mail(1))",
    4: "def e(t: BackgroundTasks): t.add_task(store(1))",
    5: "def e(t: BackgroundTasks): t.add_task(asyncio.create_task, mail(1))",
    6: "def e(t: BackgroundTasks): t.add_task(asyncio.run, mail(1))",
    7: "async def e(t: BackgroundTasks): await t.add_task(store, 1)",
    8: "def e(t: BackgroundTasks): t.add_task(lambda: mail(1))",
    9: """
        def traced(f):
            def wrapper(*args): return f(*args)
            return wrapper
        @traced
        async def job(x): print(x)
        def e(t: BackgroundTasks): t.add_task(job, 1)
    """,
    10: """
        def export(rows):
            for row in rows: yield store(row)
        def e(t: BackgroundTasks): t.add_task(export, [1])
    """,
    11: """
        import dramatiq
        @dramatiq.actor
        def encode(path): print(path)
        def e(t: BackgroundTasks): t.add_task(encode, "a")
    """,
    12: """
        @app.post("/")
        def e(t: BackgroundTasks, db: Session = Depends(get_db)): t.add_task(store, db)
    """,
    13: """
        @app.post("/")
        def e(t: BackgroundTasks, file: UploadFile): t.add_task(store, file)
    """,
    14: """
        @app.post("/")
        def e(t: BackgroundTasks, request: Request): t.add_task(store, request)
    """,
    15: """
        @app.get("/")
        def e(t: BackgroundTasks):
            t.add_task(store, 1)
            return FileResponse("a", background=BackgroundTask(os.remove, "a"))
    """,
    16: """
        @app.get("/")
        def e(t: BackgroundTasks):
            t.add_task(store, 1)
            raise HTTPException(401)
    """,
    17: """
        @app.get("/")
        def e():
            t = BackgroundTasks()
            t.add_task(store, 1)
    """,
    18: """
        @app.websocket("/")
        async def e(socket: WebSocket, t: BackgroundTasks): t.add_task(store, await socket.receive_text())
    """,
    19: """
        @app.get("/")
        def e(t: BackgroundTasks = Depends()): t.add_task(store, 1)
    """,
    20: """
        def charge(): raise LookupError
        def e(t: BackgroundTasks):
            t.add_task(charge)
            t.add_task(store, 1)
    """,
    21: """
        def task(): raise HTTPException(404)
        def e(t: BackgroundTasks): t.add_task(task)
    """,
    22: """
        def task(): time.sleep(5)
        def e(t: BackgroundTasks): t.add_task(task)
    """,
    23: """
        def capture_payment(order): print(order)
        def e(t: BackgroundTasks): t.add_task(capture_payment, 1)
    """,
    24: """
        JOBS = {}
        def task(number): JOBS[number] = "done"
        def e(t: BackgroundTasks): t.add_task(task, 1)
    """,
    25: "async def e(): asyncio.create_task(mail(1))",
    26: """
        def e(t: BackgroundTasks):
            for user in (1, 2): t.add_task(lambda: store(user))
    """,
    27: """
        def e(t: BackgroundTasks):
            data = {}
            t.add_task(store, data)
            data["state"] = "sent"
            return data
    """,
    28: """
        tenant = contextvars.ContextVar("tenant")
        def task(): print(tenant.get())
        def e(t: BackgroundTasks):
            tenant.set("a")
            t.add_task(task)
    """,
    29: """
        from mangum import Mangum
        handler = Mangum(app)
        def e(t: BackgroundTasks): t.add_task(store, 1)
    """,
    30: """
        async def ticker():
            while True: await asyncio.sleep(60)
        def e(t: BackgroundTasks): t.add_task(ticker)
    """,
    31: """
        def e():
            with tempfile.TemporaryDirectory() as folder:
                return FileResponse(folder + "/o.pdf")
    """,
    32: """
        def task(x, db: Session = Depends(get_db)): print(x, db)
        def e(t: BackgroundTasks): t.add_task(task, 1)
    """,
    33: """
        def dependency(t: BackgroundTasks):
            yield
            t.add_task(store, 1)
        @app.get("/", dependencies=[Depends(dependency)])
        def e(): ...
    """,
    34: """
        import requests
        def task(url): requests.post(url)
        def e(t: BackgroundTasks): t.add_task(task, "a")
    """,
    35: """
        def test_signup(client): assert client.post("/").status_code == 200
    """,
    36: """
        async def e(t: BackgroundTasks, file: UploadFile): t.add_task(store, await file.read())
    """,
}
RIGHT = """
    async def keep(data: bytes): print(len(data))

    @app.post("/")
    async def e(t: BackgroundTasks, file: UploadFile, request: Request, user: int):
        if user < 0:
            raise HTTPException(404)
        t.add_task(keep, await file.read())
        t.add_task(mail, user)
        t.add_task(store, user, request.client.host)
        return RedirectResponse("/")
"""


def said(folder: Path, source: str) -> set[str]:
    (folder / "main.py").write_text(HEAD + textwrap.dedent(source), encoding="utf-8")
    settings = SettingsResolver(cli_overrides={"select": ["ALL"]}, isolated=True)
    return {each.code for each in run([str(folder)], settings).diagnostics}


def test_the_table_has_a_row_for_each() -> None:
    assert list(TABLE) == list(EXAMPLES) == list(range(1, 37))


@pytest.mark.parametrize(
    ("source", "rule"),
    [pytest.param(source, TABLE[number], id=f"{number}-{TABLE[number]}") for number, source in EXAMPLES.items()],
)
def test_the_rule_of_the_table_sees_the_pitfall(tmp_path: Path, source: str, rule: str) -> None:
    found = said(tmp_path, source)
    if rule == "none":
        assert found == set()
    else:
        assert any(code.startswith(rule) for code in found), found


def test_the_right_forms_are_left_alone(tmp_path: Path) -> None:
    assert said(tmp_path, RIGHT) == set()
