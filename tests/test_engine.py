"""The pipeline as users meet it: files that are hard to read, hand-over, stdin, comments, configuration, safety."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from bglint.cli.main import run as command_line
from bglint.engine import run
from bglint.reporters import DIAGNOSTIC_FORMATS, TASK_FORMATS
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.diagnostics import Diagnostic, Report

HEAVY = """
from PIL import Image


def resize(path):
    for size in (4000, 3000, 2000, 1000):
        Image.open(path).resize((size, size)).save(f"{path}.{size}.png")
"""
API = """
from fastapi import BackgroundTasks
from app.heavy import resize


def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(resize, path)
"""
INLINE = API.replace("from app.heavy import resize\n", HEAVY)
"""The same in one module."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, the root of a repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, content: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def lint(*paths: str, stdin: tuple[str, bytes] | None = None, **options: Any) -> Report:
    overrides = {name.replace("_", "-"): value for name, value in options.items()}
    return run(paths if stdin else paths or ["."], SettingsResolver(cli_overrides=overrides), stdin=stdin)


def found(report: Report) -> list[str]:
    return [f"{_place(each)} {each.code}" for each in report.diagnostics]


def _place(diagnostic: Diagnostic) -> str:
    return f"{os.path.relpath(diagnostic.span.filename)}:{diagnostic.span.start.row}"


def verdicts(report: Report) -> dict[str, str]:
    return {task.target: task.verdict for task in report.tasks}


# files that are hard to read, or cannot be


def test_a_path_that_is_not_there_is_an_error_that_names_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("app/api.py", API)
    assert command_line(["app/ap.py"]) == 2
    assert capsys.readouterr() == ("", "error: app/ap.py: no such file or folder; did you mean 'api.py'?\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (API.encode() + b"# \xe9\n", "not valid utf-8"),
        (b"# coding: utf-9\n" + API.encode(), "unknown encoding 'utf-9'"),
        (API.encode() + b"\0", "NUL bytes"),
        (API.encode("utf-16"), ""),
        (API.encode() + b"def f(:\n", "does not parse"),
        (API.encode() + b"x = " + b"(" * 5000 + b")" * 5000 + b"\n", ""),
        (API.encode() + b"x = " + b"-" * 100_000 + b"1\n", ""),
        (API.encode() + b"#" * (3 << 20), "larger than 2 MiB"),
    ],
    ids=["bytes", "cookie", "nul", "utf-16", "syntax", "parentheses", "signs", "size"],
)
def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_linted(
    project: Path, content: bytes, reason: str
) -> None:
    write("app/good.py", API)
    write("app/heavy.py", HEAVY)
    bad = write("app/odd.py", content)
    report = lint()
    assert "app/good.py:7 BG101" in found(report)
    others = [each for each in report.diagnostics if each.span.filename == str(bad.absolute())]
    if b"add_task" in content:
        assert [each.code for each in others] == ["BG901"]
        assert reason in others[0].message
    else:
        assert others == []


def test_a_syntax_error_is_reported_on_its_line(project: Path) -> None:
    write("api.py", API + "\n\ndef half(:\n")
    assert found(lint()) == ["api.py:10 BG901"]


def test_a_broken_file_that_nothing_needs_is_left_alone(project: Path) -> None:
    write("app/api.py", API)
    write("app/heavy.py", HEAVY)
    write("app/template.py", "{{ cookiecutter }}\n")
    write("app/binary.py", b"\0\xff")
    assert found(lint()) == ["app/api.py:7 BG101"]


def test_a_broken_file_that_a_task_leads_to_is_reported_and_the_task_is_unknown(project: Path) -> None:
    write("app/api.py", API.replace("resize", "render"))
    write("app/heavy.py", "def render(path:\n")
    report = lint()
    assert found(report) == ["app/heavy.py:1 BG901"]
    assert verdicts(report) == {"render": "unknown"}


