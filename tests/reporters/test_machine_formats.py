"""What programs read, held against what those programs promise to take."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from bglint.diagnostics import Position, Report, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.diagnostics import Diagnostic, Task

    Render = Callable[..., str]

RUFF_KEYS = ["code", "name", "message", "filename", "location", "end_location", "fix", "noqa_row", "url", "cell"]


def schema(name: str) -> dict[str, Any]:
    text = resources.files("bglint").joinpath(f"schemas/{name}.schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return found


class TestJson:
    def test_it_is_an_array_valid_by_the_schema_with_the_keys_of_ruff_first(
        self, report: Report, hostile: Diagnostic, render: Render
    ) -> None:
        found = json.loads(render(replace(report, diagnostics=(*report.diagnostics, hostile)), "json"))
        jsonschema.validate(found, schema("check"))
        assert list(found[0])[: len(RUFF_KEYS)] == RUFF_KEYS
        assert found[0]["filename"] == "/repo/app/api/uploads.py"
        assert found[0]["trace"][2] == {
            "symbol": "PIL.Image.Image.resize",
            "filename": "/repo/app/services/media.py",
            "location": {"row": 66, "column": 12},
            "detail": "CPU, category image",
        }
        assert found[1]["fix"] == {
            "applicability": "safe",
            "message": "make it a sync function",
            "edits": [
                {"content": "def", "location": {"row": 44, "column": 9}, "end_location": {"row": 44, "column": 12}}
            ],
        }
        assert found[2]["target"] == hostile.target

    def test_no_page_is_named_that_is_not_there(self, report: Report, render: Render) -> None:
        assert [each["url"] for each in json.loads(render(report, "json"))] == [None, None]
        for name in ("sarif", "rdjson"):
            addresses = re.findall(r'"(?:url|helpUri|informationUri)": "([^"]*)"', render(report, name))
            assert addresses == []

    def test_nothing_found_is_an_empty_array(self, render: Render, render_tasks: Render) -> None:
        assert json.loads(render(Report(), "json")) == []
        assert json.loads(render_tasks(Report(), "json")) == []

    def test_tasks_have_paths_from_the_working_directory(self, report: Report, render_tasks: Render) -> None:
        found = json.loads(render_tasks(report, "json"))
        jsonschema.validate(found, schema("tasks"))
        assert found[0]["filename"] == "app/api/uploads.py"
        assert found[0]["resolved"]["filename"] == found[0]["trace"][0]["filename"] == "app/services/media.py"
        assert found[0]["codes"] == ["BG101"]
        elsewhere = json.loads(render_tasks(report, "json", cwd="/elsewhere"))
        assert elsewhere[0]["filename"] == "/repo/app/api/uploads.py"

    def test_lines_have_the_same_elements(self, report: Report, render: Render, render_tasks: Render) -> None:
        for draw in (render, render_tasks):
            lines = [json.loads(line) for line in draw(report, "json-lines").splitlines()]
            assert lines == json.loads(draw(report, "json"))


class TestSarif:
    def run(self, report: Report, render: Render) -> dict[str, Any]:
        log = json.loads(render(report, "sarif"))
        assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
        found: dict[str, Any] = log["runs"][0]
        return found

    def test_the_trace_is_a_code_flow_and_related_locations(self, report: Report, render: Render) -> None:
        result = self.run(report, render)["results"][0]
        (flow,) = result["codeFlows"]
        places = [
            (
                step["location"]["physicalLocation"]["artifactLocation"]["uri"],
                step["location"]["physicalLocation"]["region"]["startLine"],
            )
            for step in flow["threadFlows"][0]["locations"]
        ]
        media = "app/services/media.py"
        assert places == [("app/api/uploads.py", 42), (media, 18), (media, 61), (media, 66)]
        assert [place["id"] for place in result["relatedLocations"]] == [1, 2, 3]

    def test_uris_are_relative_to_the_repository_and_encoded(self, previews: Diagnostic, render: Render) -> None:
        odd = replace(previews, span=replace(previews.span, filename="/repo/a b/ü#1.py"))
        outside = replace(previews, span=replace(previews.span, filename="/else/x y.py"))
        run = self.run(Report((odd, outside)), render)
        assert run["originalUriBaseIds"] == {"SRCROOT": {"uri": "file:///repo/"}}
        first, second = (result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"])
        assert first == {"uri": "a%20b/%C3%BC%231.py", "uriBaseId": "SRCROOT"}
        assert second == {"uri": "file:///else/x%20y.py"}
        assert unquote(first["uri"]) == "a b/ü#1.py"

    def test_columns_are_code_points(self, report: Report, render: Render) -> None:
        run = self.run(report, render)
        assert run["columnKind"] == "unicodeCodePoints"
        region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
        assert region == {"startLine": 42, "startColumn": 5, "endLine": 42, "endColumn": 56}

    def test_rules_come_with_their_help_in_markdown(self, report: Report, render: Render) -> None:
        run = self.run(report, render)
        rules = run["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == ["BG101", "BG201"]
        assert rules[0]["help"]["markdown"].startswith("## What it does")
        assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])

    def test_what_a_comment_silences_is_there_as_suppressed(
        self, previews: Diagnostic, mail: Diagnostic, render: Render
    ) -> None:
        run = self.run(Report((previews,), suppressed=(mail,)), render)
        assert [result["suppressions"] for result in run["results"]] == [[], [{"kind": "inSource"}]]

    def test_fixes_are_replacements(self, report: Report, render: Render) -> None:
        (fix,) = self.run(report, render)["results"][1]["fixes"]
        assert fix["artifactChanges"][0]["replacements"] == [
            {
                "deletedRegion": {"startLine": 44, "startColumn": 9, "endLine": 44, "endColumn": 12},
                "insertedContent": {"text": "def"},
            }
        ]


@pytest.mark.parametrize("name", ["sarif", "gitlab"])
class TestFingerprints:
    def prints(self, report: Report, name: str, render: Render) -> list[str]:
        found = json.loads(render(report, name))
        if name == "gitlab":
            return [issue["fingerprint"] for issue in found]
        return [result["partialFingerprints"]["registrationAndTrace/v1"] for result in found["runs"][0]["results"]]

    def test_they_stay_while_lines_move(self, previews: Diagnostic, name: str, render: Render) -> None:
        span = Span(previews.span.filename, Position(90, 9), Position(90, 60))
        moved_trace = tuple(replace(step, location=Position(7, 7)) for step in previews.trace)
        moved = replace(previews, span=span, trace=moved_trace, message="in other words")
        assert self.prints(Report((moved,)), name, render) == self.prints(Report((previews,)), name, render)

    def test_they_differ_between_findings(self, previews: Diagnostic, name: str, render: Render) -> None:
        again = replace(previews, span=Span(previews.span.filename, Position(90, 9), Position(90, 60)))
        other = replace(previews, trace=previews.trace[:1])
        assert len(set(self.prints(Report((previews, again, other)), name, render))) == 3


class TestGithub:
    def test_a_command_a_finding_with_the_trace_in_its_text(self, report: Report, render: Render) -> None:
        error, warning = render(report, "github").splitlines()
        assert error.startswith(
            "::error title=bglint (BG101),file=app/api/uploads.py,line=42,endLine=42,col=5,endColumn=56::"
        )
        assert "%0A- PIL.Image.Image.resize (app/services/media.py:66): CPU, category image%0Ahelp: " in error
        assert warning.startswith("::warning title=bglint (BG201),file=app/api/uploads.py,line=43,endLine=46::")

    def test_no_text_of_the_code_starts_a_command_of_its_own(self, hostile: Diagnostic, render: Render) -> None:
        odd = replace(hostile, span=replace(hostile.span, filename="/repo/a,b:c%.py"), message="50%\nof\r::x")
        (line,) = render(Report((odd,)), "github").splitlines()
        assert "file=a%2Cb%3Ac%25.py,line=42" in line
        assert "50%25\\x0aof\\x0d::x" in line


def test_gitlab_has_what_code_quality_asks_for(report: Report, render: Render) -> None:
    issue = json.loads(render(report, "gitlab"))[0]
    assert issue["check_name"] == "BG101"
    assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
    assert issue["location"]["path"] == "app/api/uploads.py"
    assert issue["location"]["positions"]["begin"] == {"line": 42, "column": 5}


class TestJunit:
    def test_each_finding_is_a_failed_case(self, report: Report, render: Render) -> None:
        root = ET.fromstring(render(report, "junit"))
        assert root.attrib == {"name": "bglint", "tests": "2", "failures": "2", "errors": "0"}
        cases = root.findall("testsuite/testcase")
        assert [case.attrib["name"] for case in cases] == ["BG101 image-processing 42:5", "BG201 blocking-call 43:5"]
        failure = cases[0].find("failure")
        assert failure is not None
        assert "PIL.Image.Image.resize" in str(failure.text)

    def test_nothing_found_is_a_passed_test(self, render: Render) -> None:
        root = ET.fromstring(render(Report(), "junit"))
        assert root.attrib["tests"] == "1"
        assert root.find(".//failure") is None

    def test_what_xml_cannot_hold_is_escaped(self, hostile: Diagnostic, render: Render) -> None:
        odd = replace(hostile, message="<a & 'b' \"c\">\x00]]>")
        failure = ET.fromstring(render(Report((odd,)), "junit")).find(".//failure")
        assert failure is not None
        assert failure.attrib["message"] == "<a & 'b' \"c\">\\x00]]>"


class TestRdjson:
    def test_it_has_what_reviewdog_reads(self, report: Report, render: Render) -> None:
        found = json.loads(render(report, "rdjson"))
        assert found["source"]["name"] == "bglint"
        first, second = found["diagnostics"]
        assert first["code"] == {"value": "BG101"}
        assert first["severity"] == "ERROR"
        assert first["location"]["path"] == "app/api/uploads.py"
        assert second["suggestions"][0]["text"] == "def"

    def test_columns_count_bytes(self, previews: Diagnostic, render: Render) -> None:
        line = "é日😀.add_task(f)"
        span = Span("/repo/x.py", Position(1, 4), Position(1, len(line) + 1))
        text = render(Report((replace(previews, span=span),)), "rdjson", lines=lambda _filename: [line])
        place = json.loads(text)["diagnostics"][0]["location"]["range"]
        assert place["start"] == {"line": 1, "column": len("é日😀".encode()) + 1}
        assert place["end"] == {"line": 1, "column": len(line.encode()) + 1}


def test_json_is_ascii_so_that_no_encoding_trips_over_it(
    hostile: Diagnostic, previews_task: Task, render: Render
) -> None:
    text = render(Report((hostile,), (previews_task,)), "json")
    assert text.isascii()
    assert re.search(r"\\u202e", text)
