"""`junit`: JUnit's XML, a test suite a file and a failed test case a finding.

Jenkins's schema has no attribute for a place: it is in the case's name, which tells cases apart, and in its text.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from bglint.reporters.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.diagnostics import Diagnostic, Report, Step
    from bglint.reporters.context import RenderContext


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the document; one passed test stands for a run without findings."""
    total = str(max(1, len(report.diagnostics)))
    root = ET.Element("testsuites", name="bglint", tests=total, failures=str(len(report.diagnostics)), errors="0")
    for filename, group in groupby(report.diagnostics, key=lambda diagnostic: diagnostic.span.filename):
        diagnostics = list(group)
        path = harmless(context.repository_path(filename))
        suite = _suite(root, path, len(diagnostics), failures=len(diagnostics))
        for diagnostic in diagnostics:
            _failed_case(suite, diagnostic, path, context)
    if not report.diagnostics:
        ET.SubElement(_suite(root, "bglint", 1, failures=0), "testcase", name="bglint", classname="bglint", time="0")
    ET.indent(root)
    return ['<?xml version="1.0" encoding="UTF-8"?>', ET.tostring(root, encoding="unicode")]


def _suite(root: ET.Element, name: str, tests: int, failures: int) -> ET.Element:
    counts = {"tests": str(tests), "failures": str(failures), "errors": "0", "skipped": "0", "time": "0"}
    return ET.SubElement(root, "testsuite", {"name": name, "package": "bglint", **counts})


def _failed_case(suite: ET.Element, diagnostic: Diagnostic, path: str, context: RenderContext) -> None:
    start = diagnostic.span.start
    case = ET.SubElement(
        suite,
        "testcase",
        name=f"{diagnostic.code} {diagnostic.name} {start.row}:{start.column}",
        classname=path.removesuffix(".py"),
        time="0",
    )
    message = harmless(diagnostic.message)
    failure = ET.SubElement(case, "failure", message=message, type=diagnostic.severity)
    lines = [f"{path}:{start.row}:{start.column}: {diagnostic.code} {message}"]
    lines += [f"- {harmless(step.symbol)} ({_place(step, context)})" for step in diagnostic.trace]
    lines += [f"help: {harmless(diagnostic.help)}"] if diagnostic.help else []
    failure.text = "\n".join(lines)


def _place(step: Step, context: RenderContext) -> str:
    return f"{harmless(context.repository_path(step.filename))}:{step.location.row}"
