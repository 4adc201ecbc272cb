"""Baselines: which findings are known, which are new, which are gone, and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bglint.baseline import Baseline, BaselineError, Entry, write_baseline
from bglint.cli.main import run as bglint
from bglint.diagnostics import Confidence, Diagnostic, Position, Report, Span, Step, Task

if TYPE_CHECKING:
    from pathlib import Path


def finding(file: str = "app.py", row: int = 1, code: str = "BG103", target: str = "render") -> Diagnostic:
    place = Position(row, 5)
    span = Span(f"/p/{file}", place, Position(row, 40))
    trace = (Step(target, f"/p/{file}", Position(row + 10, 1)), Step("weasyprint.HTML", "/p/x.py", place))
    return Diagnostic(code, "name", f"on row {row}", span, "error", Confidence.HIGH, target=target, trace=trace)


def report(*findings: Diagnostic, registration: str = "fastapi.BackgroundTasks.add_task") -> Report:
    tasks = tuple(
        Task(each.span, "fastapi", registration, each.target, "sync", None, "cpu", None, Confidence.HIGH)
        for each in findings
    )
    return Report(findings, tasks)


def test_what_is_known_is_hidden_and_what_is_new_is_not() -> None:
    baseline = Baseline.of(report(finding()), "/p")
    assert baseline.split(report(finding())) == ([], [])
    new = finding(target="other")
    assert baseline.split(report(finding(), new)) == ([new], [])


def test_moved_lines_and_renamed_files_do_not_matter() -> None:
    baseline = Baseline.of(report(finding(), finding("b.py")), "/p")
    assert baseline.split(report(finding(row=90), finding("c/d.py", 7))) == ([], [])


@pytest.mark.parametrize(
    "other",
    [
        report(finding(code="BG104")),
        report(finding(target="other")),
        report(replace(finding(), trace=finding().trace[:1])),
        report(finding(), registration="starlette.background.BackgroundTask"),
    ],
)
def test_another_rule_target_trace_or_registration_is_another_finding(other: Report) -> None:
    baseline = Baseline.of(report(finding()), "/p")
    new, gone = baseline.split(other)
    assert new == list(other.diagnostics)
    assert gone == list(baseline.entries)


def test_of_three_alike_where_two_are_known_one_is_new() -> None:
    baseline = Baseline.of(report(finding(row=1), finding(row=2)), "/p")
    assert len({entry.fingerprint for entry in baseline.entries}) == 2
    new, gone = baseline.split(report(finding(row=1), finding(row=2), finding(row=3)))
    assert (len(new), gone) == (1, [])


def test_of_two_alike_the_one_in_another_file_is_new() -> None:
    baseline = Baseline.of(report(finding("z.py")), "/p")
    assert baseline.split(report(finding("a.py"), finding("z.py"))) == ([finding("a.py")], [])


def test_of_several_alike_the_one_that_is_gone_is_named() -> None:
    baseline = Baseline.of(report(finding("a.py"), finding("b.py")), "/p")
    _, gone = baseline.split(report(finding("b.py")))
    assert [entry.file for entry in gone] == ["a.py"]


def test_findings_without_a_target_are_known_by_their_message() -> None:
    plain = replace(finding(), target="", trace=())
    baseline = Baseline.of(report(plain), "/p")
    assert baseline.split(report(plain)) == ([], [])
    assert baseline.split(report(replace(plain, message="another")))[0]


def test_the_file_is_sorted_json_with_relative_names_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "baseline.json"
    path.parent.mkdir()
    findings = [
        replace(finding(), span=replace(finding().span, filename=str(tmp_path / f"{name}.py"))) for name in "ba"
    ]
    assert write_baseline(report(*findings), str(path)) == 2
    text = path.read_text(encoding="utf-8")
    value = json.loads(text)
    assert value["version"] == 1
    assert [each["file"] for each in value["findings"]] == ["../a.py", "../b.py"]
    assert value["findings"][0]["trace"] == ["render", "weasyprint.HTML"]
    assert write_baseline(report(*reversed(findings)), str(path)) == 2
    read = Baseline.read(str(path))
    assert read.split(report(*findings)) == ([], [])
    assert read.path_of(read.entries[0]) == str(tmp_path / "a.py")
    read.write(str(path))
    assert json.loads(path.read_text(encoding="utf-8"))["findings"][0]["file"] == "../a.py"
    assert [each.name for each in path.parent.iterdir()] == ["baseline.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "findings": []}', '{"version": 1, "findings": [{}]}', "\xff",
             '{"version": 1, "findings": [{"file": 1, "code": "", "target": "", "registration": "", "trace": []}]}']
)  # fmt: skip
def test_what_is_no_baseline_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "b.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BaselineError, match=r"b\.json: is no baseline; `--write-baseline .*` writes a new one"):
        Baseline.read(str(path))


def test_a_baseline_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="no such baseline"):
        Baseline.read(str(tmp_path / "b.json"))


def test_a_fingerprint_knows_neither_file_nor_line() -> None:
    one = Entry("a.py", "BG103", "f", "add_task", ("f", "g"))
    assert one.fingerprint == replace(one, file="b.py").fingerprint
    assert one.fingerprint != replace(one, occurrence=1).fingerprint


# the command line

SOURCE = """\
import time
from fastapi import BackgroundTasks


async def wait():
    time.sleep(5)


def f(tasks: BackgroundTasks):
    tasks.add_task(wait)
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "app.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_from_old_code_only_what_is_new_is_reported(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert bglint([]) == 1
    capfd.readouterr()
    assert bglint(["--write-baseline", "known.json"]) == 0
    out, err = capfd.readouterr()
    assert (out, err) == ("", "Wrote 1 problem to known.json; `--baseline known.json` leaves them out\n")
    assert bglint(["--baseline", "known.json"]) == 0
    app.write_text("\n\n" + SOURCE, encoding="utf-8")
    app.rename(app.with_name("renamed.py"))
    assert bglint(["--baseline", "known.json"]) == 0
    (app.parent / "more.py").write_text(SOURCE, encoding="utf-8")
    capfd.readouterr()
    assert bglint(["--baseline", "known.json", "--output-format", "concise"]) == 1
    out, err = capfd.readouterr()
    assert out.count("BG201") == 1
    assert "gone" not in err


def test_what_is_gone_is_reported_where_it_was_looked_for(app: Path, capfd: pytest.CaptureFixture[str]) -> None:
    bglint(["--write-baseline", "known.json"])
    app.write_text("", encoding="utf-8")
    (app.parent / "sub").mkdir()
    (app.parent / "sub" / "b.py").touch()
    line = "gone from the baseline: app.py: BG201 wait\n"
    for arguments, said in (([], True), (["app.py"], True), (["sub"], False), (["--ignore", "BG2"], False)):
        capfd.readouterr()
        assert bglint(["--baseline", "known.json", *arguments]) == 0
        assert (line in capfd.readouterr().err) is said


@pytest.mark.parametrize("arguments", [["--baseline", "no.json"], ["--write-baseline", "no/b.json"]])
def test_a_baseline_that_cannot_be_used_is_an_error(
    app: Path, capfd: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert bglint(arguments) == 2
    assert capfd.readouterr().err.startswith("error: ")
