"""What a library's call gives is known well enough that a task which goes on with it is read to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.engine import run
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "\nfrom fastapi import BackgroundTasks\ndef endpoint(tasks: BackgroundTasks): tasks.add_task(work, 1)\n"


def judged(folder: Path, text: str) -> tuple[str, str | None]:
    (folder / "app.py").write_text(text + ENDPOINT)
    (task,) = run([str(folder)], SettingsResolver(cli_overrides={})).tasks
    return task.verdict, task.category


@pytest.mark.parametrize(
    "text",
    [
        "from pathlib import Path\n"
        "def work(job):\n"
        "    for file in sorted(Path('spool').iterdir()):\n"
        "        if file.is_file(): file.unlink()",
        "from bs4 import BeautifulSoup\n"
        "def work(job):\n"
        "    soup = BeautifulSoup(f'<p>{job}</p>', 'html.parser')\n"
        "    for tag in soup(['script', 'style']): tag.decompose()\n"
        "    return [row.find('td').get_text() for row in soup.select('tr')]",
        "import email\n"
        "def work(job):\n"
        "    for part in email.message_from_string(job).walk():\n"
        "        if part.get_content_type() == 'text/plain': part.get_payload(decode=True)",
    ],
)
def test_what_goes_through_files_or_elements_is_read(tmp_path: Path, text: str) -> None:
    assert judged(tmp_path, text) == ("light", None)


STATEMENTS = """
import asyncio
from sqlalchemy.orm import DeclarativeBase, sessionmaker
class Step(DeclarativeBase): ...
async def work(job):
    db = sessionmaker()()
    for step in job.steps:
        db.query(Step).filter(Step.id == step).first()
        db.query(Step).filter(Step.id == step).update({"state": "done"})
        db.commit()
        db.refresh(job)
"""


def test_statements_in_a_loop_of_unknown_length_stop_the_event_loop(tmp_path: Path) -> None:
    assert judged(tmp_path, STATEMENTS) == ("blocking-async", "db")


def test_statements_between_long_waits_that_are_awaited_do_not(tmp_path: Path) -> None:
    assert judged(tmp_path, STATEMENTS + "        await asyncio.sleep(5)\n") == ("slow-io", "sleep")


def test_turning_an_array_into_another_form_is_light(tmp_path: Path) -> None:
    text = (
        "from pydub import AudioSegment\n"
        "def work(job, sound: AudioSegment = None):\n"
        "    job.detach().cpu().numpy().tolist()\n"
        "    return sound.get_array_of_samples().tobytes()"
    )

    assert judged(tmp_path, text) == ("light", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "from langchain_core.retrievers import BaseRetriever\n"
            "from sentence_transformers import SentenceTransformer\n"
            "model = SentenceTransformer('small')\n"
            "class Papers(BaseRetriever):\n"
            "    def _get_relevant_documents(self, query): return model.encode([query] * 2000)\n"
            "def work(job): return Papers().invoke(job)",
            ("cpu", "ml"),
        ),
        (
            "from langchain_core.tools import BaseTool\n"
            "class Adds(BaseTool):\n"
            "    def _run(self, a): return a + 1\n"
            "def work(job): return Adds().invoke(job)",
            ("light", None),
        ),
        (
            "import dspy\n"
            "from PIL import Image\n"
            "class Looks(dspy.Module):\n"
            "    def forward(self, path):\n"
            "        import fitz\n"
            "        return [page.get_text('blocks') for page in fitz.open(path)]\n"
            "looks = Looks()\n"
            "def work(job): return looks(job)",
            ("cpu", "pdf"),
        ),
    ],
)
def test_a_librarys_method_runs_what_the_derived_class_overrides(
    tmp_path: Path, text: str, expected: tuple[str, str | None]
) -> None:
    assert judged(tmp_path, text) == expected


def test_what_is_done_only_to_say_what_went_wrong_is_not_the_tasks_work(tmp_path: Path) -> None:
    text = (
        "import asyncio, subprocess\n"
        "async def work(job):\n"
        "    server = subprocess.Popen(['server'], stderr=subprocess.PIPE)\n"
        "    await asyncio.sleep(2)\n"
        "    if server.poll() is not None:\n"
        "        said = server.stderr.read()\n"
        "        raise RuntimeError(said)"
    )

    assert judged(tmp_path, text) == ("slow-io", "sleep")
