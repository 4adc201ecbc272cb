"""A project kept in memory says what a run over the same files would say, whatever was changed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bglint.engine import run
from bglint.project import Project
from bglint.rules.registry import RULES
from bglint.settings import SettingsResolver
from tests.shop import API, HEAVY, LIGHT

if TYPE_CHECKING:
    from pathlib import Path

    from bglint.diagnostics import Report

VERSIONS = {
    "shop/api.py": (
        API,
        API.replace("    tasks.add_task", "    # a word more\n    tasks.add_task"),
        API.replace("tasks.add_task(make_previews, path)", "later(tasks, make_previews, path)").replace(
            "from shop.media", "from shop.jobs import later\nfrom shop.media"
        ),
        API.replace("path)\n", "path)  # bglint: ignore[BG101]\n"),
        API.replace("path)\n", "path\n"),
        "",
    ),
    "shop/media.py": (HEAVY, LIGHT, "from shop.pixels import make_previews\n", "def make_previews(path:\n", ""),
    "shop/pixels.py": (LIGHT, HEAVY, HEAVY.replace("make_previews", "make_nothing")),
    "shop/jobs.py": (
        "def later(tasks, function, *arguments):\n    function(*arguments)\n",
        "from fastapi import BackgroundTasks\n\n\n"
        "def later(tasks: BackgroundTasks, function, *arguments):\n    tasks.add_task(function, *arguments)\n",
    ),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make(tmp_path)


def make(folder: Path) -> Path:
    (folder / ".git").mkdir()
    (folder / "shop").mkdir()
    (folder / "shop/__init__.py").touch()
    for name, versions in VERSIONS.items():
        (folder / name).write_text(versions[0], encoding="utf-8")
    return folder


def opened(folder: Path, **overlay: bytes) -> Project:
    project = Project([str(folder)], str(folder), SettingsResolver(known_codes=tuple(RULES)), overlay)
    settle(project)
    return project


def settle(project: Project) -> set[str]:
    affected = set()
    while not project.is_settled:
        affected |= project.check_next()
    return affected


def fresh(folder: Path) -> Report:
    return run([str(folder)], SettingsResolver(known_codes=tuple(RULES)))


def codes(project: Project, path: Path) -> list[str]:
    return [diagnostic.code for diagnostic in project.outcome(str(path)).diagnostics]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([(name, text) for name, texts in VERSIONS.items() for text in texts]), max_size=6))
def test_after_any_changes_on_the_disk_it_says_what_a_fresh_run_says(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str]]
) -> None:
    folder = make(tmp_path_factory.mktemp("shop"))
    project = opened(folder)
    for name, text in changes:
        (folder / name).write_text(text, encoding="utf-8")
        project.change(str(folder / name), None)
        settle(project)
        assert project.report() == fresh(folder)


def test_a_changed_helper_changes_what_is_said_of_the_file_whose_task_leads_there(shop: Path) -> None:
    project = opened(shop)
    assert codes(project, shop / "shop/api.py") == ["BG101"]
    project.change(str(shop / "shop/media.py"), LIGHT.encode())
    assert settle(project) == {str(shop / "shop/api.py")}
    assert codes(project, shop / "shop/api.py") == []


def test_a_file_that_no_task_leads_to_has_nothing_checked_again(shop: Path) -> None:
    project = opened(shop)
    project.change(str(shop / "shop/pixels.py"), HEAVY.encode())
    assert project.is_settled


def test_half_written_code_leaves_what_was_said(shop: Path) -> None:
    project = opened(shop)
    project.change(str(shop / "shop/api.py"), API.replace("path)\n", "pa").encode())
    project.change(str(shop / "shop/media.py"), b"def make_previews(path:\n")
    settle(project)
    assert codes(project, shop / "shop/api.py") == ["BG101"]
    assert project.outcome(str(shop / "shop/api.py")).text == API


def test_a_file_that_was_never_readable_is_reported_until_it_is(shop: Path) -> None:
    api = shop / "shop/api.py"
    api.write_text(API + "def (", encoding="utf-8")
    project = opened(shop)
    assert codes(project, api) == ["BG901"]
    project.change(str(api), API.encode())
    settle(project)
    assert codes(project, api) == ["BG101"]


def test_a_new_caller_of_a_helper_is_found_by_its_text(shop: Path) -> None:
    (shop / "shop/jobs.py").write_text(VERSIONS["shop/jobs.py"][1], encoding="utf-8")
    (shop / "shop/api.py").write_text(LIGHT, encoding="utf-8")
    project = opened(shop)
    assert codes(project, shop / "shop/api.py") == []
    project.change(str(shop / "shop/api.py"), VERSIONS["shop/api.py"][2].encode())
    settle(project)
    assert codes(project, shop / "shop/api.py") == ["BG101"]


def test_files_come_and_go(shop: Path) -> None:
    project = opened(shop)
    (shop / "shop/media.py").unlink()
    assert project.change(str(shop / "shop/media.py"), None) == set()
    settle(project)
    assert project.report() == fresh(shop)
    new = shop / "shop/more.py"
    new.write_text(API.replace("shop.media", "shop.heavy"), encoding="utf-8")
    (shop / "shop/heavy.py").write_text(HEAVY, encoding="utf-8")
    project.look_around()
    settle(project)
    assert codes(project, new) == ["BG101"]
    new.unlink()
    assert project.change(str(new), None) == {str(new)}
    settle(project)
    assert project.report() == fresh(shop)


def test_a_file_that_is_only_in_the_editor_belongs_to_the_project_unless_it_is_excluded(shop: Path) -> None:
    (shop / "pyproject.toml").write_text('[tool.bglint]\nextend-exclude = ["drafts"]\n', encoding="utf-8")
    project = opened(shop)
    for name in ("shop/new.py", "drafts/new.py"):
        project.change(str(shop / name), API.encode())
    settle(project)
    assert codes(project, shop / "shop/new.py") == ["BG101"]
    assert codes(project, shop / "drafts/new.py") == []


def test_what_the_editor_holds_stands_for_the_disk_until_the_file_is_closed(shop: Path) -> None:
    media = shop / "shop/media.py"
    project = opened(shop, **{str(media): LIGHT.encode()})
    assert codes(project, shop / "shop/api.py") == []
    project.change(str(media), None)
    settle(project)
    assert codes(project, shop / "shop/api.py") == ["BG101"]
