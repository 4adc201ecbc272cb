"""`html` of the inventory: one page that needs nothing but a browser, neither the network nor a server nor scripts."""

from __future__ import annotations

import os
from collections import Counter
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Final

from bglint.reporters.html import Child, add, code, content_hash, document, element, embedded, prose
from bglint.reporters.task_article import article
from bglint.reporters.text import count
from bglint.reporters.verdicts import VERDICTS, rank_of, style_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from xml.etree import ElementTree as ET

    from bglint.diagnostics import Diagnostic, Report, Span, Task
    from bglint.reporters.context import RenderContext

_ANY: Final = ""
_HURTING: Final = frozenset({"error", "warning"})
_QUESTIONS: Final = (
    ("CPU-bound?", "a job queue; on one machine a pool of processes"),
    ("Longer than {slow_task_ms:g} ms?", "a job queue; what only blocks the event loop for a moment, a thread"),
    ("Retries, monitoring or guaranteed execution?", "a job queue"),
)


def render(report: Report, context: RenderContext) -> Iterable[str]:
    """Return the page; equal reports give equal pages."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        f"default-src 'none'; style-src {content_hash(style)}; script-src {content_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    name = os.path.basename(context.root) or context.root  # noqa: PTH119 - the folder of a file system's root has none
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("meta", name="generator", content=f"bglint {context.version}"),
            element("link", rel="icon", href="data:,"),
            element("title", f"Background tasks of {name}"),
            embedded("style", style),
        ),
        element(
            "body",
            element("a", "Skip to the tasks", class_="skip", href="#tasks"),
            _header(report, name),
            element("div", _filters(report.tasks) if report.tasks else None, _main(report, context), class_="layout"),
            _footer(context),
            embedded("script", script),
        ),
        lang="en",
    )
    return document(page).split("\n")


def _asset(name: str) -> str:
    return resources.files("bglint.reporters").joinpath("page", name).read_text(encoding="utf-8").strip()


def _header(report: Report, name: str) -> ET.Element:
    tasks = report.tasks
    verdicts = Counter(task.verdict for task in tasks)
    hurting = sum(number for verdict, number in verdicts.items() if style_of(verdict) in _HURTING)
    said = f"{count(len(tasks), 'background task')} in {count(report.files, 'file')}. "
    if not tasks:
        said = f"No background tasks in {count(report.files, 'file')}."
    elif hurting:
        said += f"{hurting} of them {'does' if hurting == 1 else 'do'} more than a background task should."
    else:
        said += "None does more than a background task should."
    header = element(
        "header",
        element("p", "Background tasks", class_="eyebrow"),
        element("h1", element("bdi", name)),
        element("p", said, class_="lede"),
    )
    return add(header, [_bar(verdicts), _counts(verdicts)] if tasks else [])


def _bar(verdicts: Counter[str]) -> ET.Element:
    """Return the shares of the verdicts as a bar; the numbers are in the list below it."""
    bar = element("svg", class_="bar", viewBox="0 0 1000 10", preserveAspectRatio="none", aria_hidden="true")
    total, start = sum(verdicts.values()), 0.0
    for verdict in sorted(verdicts, key=rank_of):
        width = 1000 * verdicts[verdict] / total
        drawn = width if start + width > 999 else max(1.0, width - 3)
        bar.append(
            element("rect", x=f"{start:.2f}", width=f"{drawn:.2f}", height="10", class_=f"fill {style_of(verdict)}")
        )
        start += width
    return bar


def _counts(verdicts: Counter[str]) -> ET.Element:
    items = [
        element(
            "li",
            element(
                "a",
                element("span", str(verdicts[verdict]), class_="number"),
                " ",
                element("span", verdict, class_=f"verdict {style_of(verdict)}"),
                href=f"#verdict-{verdict}",
            ),
        )
        for verdict in sorted(verdicts, key=rank_of)
    ]
    return element("ul", *items, class_="counts", aria_label="Tasks by verdict")


def _filters(tasks: Sequence[Task]) -> ET.Element:
    verdicts = Counter(task.verdict for task in tasks)
    boxes = [
        element(
            "label",
            element("input", type="checkbox", name="verdict", value=verdict, checked=True),
            element("span", verdict, class_=f"verdict {style_of(verdict)}"),
            " ",
            element("span", str(verdicts[verdict]), class_="number"),
        )
        for verdict in sorted(verdicts, key=rank_of)
    ]
    work = Counter(task.category or "none" for task in tasks)
    places = Counter(str(task.decision.place) for task in tasks if task.decision)
    return element(
        "form",
        element("h2", "Filter", class_="quiet"),
        element(
            "label",
            element("span", "Search"),
            element("input", type="search", name="text", placeholder="task, file, call …", autocomplete="off"),
            class_="field",
        ),
        element("fieldset", element("legend", "Verdict"), *boxes),
        _choice("Work", "category", work),
        _choice("Belongs in", "place", places) if places else None,
        element(
            "div",
            element("button", "Reset", type="reset"),
            element("button", "Open all", type="button", name="open", aria_pressed="false"),
            class_="buttons",
        ),
        class_="filters",
        aria_label="Filter the tasks",
        hidden=True,
    )


def _choice(label: str, name: str, numbers: Counter[str]) -> ET.Element:
    options = [element("option", f"{value} ({number})", value=value) for value, number in sorted(numbers.items())]
    every = element("option", "any", value=_ANY)
    return element("label", element("span", label), element("select", every, *options, name=name), class_="field")


def _main(report: Report, context: RenderContext) -> ET.Element:
    findings: dict[Span, list[Diagnostic]] = {}
    for diagnostic in report.diagnostics:
        findings.setdefault(diagnostic.span, []).append(diagnostic)
    tasks = sorted(report.tasks, key=lambda task: rank_of(task.verdict))
    numbered = enumerate(tasks, start=1)
    main = element("main", id="tasks", tabindex="-1")
    add(main, [element("h2", "Tasks", class_="quiet"), element("p", class_="status", role="status")] if tasks else [])
    for verdict, group in groupby(numbered, key=lambda item: item[1].verdict):
        articles = [article(task, number, findings.get(task.span, ()), context) for number, task in group]
        main.append(_section(verdict, articles))
    if not tasks:
        main.append(element("p", "Nothing here registers a background task that bglint knows of.", class_="empty"))
    return main


def _section(verdict: str, articles: Sequence[ET.Element]) -> ET.Element:
    identity = f"verdict-{verdict}"
    heading = element(
        "h3",
        element("span", verdict, class_=f"verdict {style_of(verdict)}"),
        " ",
        element("span", str(len(articles)), class_="number"),
        id=identity,
    )
    meaning = VERDICTS[verdict].meaning if verdict in VERDICTS else ""
    return element(
        "section", heading, element("p", *prose(meaning), class_="meaning"), *articles, aria_labelledby=identity
    )


def _footer(context: RenderContext) -> ET.Element:
    questions = [(question.format(slow_task_ms=context.slow_task_ms), place) for question, place in _QUESTIONS]
    return element(
        "footer",
        element("h2", "How it is decided"),
        element("ol", *map(_question, questions), class_="questions"),
        element(
            "p",
            "Three times no: a background task is right. Durations are estimates from what is known of each library "
            "call, not measurements; what cannot be read from code, such as whether the work may be lost, is yours "
            "to say.",
        ),
        element("p", *_words(context.version), class_="quiet-line"),
    )


def _question(item: tuple[str, str]) -> ET.Element:
    question, place = item
    return element("li", element("strong", question), f" Yes: {place}.")


def _words(version: str) -> Iterator[Child]:
    yield f"Made by bglint {version}. "
    yield code("bglint rule BG101")
    yield " explains a rule."
