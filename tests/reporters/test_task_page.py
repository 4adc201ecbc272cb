"""The inventory as a page: what is in it, and that nothing of the code under analysis becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from bglint.diagnostics import Answer, Decision, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.diagnostics import Diagnostic, Task

    Render = Callable[..., str]

VOID = {"meta", "link", "input", "br", "wbr", "rect"}


class Page(HTMLParser):
    """The elements of a page, each with its attributes and the text in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {[tag for tag, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))
        if tag not in VOID:
            self._open.append((tag, self.elements[-1][2]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, texts in self._open:
            texts.append(data)

    def texts(self, tag: str, name: str = "") -> list[str]:
        """The texts of the elements of that tag, and of that class where one is given."""
        found = [e for e in self.elements if e[0] == tag and (not name or name in (e[1].get("class") or "").split())]
        return [" ".join("".join(texts).split()) for _, _, texts in found]


DECISION = Decision(
    (
        Answer("CPU-bound?", "yes", "About 300 ms of image work in `PIL.Image.Image.resize`."),
        Answer("Longer than 100 ms?", "yes", "About 300 ms."),
        Answer("Retries, monitoring or guaranteed execution?", "no", "Nothing in the code asks for it."),
    ),
    "job queue",
    "This project has Celery: make it a task and call `make_previews.delay(path)`.",
)


@pytest.fixture
def decided(report: Report, previews_task: Task, light_task: Task) -> Report:
    return replace(report, tasks=(light_task, replace(previews_task, decision=DECISION)))


def test_every_task_is_there_the_heaviest_first(decided: Report, render_tasks: Render) -> None:
    page = Page(render_tasks(decided, "html"))
    assert page.texts("code", "target") == ["make_previews", "send_mail"]
    assert [attributes["data-verdict"] for tag, attributes, _ in page.elements if tag == "details"] == [
        "cpu-async",
        "light",
    ]
    assert page.texts("h1") == ["repo"]
    assert page.texts("p", "lede") == [
        "2 background tasks in 214 files. 1 of them does more than a background task should."
    ]
    assert page.texts("ul", "counts") == ["1 cpu-async1 light"]


def test_the_chain_has_its_places_and_its_source(decided: Report, render_tasks: Render) -> None:
    page = Page(render_tasks(decided, "html"))
    first, second = page.texts("ol", "chain")
    assert first.startswith("registered at app/api/uploads.py:42")
    assert "18async def make_previews(upload_id):" in first
    assert first.endswith("PIL.Image.Image.resize app/services/media.py:66 CPU, category image")
    assert all(row in second for row in ("43background_tasks.add_task(", "44 send_mail,", "45 user,", "46)"))


def test_a_call_within_a_line_is_marked(previews_task: Task, render_tasks: Render) -> None:
    line = "    return Response(background=BackgroundTask(f))  # sent"
    start, end = (replace(previews_task.span.start, row=1, column=column) for column in (32, 49))
    task = replace(previews_task, span=replace(previews_task.span, start=start, end=end), trace=())
    page = Page(render_tasks(Report(tasks=(task,)), "html", lines=lambda _: [line]))
    assert page.texts("mark") == ["BackgroundTask(f)"]
    assert page.texts("pre", "source") == ["1return Response(background=BackgroundTask(f)) # sent"]


def test_the_decision_is_told_question_by_question(decided: Report, render_tasks: Render) -> None:
    page = Page(render_tasks(decided, "html"))
    (answers,) = page.texts("ol", "answers")
    assert answers.startswith("CPU-bound? yesAbout 300 ms of image work in PIL.Image.Image.resize.")
    assert page.texts("p", "outcome") == [
        "Job queue This project has Celery: make it a task and call make_previews.delay(path)."
    ]


def test_findings_stand_with_their_task(decided: Report, render_tasks: Render) -> None:
    (findings, _) = Page(render_tasks(decided, "html")).texts("ul", "findings")
    assert findings.startswith("BG101 error background task make_previews is CPU-bound image work")


def test_a_project_without_tasks_gets_a_page_that_says_so(render_tasks: Render) -> None:
    page = Page(render_tasks(Report(files=3), "html"))
    assert page.texts("p", "lede") == ["No background tasks in 3 files."]
    assert page.texts("form") == []
    assert "registers a background task" in page.texts("main")[0]


def test_equal_reports_give_equal_pages(decided: Report, render_tasks: Render) -> None:
    assert render_tasks(decided, "html") == render_tasks(decided, "html")


def test_the_policy_lets_our_style_and_script_through_and_nothing_else(decided: Report, render_tasks: Render) -> None:
    text = render_tasks(decided, "html")
    page = Page(text)
    (policy,) = [a["content"] for t, a, _ in page.elements if t == "meta" and "http-equiv" in a]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [a for _, a, _ in page.elements if any(key == "style" or key.startswith("on") for key in a)]
    assert {a["href"] for _, a, _ in page.elements if "href" in a} == {
        "data:,", "#tasks", "#verdict-cpu-async", "#verdict-light",
    }  # fmt: skip


def test_text_of_the_code_is_text(hostile: Diagnostic, previews_task: Task, render_tasks: Render) -> None:
    evil = (
        "</code></details><script>alert(1)</script>]]><img src=x onerror=alert(1)>\"'`<b>`&amp;\x1b[31m\u202e\ud800\0"
    )
    task = replace(
        previews_task,
        span=replace(previews_task.span, filename=f"/repo/{evil}/a.py"),
        target=evil,
        registration=evil,
        framework=evil,
        category=evil,
        verdict=evil,
        trace=tuple(replace(s, symbol=evil, detail=evil, filename=f"/repo/{evil}") for s in previews_task.trace),
        decision=Decision((Answer(evil, evil, evil),), "unclear", evil),
    )
    finding = replace(hostile, message=evil, help=evil, span=task.span)
    lines = {task.span.filename: [evil] * 60}
    text = render_tasks(
        Report((finding,), (task,), 1), "html", root=f"/repo{evil}", lines=lambda name: lines.get(name, ())
    )
    page = Page(text)
    assert [tag for tag, _, _ in page.elements if tag in {"img", "b"}] == []
    assert len(page.texts("script")) == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\ud800-\udfff]", text)
    assert "\\x1b[31m\\u202e\\ud800\\x00" in page.texts("code", "target")[0]
    assert text.encode("utf-8")


@pytest.mark.parametrize("rows", [1, 4, 60])
def test_long_calls_lose_their_middle_and_no_other_call_does(
    previews_task: Task, render_tasks: Render, rows: int
) -> None:
    end = replace(previews_task.span.start, row=previews_task.span.start.row + rows - 1)
    task = replace(previews_task, span=replace(previews_task.span, end=end), trace=())
    lines = [f"\tline {number}" for number in range(1, 200)]
    (source,) = Page(render_tasks(Report(tasks=(task,)), "html", lines=lambda _: lines)).texts("pre", "source")
    assert ("…" in source) == (rows > 12)
    assert f"line {end.row}" in source
