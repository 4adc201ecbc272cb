"""An application of one task, whose work lies in another module: heavy, and what it becomes when that is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

API: Final = """\
from fastapi import BackgroundTasks
from shop.media import make_previews


def upload(path: str, tasks: BackgroundTasks):
    tasks.add_task(make_previews, path)
"""
HEAVY: Final = """\
from PIL import Image


def make_previews(path):
    for size in (4000, 3000, 2000):
        Image.open(path).resize((size, size)).save(f"{path}.{size}.png")
"""
LIGHT: Final = """\
def make_previews(path):
    print(path)
"""


def make_shop(folder: Path) -> Path:
    """Write the application into a folder, as a repository."""
    (folder / ".git").mkdir()
    (folder / "shop").mkdir()
    for name, text in {"__init__": "", "api": API, "media": HEAVY}.items():
        (folder / f"shop/{name}.py").write_text(text, encoding="utf-8")
    return folder