def test_a_declared_encoding_is_obeyed(project: Path) -> None:
    write("api.py", b"# -*- coding: latin-1 -*-\nname = '\xe9'\n" + INLINE.encode())
    assert [each.code for each in lint().diagnostics] == ["BG101"]


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_rows_and_columns_are_those_of_an_editor(project: Path, newline: str) -> None:
    source = INLINE.replace("    background_tasks.add_task(", "    name = 'é😀'; background_tasks.add_task(")
    write("api.py", b"\xef\xbb\xbf" + source.replace("\n", newline).encode())
    (diagnostic,) = lint().diagnostics
    row = source.splitlines().index(source.splitlines()[-1]) + 1
    assert (diagnostic.span.start.row, diagnostic.span.start.column) == (row, 18)
    assert diagnostic.span.end.column == len(source.splitlines()[-1]) + 1


def test_a_folder_named_like_a_module_is_a_folder(project: Path) -> None:
    write("odd.py/api.py", INLINE)
    assert found(lint()) == ["odd.py/api.py:13 BG101"]


def test_links_to_nothing_and_circles_are_passed_over(project: Path) -> None:
    write("app/api.py", INLINE)
    Path("app/gone.py").symlink_to("nowhere.py")
    Path("app/self.py").symlink_to("self.py")
    Path("app/again").symlink_to("../app")
    assert found(lint()) == ["app/api.py:13 BG101"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_named_like_a_module_is_not_waited_for(project: Path) -> None:
    write("app/api.py", API)
    os.mkfifo("app/heavy.py")
    os.mkfifo("app/pipe.py")
    outcome = bglint("check", "--output-format", "concise", timeout=20)
    assert outcome.stdout.startswith("app/heavy.py:1:1: BG901 this file ")
    assert "Traceback" not in outcome.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_reported(project: Path) -> None:
    write("app/api.py", API)
    write("app/heavy.py", HEAVY).chmod(0)
    assert found(lint()) == ["app/heavy.py:1 BG901"]


def test_names_that_are_no_identifiers_are_files_all_the_same(project: Path) -> None:
    for name in ("my-app.py", "2024 report.py", "größe.py"):
        write(name, INLINE)
    assert found(lint()) == ["2024 report.py:13 BG101", "größe.py:13 BG101", "my-app.py:13 BG101"]


def test_a_file_that_is_named_twice_is_reported_once(project: Path) -> None:
    write("app/api.py", INLINE)
    assert found(lint(".", "app", "app/api.py", "./app/../app/api.py")) == ["app/api.py:13 BG101"]


def test_only_the_files_that_were_asked_for_are_reported(project: Path) -> None:
    write("app/api.py", API)
    write("app/heavy.py", HEAVY)
    write("app/other.py", INLINE)
    report = lint("app/api.py")
    assert found(report) == ["app/api.py:7 BG101"]
    assert report.files == 1


def test_an_empty_folder_is_no_error(project: Path) -> None:
    assert lint() == run(["."], SettingsResolver())
    assert lint().diagnostics == ()
    assert lint().files == 0


# hand-over


HELPER = """
from fastapi import BackgroundTasks
from app.heavy import resize


def schedule(tasks: BackgroundTasks, function, *args):
    tasks.add_task(function, *args)


def upload(path: str, background_tasks: BackgroundTasks):
    schedule(background_tasks, resize, path)
    schedule(background_tasks, print, path)
"""


def test_what_a_helper_is_handed_is_judged_where_it_is_handed_over(project: Path) -> None:
    write("app/api.py", HELPER)
    write("app/heavy.py", HEAVY)
    report = lint()
    assert found(report) == ["app/api.py:11 BG101"]
    assert verdicts(report)["resize"] == "cpu"
    assert verdicts(report)["print"] == "light"


def test_the_trace_leads_from_the_target_to_the_line_that_costs(project: Path) -> None:
    write("app/api.py", API.replace("resize", "handle"))
    write("app/heavy.py", HEAVY + "\n\ndef handle(path):\n    return resize(path)\n")
    (diagnostic,) = lint().diagnostics
    steps = [(step.symbol, os.path.relpath(step.filename), step.location.row) for step in diagnostic.trace]
    assert steps[:2] == [("handle", "app/heavy.py", 10), ("resize", "app/heavy.py", 5)]
    assert steps[2][0].startswith("PIL.Image.Image.")
    assert steps[2][1:] == ("app/heavy.py", 7)


# stdin


def test_stdin_is_linted_in_place_of_the_file_and_finds_its_neighbours(project: Path) -> None:
    write("app/api.py", "x = 1\n")
    write("app/heavy.py", HEAVY)
    report = lint(stdin=("app/api.py", API.encode()))
    assert found(report) == ["app/api.py:7 BG101"]
    assert report.files == 1


def test_stdin_needs_no_file_of_its_name(project: Path) -> None:
    assert found(lint(stdin=("new/name.py", INLINE.encode()))) == ["new/name.py:13 BG101"]


def test_stdin_that_does_not_parse_is_reported(project: Path) -> None:
    assert found(lint(stdin=("a.py", b"add_task(\xff"))) == ["a.py:1 BG901"]
    assert found(lint(stdin=("a.py", b""))) == []


# comments


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# bglint: ignore", []),
        ("# bglint: ignore[BG101]", []),
        ("# bglint: ignore[BG1]", []),
        ("# noqa", []),
        ("# noqa: BG101", []),
        ("# noqa: E501,BG101", []),
        ("# noqa: E501", ["api.py:14 BG101"]),
        ("# bglint: ignore[BG102]", ["api.py:14 BG101", "api.py:16 BG902"]),
        ("# bglint: ignore[BG777]", ["api.py:14 BG101", "api.py:16 BG903"]),
        ("# bglint: ignor", ["api.py:14 BG101", "api.py:16 BG903"]),
    ],
)
def test_a_comment_on_any_line_of_the_call_silences_it(project: Path, comment: str, expected: list[str]) -> None:
    call = "    background_tasks.add_task(\n        resize,\n        path,  COMMENT\n    )\n"
    source = INLINE.rpartition("    background")[0] + "\n" + call.replace("COMMENT", comment)
    write("api.py", source)
    report = lint()
    assert found(report) == expected
    if not expected:
        assert [each.code for each in report.suppressed] == ["BG101"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("BG777", "`bglint rule --all` lists the rules"),
        ("BG4O1", "did you mean `BG401`?"),
        ("called-not-pased", "did you mean `BG401`?"),
    ],
)
def test_a_comment_that_names_no_rule_says_which_was_meant(project: Path, code: str, words: str) -> None:
    write("api.py", f"{INLINE}\n# bglint: ignore-file[{code}]\n")
    assert [each.help for each in lint().diagnostics if each.code == "BG903"] == [words]


