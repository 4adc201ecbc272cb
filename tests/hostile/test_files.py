"""Files that are none, that hold bytes of no sense, or whose names and settings mean harm."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from bglint.reporters import DIAGNOSTIC_FORMATS
from tests.trees import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trees import Tree

FINDING = ("app.py", "BG201")
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files there")


@posix
@pytest.mark.parametrize(
    "name",
    ["x.py", "pyproject.toml", "bglint.toml", ".gitignore", "requirements.txt", "uv.lock", "Pipfile.lock", "helper.py"],
)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_waited_for(name: str, kind: str, tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION.replace("import time", "import time\n\nimport helper\n\nhelper.start")})
    (made.folder / ".git").mkdir()
    if kind == "pipe":
        os.mkfifo(made.folder / name)
    else:
        (made.folder / name).symlink_to("/dev/zero")
    outcome = made.run("check", "--select", "ALL", "--output-format", "json")
    assert FINDING in outcome.found or (name, outcome.status) == ("bglint.toml", 2), outcome.err


@posix
def test_a_baseline_that_is_a_pipe_is_refused(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION})
    os.mkfifo(made.folder / "base.json")
    outcome = made.run("check", "--isolated", "--baseline", "base.json")
    assert (outcome.status, outcome.err) == (2, b"error: base.json: cannot be read: not a regular file\n")


@posix
def test_links_in_circles_are_walked_once(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION, "package/__init__.py": "from . import *\nfrom .. import app\n"})
    (made.folder / "package" / "again").symlink_to("..", target_is_directory=True)
    (made.folder / "one.py").symlink_to("two.py")
    (made.folder / "two.py").symlink_to("one.py")
    (made.folder / "gone.py").symlink_to("nowhere.py")
    assert made.lint().found == [FINDING]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ("x = " + "[" * 50_000, "bglint.toml: not valid TOML: nested too deeply"),
        ('extend = "../../../../../../../../../etc/passwd"', "/etc/passwd:1:"),
        ('extend = "bglint.toml"', "goes in a circle"),
        ('extend = "0.toml"', "more than 20 files build on one another"),
    ],
)
def test_settings_that_mean_harm_are_one_line(settings: str, error: str, tree: Callable[..., Tree]) -> None:
    chain = {f"{number}.toml": f'extend = "{number + 1}.toml"\n' for number in range(1500)}
    made = tree({"app.py": APPLICATION, "bglint.toml": settings, **chain})
    outcome = made.run("check")
    assert outcome.status == 2
    lines = outcome.err.decode().splitlines()
    assert len(lines) == 1
    assert error in lines[0]
    assert "root:" not in lines[0], "nothing of the other file is shown"


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "Pipfile.lock"])
@pytest.mark.parametrize("text", ["project = 3", "tool = 3\npackage = 3", "x = " + "[" * 50_000, "[" * 50_000, "[1]"])
def test_dependency_files_of_no_sense_are_passed_over(name: str, text: str, tree: Callable[..., Tree]) -> None:
    text = APPLICATION if name == "app.py" else text
    assert tree({"app.py": APPLICATION, name: text}).lint().found == [FINDING]


def test_patterns_that_take_ages_are_passed_over(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION, ".gitignore": "*a" * 100 + "\n" + "**/a/" * 50 + "b\n# ******\nout/\n"})
    (made.folder / ".git").mkdir()
    made.write({"a" * 240 + ".py": APPLICATION, "a/" * 30 + "c.py": "", "out/app.py": APPLICATION})
    assert made.lint().found == [("a" * 240 + ".py", "BG201"), FINDING]


NAMES = [
    "\x1b[31mred\x1b]0;title\x07.py",
    "::error::forged.py",
    "a]]><script>alert(1)<script>.py",
    "quo\"te'd & <b>.py",
    "two\nlines\r.py",
    "%0A::warning::x.py",
    "rtl\u202e\u2066.py",
    "[red]markup[bold].py",
    "bytes\udcff\udcfe.py",
    "\x9b31m.py",
]


@posix
@pytest.mark.parametrize("output_format", DIAGNOSTIC_FORMATS)
def test_names_do_no_harm_in_any_format(output_format: str, tree: Callable[..., Tree]) -> None:
    made = tree()
    for name in NAMES:
        (made.folder / name).write_text(APPLICATION)
    outcome = made.run("check", "--isolated", "--color", "never", "--output-format", output_format)
    assert outcome.status == 1
    for text in (outcome.out, outcome.err):
        text.decode("utf-8")  # what readers are promised
        assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text.replace(b"\t", b""))
        assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069]", text.decode()), "C1 and bidirectional controls"
    lines = outcome.out.decode().splitlines()
    match output_format:
        case "github":
            assert len(lines) == len(NAMES)
            assert all(line.startswith("::error title=bglint (BG201),file=") for line in lines)
        case "junit":
            assert len(list(ET.fromstring(outcome.out).iter("failure"))) == len(NAMES)
        case "json":
            assert len(json.loads(outcome.out)) == len(NAMES)
        case "json-lines" | "concise":
            assert len(lines) == len(NAMES)
        case "sarif" | "gitlab" | "rdjson":
            assert json.loads(outcome.out)


TEXTS = [b"", b"\xff", b"\x00", b"\xef\xbb\xbf", b"\x0c", b"\x1a", b"\xed\xa0\x80"]
CODECS = ["utf-7", "idna", "rot13", "zlib", "punycode", "undefined", "utf-16", "cp037", "nosuch", "unicode_escape", "."]


def test_bytes_of_no_sense_are_reported_for_their_own_file_alone(tree: Callable[..., Tree]) -> None:
    source = APPLICATION.encode()
    files = {f"codec-{name}.py": f"# coding: {name}\n".encode() + source for name in CODECS}
    files |= {f"before-{number}.py": text + source for number, text in enumerate(TEXTS)}
    files |= {f"after-{number}.py": source + text for number, text in enumerate(TEXTS)}
    files |= {"cr.py": source.replace(b"\n", b"\r"), "crlf.py": source.replace(b"\n", b"\r\n")}
    outcome = tree(files).lint()
    found = dict(outcome.found)
    assert found.keys() == files.keys(), "each is judged, or said to be unreadable"
    assert set(found.values()) == {"BG201", "BG901"}
    read = {name for name, code in found.items() if code == "BG201"}
    assert read >= {"cr.py", "crlf.py", "before-0.py", "before-3.py"}


def test_relative_imports_lead_nowhere_outside_of_the_project(tree: Callable[..., Tree]) -> None:
    dots = "." * 40
    text = f"from {dots} import etc\nfrom {dots}etc import passwd\nfrom {dots}usr.lib import *\n" + APPLICATION
    text = text.replace("time.sleep(5)", "etc.x(passwd.y())\n    time.sleep(5)")
    assert tree({"app.py": text}).lint().found == [FINDING]


def test_large_files_are_said_to_be_left_out(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION, "lines.py": APPLICATION + "x = 1\n" * 500_000})
    made.write({"one_line.py": APPLICATION + "x = '" + "a" * (50 << 20) + "'\n"})
    with (made.folder / "huge.py").open("wb") as file:
        file.write(APPLICATION.encode())
        file.truncate(100 << 20)
    outcome = made.lint()
    assert outcome.found == [FINDING, ("lines.py", "BG901"), ("one_line.py", "BG901")]
    assert re.search(rb"skipped, larger than \d+ MB: .*huge\.py", outcome.err)
