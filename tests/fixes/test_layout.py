"""Fixes write no longer lines than the project allows, and split what would be as its formatter does."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from bglint.fixes.layout import DEFAULT_LENGTH, line_length

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixes.conftest import Build

HEAD = """\
from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import JSONResponse

app = FastAPI()


def store(row, *more): ...


"""
LOST = """\
@app.get("/")
def endpoint(tasks: BackgroundTasks, user: int):
    tasks.add_task(store, user)
    {}
"""
RAISES = [
    'raise HTTPException(404, "a short one")',
    'raise HTTPException(status_code=404, detail="{}")'.format("x" * 40),
    'raise HTTPException(status_code=404, detail="{}")'.format("x" * 50),
    'raise HTTPException(status_code=404, detail="{}")'.format("x" * 62),
    'raise HTTPException(status_code=404, detail="{}")'.format("x" * 75),
    'raise HTTPException(\n        status_code=404,\n        detail="{}",\n        headers={{"X": "y"}},\n    )'.format(
        "x" * 30
    ),
]
FILES = {
    "ruff.toml": "line-length = 60",
    ".ruff.toml": "line-length = 60",
    "pyproject.toml": "[tool.ruff]\nline-length = 60",
}


def formatted(text: str, length: int = DEFAULT_LENGTH) -> str:
    options = ["--isolated", f"--config=line-length={length}", "--stdin-filename=a.py", "-"]
    run = [sys.executable, "-m", "ruff", "format", *options]
    return subprocess.run(run, input=text, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("length", [None, 60, 120])
def test_what_is_split_is_what_the_formatter_makes_of_it(build: Build, tmp_path: Path, length: int | None) -> None:
    if length is not None:
        (tmp_path / "pyproject.toml").write_text(f"[tool.ruff]\nline-length = {length}\n", encoding="utf-8")
    texts = []
    for raised in RAISES:
        fixed = build("BG408", HEAD + LOST.format(raised))
        assert fixed is not None
        texts.append(fixed.text.partition("add_task(store, user)\n")[2])
    lost = LOST.partition("    {}")[0]
    text = HEAD + "\n\n".join(lost + each for each in texts)
    assert text == formatted(text, length or DEFAULT_LENGTH)


def test_strings_of_several_lines_stay_apart_where_they_are_long(build: Build) -> None:
    raised = 'raise HTTPException(\n        404,\n        "{} "\n        f"{{user}}",\n    )'
    short, long = (build("BG408", HEAD + LOST.format(raised.format("x" * count))) for count in (10, 66))
    assert short is not None
    assert '    return JSONResponse({"detail": "xxxxxxxxxx " f"{user}"}, 404, background=tasks)\n' in short.text
    assert long is not None
    assert '        {\n            "detail": "' in long.text
    assert 'x "\n            f"{user}",\n        },\n        404,\n        background=tasks,\n    )\n' in long.text


def test_a_mapping_of_several_lines_keeps_them(build: Build) -> None:
    detail = '{\n            "error": str(user),\n            "steps": [\n                1,\n            ],\n        }'
    fixed = build("BG408", HEAD + LOST.format(f"raise HTTPException(\n        404,\n        detail={detail},\n    )"))
    assert fixed is not None
    assert '        {\n            "detail": {\n                "error": str(user),\n' in fixed.text
    assert fixed.text == formatted(fixed.text)


def test_parameters_that_share_a_line_are_split_where_that_gets_too_long(build: Build) -> None:
    head = 'def endpoint(\n    user: int, name: str = Query(description="What the user goes by in all of this"){}\n):'
    source = f'{HEAD}@app.get("/")\n{head}\n    tasks = BackgroundTasks()\n    tasks.add_task(store, 1)\n'
    fixed = build("BG404", source.replace("FastAPI, HTTP", "FastAPI, Query, HTTP").format(""))
    assert fixed is not None
    assert "    tasks: BackgroundTasks,\n    name: str = Query(" in fixed.text
    assert fixed.text == formatted(fixed.text)


def test_a_detail_with_a_comment_among_its_lines_has_no_fix(build: Build) -> None:
    raised = 'raise HTTPException(\n        404,\n        "a"  # why\n        "b",\n    )'
    assert build("BG408", HEAD + LOST.format(raised)) is None


@pytest.mark.parametrize(
    "head",
    [
        'def endpoint(user: int, first_filter: str = "", second_filter: str = "") -> dict[str, int]:',
        "async def endpoint(user: int, *, first_filter: str, **second_filters: str):",
        "async def endpoint(user: int, *, first_filter: str, second_filter: str, **further_filters: str):",
        "async def endpoint(identifier_of_the_user: int, limit_of_the_list: int, offset_in_the_list: int):",
        "def endpoint(user: int):",
    ],
)
def test_parameters_are_split_as_well(build: Build, head: str) -> None:
    source = f'{HEAD}@app.get("/")\n{head}\n    tasks = BackgroundTasks()\n    tasks.add_task(store, 1)\n'
    fixed = build("BG404", source)
    assert fixed is not None
    assert "tasks: BackgroundTasks" in fixed.text
    assert fixed.text == formatted(fixed.text)


def test_an_argument_that_makes_a_line_too_long_splits_the_call(build: Build) -> None:
    source = "{}def view(request):\n    tasks = BackgroundTasks()\n    tasks.add_task(store, 1)\n    return {}\n"
    before = 'JSONResponse({"detail": "a message of some length, and more"}, 200)'
    after = 'JSONResponse(\n        {"detail": "a message of some length, and more"}, 200, background=tasks\n    )'
    fixed = build("BG404", source.format(HEAD, before))
    assert fixed is not None
    assert fixed.text == source.format(HEAD, after)


def test_a_task_that_gets_a_line_of_its_own_is_split_where_it_is_long(build: Build) -> None:
    source = """\
from starlette.background import BackgroundTask


@app.get("/")
def endpoint(tasks: BackgroundTasks):
    tasks.add_task(store, 1)
    return JSONResponse(
        {},
        background=BackgroundTask(store, "the first of some words", "another of these words"),
    )
"""
    fixed = build("BG407", HEAD + source)
    assert fixed is not None
    assert '    tasks.add_task(store, "the first of some words", "another of these words")\n' in fixed.text
    assert max(map(len, fixed.text.splitlines())) <= DEFAULT_LENGTH
    longer = build("BG407", HEAD + source.replace("words", "rather many words"))
    assert longer is not None
    assert '    tasks.add_task(\n        store,\n        "the first of some rather' in longer.text
    assert max(map(len, longer.text.splitlines())) <= DEFAULT_LENGTH


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_length_is_read_from_the_nearest_file_that_tells(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "app" / "api"
    inner.mkdir(parents=True)
    assert line_length(inner, tmp_path) == DEFAULT_LENGTH
    (tmp_path / "pyproject.toml").write_text("[tool.black]\nline-length = 100\n", encoding="utf-8")
    assert line_length(inner, tmp_path) == 100
    (inner.parent / name).write_text(FILES[name], encoding="utf-8")
    assert line_length(inner, tmp_path) == 60
    assert line_length(tmp_path, tmp_path) == 100


@pytest.mark.parametrize("text", ["[tool.ruff]\n", "[tool", "[tool]\nruff = 1\n", "[tool.ruff]\nline-length = 'x'\n"])
def test_a_file_that_does_not_tell_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    assert line_length(tmp_path, tmp_path) == DEFAULT_LENGTH