@pytest.mark.parametrize("comment", ["# bglint: ignore-file", "# bglint: ignore-file[BG1]"])
def test_a_comment_silences_the_file(project: Path, comment: str) -> None:
    write("api.py", f"{INLINE}\n{comment}\n")
    assert found(lint()) == []


def test_a_comment_in_a_string_silences_nothing(project: Path) -> None:
    write("api.py", INLINE.replace("resize, path)", 'resize, "# bglint: ignore")'))
    assert found(lint()) == ["api.py:13 BG101"]


def test_a_silenced_task_is_still_listed(project: Path) -> None:
    write("api.py", INLINE.rstrip() + "  # bglint: ignore\n")
    (task,) = lint().tasks
    assert (task.verdict, task.codes) == ("cpu", ())


def test_comments_declare_functions_light_and_heavy(project: Path) -> None:
    write("api.py", INLINE.replace("def resize(path):", "def resize(path):  # bglint: light"))
    assert verdicts(lint()) == {"resize": "light"}
    write(
        "api.py",
        INLINE.replace("resize, path", "print_it").replace(
            "def upload", "def print_it(): ...  # bglint: heavy\n\n\ndef upload"
        ),
    )
    assert [each.code for each in lint().diagnostics] == ["BG112"]


# configuration


def test_the_configuration_declares_heavy_light_and_registrations(project: Path) -> None:
    write(
        "bglint.toml",
        'heavy = ["app.work.render*", "thirdparty.crunch"]\nlight = ["app.heavy.resize"]\n'
        "registrations = [\n"
        '  {call = "app.runner.Runner.submit", target = 1},\n'
        '  {call = "app.runner.later", target = "job"},\n'
        "]\n",
    )
    write("app/heavy.py", HEAVY)
    write("app/work.py", "def render_all(): ...\n\n\ndef ping():\n    return None\n")
    write(
        "app/runner.py",
        "class Runner:\n    def submit(self, name, job): ...\n\n\ndef later(delay, *, job): ...\n",
    )
    write(
        "app/api.py",
        """
import thirdparty
from app.heavy import resize
from app.runner import Runner, later
from app.work import ping, render_all

runner = Runner()


def upload(path):
    runner.submit("a", render_all)
    runner.submit("b", ping)
    later(3, job=resize)
    later(3, job=thirdparty.crunch)
""",
    )
    report = lint()
    assert verdicts(report) == {"render_all": "cpu", "ping": "light", "resize": "light", "thirdparty.crunch": "cpu"}
    assert [each.code for each in report.diagnostics] == ["BG112", "BG112"]


