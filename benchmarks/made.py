"""A project that is made to be measured: a module that registers tasks, and a module for each that it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

HELPER: Final = """\
from PIL import Image


def make_previews_{number}(path: str) -> None:
    for size in (4000, 3000, 2000):
        _save(Image.open(path), size, path)


def _save(image: Image.Image, size: int, path: str) -> None:
    image.resize((size, size)).save(f"{{path}}.{{size}}.png")
"""
ENDPOINT: Final = '''

@router.post("/uploads/{number}")
async def upload_{number}(path: str, tasks: BackgroundTasks) -> dict[str, object]:
    """Take a file, and make its previews later."""
    checked = {{name: value for name, value in sorted(settings.items()) if value}}
    if not checked:
        return {{"accepted": False, "reason": f"nothing is set for {{path}}"}}
{call}
    return {{"accepted": True, "path": path}}
'''
ROWS: Final = len(ENDPOINT.splitlines())


def make_project(folder: Path, lines: int, tasks: int) -> Path:
    """Write a module of so many lines that registers so many tasks, and the helpers; return its path."""
    (folder / ".git").mkdir()
    package = folder / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    imports = ["from fastapi import APIRouter, BackgroundTasks", ""]
    for number in range(tasks):
        (package / f"media_{number}.py").write_text(HELPER.format(number=number), encoding="utf-8")
        imports.append(f"from shop.media_{number} import make_previews_{number}")
    parts = ["\n".join([*imports, "", "router = APIRouter()", "settings: dict[str, str] = {}"])]
    endpoints = (lines - len(imports) - 3) // ROWS
    for number in range(endpoints):
        call = f"    tasks.add_task(make_previews_{number}, path)" if number < tasks else "    checked.clear()"
        parts.append(ENDPOINT.format(number=number, call=call))
    module = package / "api.py"
    module.write_text("\n".join(parts), encoding="utf-8")
    return module
