"""Objects out of a database or a file: their methods are known, and are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from pathlib import Path

MODELS = """
from typing import Generic, TypeVar
import fitz
from beanie import Document
from fastapi import BackgroundTasks
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Session

class Base(DeclarativeBase): ...

class Contract(Base):
    def pages(self): return [page.get_text("blocks") for page in fitz.open(self.path)]

class Letter(Document):
    def pages(self): return [page.get_text("blocks") for page in fitz.open(self.path)]

T = TypeVar("T")

class Repository(Generic[T]):
    def __init__(self, model: type[T], session: Session):
        self.model, self.session = model, session
    def find(self, key): return self.session.get(self.model, key)
    def newest(self): return self.session.query(self.model).order_by(self.model.id).first()

class Contracts(Repository[Contract]): ...
"""


def verdict(folder: Path, body: str) -> str:
    target = f"{'async ' if 'await' in body else ''}def work(db: Session, adb: AsyncSession): {body}\n"
    register = "def endpoint(tasks: BackgroundTasks, db: Session, adb: AsyncSession): tasks.add_task(work, db, adb)\n"
    (folder / "app.py").write_text(MODELS + target + register)
    (task,) = run([str(folder)], SettingsResolver(cli_overrides={})).tasks
    return task.verdict


@pytest.mark.parametrize(
    "body",
    [
        "db.get(Contract, 1).pages()",
        "db.query(Contract).filter(Contract.id == 1).order_by(Contract.id).first().pages()",
        "[each.pages() for each in db.query(Contract).all()]",
        "[each.pages() for each in db.query(Contract).filter_by(id=1)]",
        "db.execute(select(Contract).where(Contract.id == 1)).scalar_one_or_none().pages()",
        "[each.pages() for each in db.execute(select(Contract)).scalars().all()]",
        "[each.pages() for each in db.scalars(select(Contract).limit(3))]",
        "db.scalar(select(Contract)).pages()",
        "(await adb.get(Contract, 1)).pages()",
        "(await adb.execute(select(Contract))).scalars().first().pages()",
        "(await Letter.get(1)).pages()",
        "Contracts(Contract, db).find(1).pages()",
        "Repository[Contract](Contract, db).newest().pages()",
    ],
)
def test_methods_of_what_a_query_gives_are_read(tmp_path: Path, body: str) -> None:
    assert verdict(tmp_path, body) == ("cpu-async" if "await" in body else "cpu")


@pytest.mark.parametrize(
    "body",
    [
        "print(db.query(Contract).count())",
        "print(db.scalar(select(func.count(Contract.id))))",
        "print([row for row in db.query(Contract.id, Contract.path).all()])",
        "db.query(Contract).filter(Contract.id == 1).delete()",
    ],
)
def test_a_query_for_columns_or_numbers_gives_no_objects(tmp_path: Path, body: str) -> None:
    assert verdict(tmp_path, body) == "light"


def test_what_a_module_loads_is_what_it_saves(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import joblib\n"
        "from fastapi import BackgroundTasks\n"
        "class Reader:\n"
        "    def read(self, path):\n"
        "        import fitz\n"
        "        return [page.get_text('blocks') for page in fitz.open(path)]\n"
        "def train(): joblib.dump({'reader': Reader()}, 'reader.joblib')\n"
        "def work(path): return joblib.load('reader.joblib')['reader'].read(path)\n"
        "def endpoint(tasks: BackgroundTasks): tasks.add_task(work, 'contract.pdf')\n"
    )
    (task,) = run([str(tmp_path)], SettingsResolver(cli_overrides={})).tasks

    assert (task.verdict, task.category) == ("cpu", "pdf")