def test_the_threshold_decides(project: Path) -> None:
    write("api.py", INLINE)
    assert found(lint()) == ["api.py:13 BG101"]
    write("bglint.toml", "slow-task-ms = 3600000\n")
    assert found(lint()) == []


def test_rules_are_selected_by_file(project: Path) -> None:
    write("bglint.toml", 'per-file-ignores = {"old/*" = ["BG1"]}\n')
    write("old/api.py", INLINE)
    write("new/api.py", INLINE)
    assert found(lint()) == ["new/api.py:13 BG101"]


def test_the_nearest_configuration_holds_for_each_file(project: Path) -> None:
    write("one/bglint.toml", 'ignore = ["BG101"]\n')
    write("one/api.py", INLINE)
    write("two/api.py", INLINE)
    assert found(lint()) == ["two/api.py:13 BG101"]


# what the code under analysis can do to whoever lints it: nothing


def bglint(*arguments: str, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as users do, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "bglint", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": "", **environment},
        encoding="utf-8",
        timeout=timeout,
    )


MARK = "open(__file__ + '.ran', 'w').close()\n"


def test_the_code_is_never_imported_and_nothing_of_it_runs(project: Path) -> None:
    names = ["__init__", "conftest", "setup", "sitecustomize", "usercustomize", "noxfile", "bglint_plugin"]
    names += ["click", "libcst", "rich", "pathspec", "tomllib", "ast", "app/__init__", "app/api", "app/heavy"]
    for name in names:
        content = {"app/api": API, "app/heavy": HEAVY}.get(name, "import background_tasks\n")
        write(f"{name}.py", content + MARK)
    write("pyproject.toml", '[tool.bglint]\nheavy = ["app.heavy.*"]\n')
    outcome = bglint("--output-format", "concise")
    assert outcome.stdout.startswith("app/api.py:7:5: BG")
    bglint("tasks")
    bglint("--show-settings")
    assert [*project.rglob("*.ran")] == []
    assert [*project.rglob("__pycache__")] == []


ESCAPE = "\x1b[31m\x1b]0;title\x07"
HOSTILE = [ESCAPE, "\x9b31m", "\u202e", "\x08\x08", "[red]bold[/]", "::error::x", "%0A"]


