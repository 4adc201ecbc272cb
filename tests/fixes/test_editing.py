"""Edits on bytes: what is not edited stays as it was, whatever the encoding and the line endings."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bglint.diagnostics import Edit, Position
from bglint.fixes.apply import Change
from bglint.fixes.diff import unified_diff
from bglint.fixes.editing import Document, Replacement, UneditableError
from bglint.fixes.writing import write_atomically


def edited(data: bytes, *edits: tuple[str, tuple[int, int], tuple[int, int]]) -> bytes:
    document = Document(data)
    made = [Edit(content, Position(*start), Position(*end)) for content, start, end in edits]
    return document.applied(document.replacements(made))


def test_rows_and_columns_count_code_points_of_folded_lines() -> None:
    assert edited("é = 1\r\n𝒳 = 2\rz = 3\n".encode(), ("4", (2, 5), (2, 6))) == "é = 1\r\n𝒳 = 4\rz = 3\n".encode()


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_new_lines_end_as_those_around_them(ending: str) -> None:
    data = f"a{ending}b".encode()
    assert edited(data, ("x\n", (1, 1), (1, 1)), ("y\nz", (2, 2), (2, 2))) == (
        f"x{ending}a{ending}by{ending}z".encode()
    )


def test_form_feeds_and_other_separators_end_no_line() -> None:
    assert edited("a\x0cb\u2028c\nd".encode(), ("D", (2, 1), (2, 2))) == "a\x0cb\u2028c\nD".encode()


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfx = '\xc3\xa9'\n",
        "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
        "# -*- coding: shift_jis -*-\nx = '日本'\r\n".encode("shift_jis"),
        "# coding: utf-8\nx = 'é'".encode(),
        b"\xef\xbb\xbf# coding: utf-8\nx = 1",
    ],
)
def test_encoding_and_bom_are_kept(data: bytes) -> None:
    row = 2 if b"coding" in data else 1
    changed = edited(data, ("yy", (row, 1), (row, 2)))
    assert changed == data.replace(b"x =", b"yy =")


def test_what_cannot_be_written_back_is_refused() -> None:
    with pytest.raises(UneditableError, match="cannot be written in"):
        edited(b"# coding: latin-1\nx = 1\n", ("日", (2, 1), (2, 2)))
    with pytest.raises(UneditableError, match="overlap"):
        edited(b"abc\n", ("x", (1, 1), (1, 3)), ("y", (1, 2), (1, 4)))
    with pytest.raises(UneditableError, match="is not valid utf-8"):
        Document(b"\xff")
    with pytest.raises(UneditableError, match="cannot be written back"):
        Document(b"# coding: utf-7\nx = '+AGE-'\n")


def test_a_row_behind_the_last_is_the_end() -> None:
    assert edited(b"a\nb", ("", (2, 1), (3, 1))) == b"a\n"


texts = st.text(alphabet="abé𝒳 \n\r", max_size=30)


@st.composite
def texts_with_edits(draw: st.DrawFn) -> tuple[str, list[Replacement]]:
    text = draw(texts)
    offsets = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pairs = list(zip(offsets[::2], offsets[1::2], strict=False))
    replacements = [Replacement(start, end, draw(st.text(alphabet="xyé\n", max_size=4))) for start, end in pairs]
    distinct = {(each.start, each.end): each for each in replacements if each.end > each.start or each.content}
    return text, sorted(distinct.values())


@given(texts_with_edits())
def test_only_what_is_edited_changes(case: tuple[str, list[Replacement]]) -> None:
    text, replacements = case
    expected, at = "", 0
    for each in replacements:
        expected += text[at : each.start] + each.content
        at = each.end
    assert Document(text.encode()).applied(replacements) == (expected + text[at:]).encode()


@given(st.text(alphabet="abé\n", max_size=30), st.data())
def test_a_place_that_is_not_edited_is_found_again(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    start = data.draw(st.integers(0, at))
    before = Replacement(data.draw(st.integers(0, start)), start, data.draw(st.text(alphabet="x\n", max_size=5)))
    document = Document(text.encode())
    row = text.count("\n", 0, at)
    position = Position(row + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
    moved = document.moved(position, [before])
    changed = Document(document.applied([before]))
    assert changed.text[changed.offset(moved) :] == text[at:]


def test_a_place_within_an_edit_is_found_at_its_beginning() -> None:
    assert Document(b"abcdef").moved(Position(1, 4), [Replacement(1, 5, "xyz")]) == Position(1, 2)
    assert Document(b"a\nbcd").moved(Position(2, 2), [Replacement(0, 3, "\n\n")]) == Position(3, 1)


# writing


def test_writing_keeps_the_mode_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    path.chmod(0o751)
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]


def test_writing_follows_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "a.py"
    real.write_bytes(b"old")
    link = tmp_path / "link.py"
    link.symlink_to("real/a.py")
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert [each.name for each in real.parent.iterdir()] == ["a.py"]


def test_writing_keeps_hard_links_one_file(tmp_path: Path) -> None:
    path, other = tmp_path / "a.py", tmp_path / "b.py"
    path.write_bytes(b"old and longer")
    other.hardlink_to(path)
    write_atomically(path, b"new")
    assert other.read_bytes() == b"new"
    assert path.samefile(other)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.py", "b.py"]


def test_when_the_new_content_cannot_take_its_place_the_old_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]


def test_the_old_content_is_there_until_the_new_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old")
    seen = []

    def fail(copy: Path, target: Path) -> None:
        seen.append((copy.read_bytes(), target.read_bytes()))
        raise OSError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Permission"):
        write_atomically(path, b"new")
    assert seen == [(b"new", b"old")]
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]


def test_a_new_file_gets_the_mode_that_new_files_get(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "a.json", b"{}")
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "plain").stat().st_mode


# diffs


def test_a_diff_names_files_from_the_working_directory_and_keeps_bytes() -> None:
    changes = {"/w/b/x.py": Change(b"a\r\n\xe9", b"A\r\n\xe9"), "/else/y.py": Change(b"a\n", b"b\n")}
    assert b"".join(unified_diff(changes, "/w")) == (
        b"--- /else/y.py\n+++ /else/y.py\n@@ -1 +1 @@\n-a\n+b\n"
        b"--- b/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\r\n+A\r\n \xe9\n\\ No newline at end of file\n"
    )
