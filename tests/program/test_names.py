"""Names: what an import brings in where a folder of the project is called as a library is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from pathlib import Path


def verdict(folder: Path) -> str:
    (task,) = run([str(folder)], SettingsResolver(cli_overrides={})).tasks
    return task.verdict


APP = (
    "from fastapi import BackgroundTasks\n"
    "from bullmq import Queue\n"
    "async def enqueue(queue: Queue): await queue.add('job', {})\n"
    "def endpoint(tasks: BackgroundTasks, queue: Queue): tasks.add_task(enqueue, queue)\n"
)


def test_a_folder_without_a_module_of_its_own_hides_no_library(tmp_path: Path) -> None:
    (tmp_path / "bullmq").mkdir()
    (tmp_path / "bullmq" / "api.py").write_text(APP)

    assert verdict(tmp_path) == "enqueue"


def test_a_package_of_the_project_hides_the_library_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "bullmq").mkdir()
    (tmp_path / "bullmq" / "__init__.py").write_text(
        "class Queue:\n    async def add(self, name, data): print(name, data)\n"
    )
    (tmp_path / "api.py").write_text(APP)

    assert verdict(tmp_path) == "light"


def test_a_file_beside_the_importer_is_meant_where_the_library_has_no_such_module(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "layout.py").write_text(
        "import fitz\n"
        "class LayoutAgent:\n"
        "    def parse(self, path): return [page.get_text('blocks') for page in fitz.open(path)]\n"
    )
    (tmp_path / "api.py").write_text(
        "from fastapi import BackgroundTasks\n"
        "from agents import Runner\n"
        "from agents.layout import LayoutAgent\n"
        "def parse(path): return LayoutAgent().parse(path)\n"
        "def endpoint(tasks: BackgroundTasks): tasks.add_task(parse, 'contract.pdf')\n"
    )

    assert verdict(tmp_path) == "cpu"


def test_attributes_that_an_unpacking_sets_are_known(tmp_path: Path) -> None:
    (tmp_path / "api.py").write_text(
        "import fitz\n"
        "from fastapi import BackgroundTasks\n"
        "class Reader:\n"
        "    def read(self, path): return [page.get_text('blocks') for page in fitz.open(path)]\n"
        "def loaded(): return Reader(), 'en'\n"
        "class Service:\n"
        "    def __init__(self): self.reader, self.language = loaded()\n"
        "    def work(self, path): return self.reader.read(path)\n"
        "def endpoint(tasks: BackgroundTasks): tasks.add_task(Service().work, 'contract.pdf')\n"
    )

    assert verdict(tmp_path) == "cpu"


@pytest.mark.parametrize(
    "getter",
    [
        "return getattr(importlib.import_module(_PLACES[name], __name__), name)",
        "return getattr(importlib.import_module(f'{__name__}{_PLACES[name]}'), name)",
        "from .reading import Reader\n    return Reader",
    ],
)
def test_a_packages_names_may_be_made_on_demand(tmp_path: Path, getter: str) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").write_text(
        "import importlib\n_PLACES = {'Reader': '.reading', 'Other': '.other'}\n"
        f"def __getattr__(name):\n    {getter}\n"
    )
    (tmp_path / "services" / "other.py").write_text("class Other: ...\n")
    (tmp_path / "services" / "reading.py").write_text(
        "import fitz\nclass Reader:\n"
        "    def read(self, path): return [page.get_text('blocks') for page in fitz.open(path)]\n"
    )
    (tmp_path / "api.py").write_text(
        "from fastapi import BackgroundTasks\n"
        "from services import Reader\n"
        "def work(path): return Reader().read(path)\n"
        "def endpoint(tasks: BackgroundTasks): tasks.add_task(work, 'contract.pdf')\n"
    )

    assert verdict(tmp_path) == "cpu"


def test_the_package_of_a_module_is_not_the_module(tmp_path: Path) -> None:
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "__init__.py").touch()
    (tmp_path / "services" / "reading.py").write_text(
        "import fitz\ndef read(path): return [page.get_text('blocks') for page in fitz.open(path)]\n"
    )
    (tmp_path / "services" / "jobs.py").write_text(
        "import importlib\n"
        "from fastapi import BackgroundTasks\n"
        "def work(path): return importlib.import_module(f'{__package__}.reading').read(path)\n"
        "def endpoint(tasks: BackgroundTasks): tasks.add_task(work, 'contract.pdf')\n"
    )

    assert verdict(tmp_path) == "cpu"