def hostile_project() -> None:
    folder = f"d{ESCAPE}\n::error::\u202e[red]"
    write(f"{folder}/heavy.py", HEAVY)
    texts = "".join(HOSTILE)
    source = INLINE.replace("resize, path)", f'resize, "{texts}")')
    write(f"{folder}/a\rpi.py", source + f'    background_tasks.add_task(lambda: resize("{texts}"))\n')
    write("half.py", f'from fastapi import BackgroundTasks\nx = add_task("{texts}\n')
    write(
        "bglint.toml", f'queue = "Q{texts.encode("unicode_escape").decode().replace(chr(92) + "x", chr(92) + "u00")}"\n'
    )


def controls(text: str) -> set[str]:
    """The characters that a terminal acts upon, or that change the order of what is shown."""
    return {c for c in text if unicodedata.category(c) == "Cc" and c != "\n"} | set(text) & set("\u202e\u2066\u2028")


@pytest.mark.parametrize("output_format", DIAGNOSTIC_FORMATS)
def test_no_control_characters_of_the_code_reach_the_terminal(
    project: Path, output_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_project()
    assert command_line(["--output-format", output_format]) == 1
    out, err = capsys.readouterr()
    assert controls(out) == set()
    assert controls(err) == set()
    if output_format in {"json", "sarif", "gitlab", "rdjson"}:
        json.loads(out)
    if output_format == "junit":
        ET.fromstring(out)
    if output_format == "github":
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in out.splitlines())


@pytest.mark.parametrize("output_format", TASK_FORMATS)
def test_no_control_characters_reach_the_terminal_from_the_inventory(
    project: Path, output_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_project()
    assert command_line(["tasks", "--output-format", output_format]) == 0
    out, err = capsys.readouterr()
    assert controls(out) | controls(err) == set()


def test_in_colour_the_only_sequences_are_those_of_the_reporter(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile_project()
    command_line(["--color", "always"])
    out = capsys.readouterr().out
    assert "[red]bold[/]" in out
    assert controls(out) == {"\x1b"}
    assert all(sequence[0] == "[" and "m" in sequence[:12] for sequence in out.split("\x1b")[1:])
    assert "\x1b]0;" not in out


# the outcome


def test_the_outcome_does_not_depend_on_the_order_of_hashes(project: Path) -> None:
    for number in range(3):
        write(f"app/api{number}.py", HELPER + API.replace("upload", "other"))
    write("app/heavy.py", HEAVY)
    outputs = {bglint("--output-format", "json", PYTHONHASHSEED=seed).stdout for seed in ("0", "1", "2")}
    assert len(outputs) == 1
    assert len(json.loads(outputs.pop())) == 6


def test_findings_are_in_the_order_of_their_places(project: Path) -> None:
    for name in ("b/api.py", "a/api.py", "c.py"):
        write(name, INLINE + "    background_tasks.add_task(resize, path)\n")
    report = lint("c.py", "b", "a")
    assert found(report) == [f"{name}:{row} BG101" for name in ("a/api.py", "b/api.py", "c.py") for row in (13, 14)]


@pytest.mark.parametrize(
    ("arguments", "status"), [([], 1), (["--exit-zero"], 0), (["--ignore", "BG1"], 0), (["tasks"], 0)]
)
def test_the_exit_status_says_whether_something_was_found(project: Path, arguments: list[str], status: int) -> None:
    write("api.py", INLINE)
    assert command_line(arguments) == status


def test_the_progress_counts_the_files_that_may_register_a_task(project: Path) -> None:
    write("app/api.py", API)
    write("app/heavy.py", HEAVY)
    write("app/b.py", INLINE)
    seen: list[tuple[int, int]] = []
    note: Callable[[int, int], None] = lambda done, total: seen.append((done, total))  # noqa: E731
    run(["."], SettingsResolver(), progress=note)
    assert seen == [(1, 2), (2, 2)]
