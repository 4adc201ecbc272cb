"""Looking through many files by several processes: the same files are found, whatever becomes of a process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from bglint.registrations import scan
from bglint.registrations.words import Words

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[scan.Group]:
    monkeypatch.setattr(scan, "FILES_FOR_A_PROCESS", 2)
    found: list[scan.Group] = []
    for number in range(7):
        folder = tmp_path / f"package{number}"
        folder.mkdir()
        (folder / "a.py").write_text("x = 1\n", encoding="utf-8")
        (folder / "b.py").write_text("tasks.add_task(f)\n" if number % 3 else "", encoding="utf-8")
        paths = [str(folder / name) for name in ("a.py", "b.py", *(["gone.py"] if number == 4 else []))]
        found.append((paths, Words()))
    return found


@pytest.mark.parametrize("jobs", [2, 3, 16])
def test_several_processes_find_what_one_finds_in_the_same_order(groups: list[scan.Group], jobs: int) -> None:
    alone = scan.candidates(groups)
    assert [path.rpartition(os.sep)[2] for path in alone] == ["b.py", "b.py", "b.py", "gone.py", "b.py"]
    assert scan.candidates(groups, jobs) == alone


@pytest.mark.skipif(sys.platform != "linux", reason="there is one process alone")
def test_what_a_process_that_ends_early_has_not_found_is_found_all_the_same(
    groups: list[scan.Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = scan.candidates(groups)
    own, looked = os.getpid(), scan.may_register

    def die_elsewhere(*arguments: object) -> bool | None:
        if os.getpid() != own:
            raise MemoryError
        return looked(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(scan, "may_register", die_elsewhere)
    assert scan.candidates(groups, 3) == alone
