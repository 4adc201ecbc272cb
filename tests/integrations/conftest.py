"""Repositories of their own for what runs bglint as others do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]

APPLICATION: Mapping[str, str] = {
    "requirements.txt": "celery\nfastapi\npillow\n",
    "app/__init__.py": "",
    "app/api.py": """\
from fastapi import APIRouter, BackgroundTasks

from app import media

router = APIRouter()


@router.post("/uploads")
def upload(path: str, tasks: BackgroundTasks):
    tasks.add_task(media.make_previews, path)
    return {"path": path}
""",
    "app/media.py": """\
from app import previews


async def make_previews(path):
    previews.store(path)
""",
    "app/previews.py": """\
from app import pictures


def store(path):
    print(pictures.size(path))
""",
    "app/pictures.py": """\
from PIL import Image


def size(path):
    return Image.open(path).size


def resized(path, width):
    return Image.open(path).resize((width, width))
""",
}
"""An application with one background task, which is light; `make_slow` changes that, three modules away."""
FINDING = "app/api.py:10:5: BG101 error"


class Repository:
    """A Git repository of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def git(self, *arguments: str) -> str:
        """Run Git; return what it prints."""
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment(), check=True, capture_output=True, text=True
        ).stdout

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self) -> None:
        """Commit all there is."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def make_slow(self) -> None:
        """Let a helper of the task resize the picture."""
        path = self.folder / "app" / "previews.py"
        path.write_text(path.read_text(encoding="utf-8").replace("size(path)", "resized(path, 2560)"), encoding="utf-8")

    def make_fast(self) -> None:
        """Take that back."""
        self.write("app/previews.py", APPLICATION["app/previews.py"])


def environment(**more: str) -> dict[str, str]:
    """The environment without what Git or CI have set for the repository that the tests run in, and with `more`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_", "CI_"))}
    author = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    return {**own, **author, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **more}


@pytest.fixture
def application(tmp_path: Path) -> Repository:
    """The application, committed."""
    repository = Repository(tmp_path / "application")
    for name, text in APPLICATION.items():
        repository.write(name, text)
    repository.git("init", "-q", "-b", "main")
    repository.commit()
    return repository


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A clone of this repository as it stands in the working tree, tagged with its version."""
    if not (ROOT / ".git").exists():
        pytest.skip("not in a clone of the repository")
    repository = Repository(tmp_path_factory.mktemp("clone") / "bglint")
    subprocess.run(
        ["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(repository.folder)], env=environment(), check=True
    )
    _bring_up_to_date(repository)
    repository.git("tag", "-f", "v0.1.0")
    return repository


def _bring_up_to_date(repository: Repository) -> None:
    """Commit what differs in the working tree that the tests run in."""
    listed = ["git", "ls-files", "-z", "--others", "--modified", "--deleted", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True).stdout
    for name in dict.fromkeys(filter(None, names.split("\0"))):
        target = repository.folder / name
        if (ROOT / name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
        else:
            target.unlink()
    if repository.git("status", "--porcelain"):
        repository.commit()
