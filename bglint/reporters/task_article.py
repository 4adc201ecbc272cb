"""One task on the page: where it is registered, the chain with its source, the decision, the findings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bglint.reporters.html import Child, add, code, element, prose
from bglint.reporters.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree import ElementTree as ET

    from bglint.diagnostics import Answer, Decision, Diagnostic, Position, Span, Step, Task
    from bglint.reporters.context import RenderContext

_MAX_ROWS: Final = 12
_ANSWER_STYLES: Final = {"yes": "warning", "no": "good", "only waits": "good"}
_PLACE_TITLES: Final = {
    "background task": "Background task",
    "thread": "Thread",
    "process pool": "Process pool",
    "job queue": "Job queue",
    "unclear": "Yours to decide",
}


def article(task: Task, number: int, findings: Iterable[Diagnostic], context: RenderContext) -> ET.Element:
    """Return the task as a disclosure: one line that says what matters, and behind it all that is known."""
    identity = f"task-{number}"
    return element(
        "details",
        element("summary", _title(task, context), _gist(task)),
        element(
            "div",
            element("div", *_part("Chain", _chain(task, context), _facts(task)), class_="part"),
            element("div", *_part("Decision", *_decision(task.decision)), class_="part") if task.decision else None,
            *_findings([*findings]),
            class_="body",
        ),
        class_="task",
        id=identity,
        data_verdict=task.verdict,
        data_category=task.category or "none",
        data_place=task.decision.place if task.decision else None,
    )


def _title(task: Task, context: RenderContext) -> ET.Element:
    return element(
        "h4",
        code(one_line(task.target) or "(no target)", class_="target"),
        " ",
        _place(task.span.filename, task.span.start, context),
    )


def _gist(task: Task) -> ET.Element:
    """Return in one line what the verdict rests on and what to do."""
    gist = element("p", class_="gist")
    parts: list[Child] = []
    if task.category:
        parts += [element("span", task.category, class_="tag"), " "]
    if task.trace and len(task.trace) > 1:
        parts += ["reaches ", code(task.trace[-1].symbol), " "]
    if task.decision:
        place = element("strong", _PLACE_TITLES[task.decision.place])
        parts += [element("span", "→ ", place, class_="leads-to")]
    return add(gist, parts)


def _place(filename: str, position: Position, context: RenderContext) -> ET.Element:
    """Return a file and a row; a line is broken between folders rather than in the row."""
    folder, slash, name = context.shown_path(filename).rpartition("/")
    last = element("span", f"{name}:{position.row}", class_="file")
    return element("span", folder + slash, last, class_="place", dir="ltr", translate="no")


def _part(title: str, *children: Child | None) -> Iterator[Child | None]:
    yield element("h5", title)
    yield from children


def _chain(task: Task, context: RenderContext) -> ET.Element:
    registered = element(
        "li",
        element("span", "registered at ", _place(task.span.filename, task.span.start, context), class_="step"),
        _source(_marked_lines(task.span, context)),
    )
    return element("ol", registered, *(_step(step, context) for step in task.trace), class_="chain")


def _step(step: Step, context: RenderContext) -> ET.Element:
    line = context.line(step.filename, step.location.row)
    source = [(step.location.row, ("", line.strip(), ""))] if line and line.strip() else []
    return element(
        "li",
        element(
            "span",
            code(step.symbol, class_="symbol"),
            " ",
            _place(step.filename, step.location, context),
            *((" ", element("span", step.detail, class_="detail")) if step.detail else ()),
            class_="step",
        ),
        _source(source),
    )


def _source(lines: Sequence[tuple[int | None, tuple[str, str, str]]]) -> ET.Element | None:
    """Return lines of source with their numbers; each is what stands before, in and after what is marked."""
    if not lines:
        return None
    source = element("pre", class_="source", dir="ltr", translate="no")
    for row, (before, marked, after) in lines:
        number = element("span", "…" if row is None else str(row), class_="row", aria_hidden="true")
        text = element(
            "code", before, element("mark", marked) if marked and (before or after or row is None) else marked
        )
        source.append(element("span", number, add(text, [after]), class_="line"))
    return source


def _marked_lines(span: Span, context: RenderContext) -> list[tuple[int | None, tuple[str, str, str]]]:
    """Return the lines of a call, without their common indentation, the middle of many left out."""
    rows = range(span.start.row, span.end.row + 1)
    lines = [(row, line) for row in rows if (line := context.line(span.filename, row)) is not None]
    indent = min((len(line) - len(line.lstrip()) for _, line in lines if line.strip()), default=0)
    found: list[tuple[int | None, tuple[str, str, str]]] = []
    for row, line in lines:
        start = span.start.column - 1 if row == span.start.row else len(line) - len(line.lstrip())
        end = span.end.column - 1 if row == span.end.row else len(line)
        start = max(start, indent)
        found.append((row, (line[indent:start], line[start:end], line[end:])))
    if len(found) > _MAX_ROWS:
        half = _MAX_ROWS // 2
        found[half:-half] = [(None, ("", "", ""))]
    return found


def _facts(task: Task) -> ET.Element:
    kind = f", given as {task.target_kind}" if task.target_kind else ""
    return element(
        "p", "Registered by ", code(task.registration), f" ({task.framework}){kind}. ",
        f"Confidence: {task.confidence.label}.", class_="facts",
    )  # fmt: skip


def _decision(decision: Decision) -> Iterator[ET.Element]:
    yield element("ol", *map(_answer, decision.answers), class_="answers")
    yield element(
        "p",
        element("strong", _PLACE_TITLES[decision.place], class_="outcome-place"),
        " ",
        *prose(decision.advice),
        class_="outcome",
    )


def _answer(answer: Answer) -> ET.Element:
    style = _ANSWER_STYLES.get(answer.answer, "faint")
    return element(
        "li",
        element("span", answer.question, class_="question"),
        " ",
        element("strong", answer.answer, class_=f"answer {style}"),
        element("span", *prose(answer.reason), class_="reason"),
    )


def _findings(findings: Sequence[Diagnostic]) -> Iterator[ET.Element]:
    if findings:
        yield element(
            "div", *_part("Findings", element("ul", *map(_finding, findings), class_="findings")), class_="part wide"
        )


def _finding(finding: Diagnostic) -> ET.Element:
    return element(
        "li",
        element("strong", f"{finding.code} {finding.severity}", class_=f"answer {finding.severity}"),
        " ",
        *prose(finding.message),
        *((element("span", *prose(finding.help), class_="help"),) if finding.help else ()),
    )
