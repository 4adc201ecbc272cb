"""From findings and tasks to what the protocol has for them: diagnostics, hover texts, lenses."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.uris import from_fs_path

from bglint.diagnostics import Position, Span
from bglint.rules.registry import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bglint.diagnostics import Diagnostic, Severity, Step, Task
    from bglint.language_server.places import Lines

SHOW_WORK: Final = "bglint.showWork"
"""The command of a lens: show the call that the verdict rests on."""

_SEVERITIES: Final[dict[Severity, types.DiagnosticSeverity]] = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "info": types.DiagnosticSeverity.Information,
}
_UNNECESSARY: Final = frozenset({"BG902", "BG903"})
_CODE_IN_COMMENT: Final = re.compile(r"\bBG\d{3}\b")


def diagnostic(found: Diagnostic, lines: Mapping[str, Lines], *, related: bool) -> types.Diagnostic:
    """A finding; the trace as related information where the client shows it, else as part of the message.

    `lines` has the text of each file that the finding speaks of.
    """
    message = found.message if found.help is None else f"{found.message}\nhelp: {found.help}"
    return types.Diagnostic(
        range=lines[found.span.filename].span(found.span),
        message=message if related or not found.trace else f"{message}\n{_chain(found.trace)}",
        severity=_SEVERITIES[found.severity],
        code=found.code,
        code_description=types.CodeDescription(found.url) if found.url is not None else None,
        source="bglint",
        tags=[types.DiagnosticTag.Unnecessary] if found.code in _UNNECESSARY else None,
        related_information=[_related(step, lines[step.filename]) for step in found.trace] if related else None,
    )


def _related(step: Step, lines: Lines) -> types.DiagnosticRelatedInformation:
    end = Position(step.location.row, step.location.column + 1)
    where = types.Location(uri_of(step.filename), lines.span(Span(step.filename, step.location, end)))
    return types.DiagnosticRelatedInformation(where, f"{step.symbol}: {step.detail}" if step.detail else step.symbol)


def lens(task: Task, lines: Mapping[str, Lines], *, can_show: bool) -> types.CodeLens:
    """The verdict on a task, above its registration; with a way to the work where the client can show it."""
    title = " · ".join(filter(None, (f"bglint: {task.verdict}", task.category, _chain(task.trace))))
    command = types.Command(title, "")
    if can_show and task.trace:
        last = task.trace[-1]
        place = lines[last.filename].to_client(last.location)
        command = types.Command(title, SHOW_WORK, arguments=[uri_of(last.filename), place.line, place.character])
    return types.CodeLens(range=lines[task.span.filename].span(task.span), command=command)


def finding_text(found: Diagnostic) -> str:
    """All that is known of a finding, in Markdown."""
    trace = [
        f"{number}. `{step.symbol}`{f' ({step.detail})' if step.detail else ''}, "
        f"[{os.path.basename(step.filename)}:{step.location.row}]({uri_of(step.filename)}#L{step.location.row})"
        for number, step in enumerate(found.trace, 1)
    ]
    parts = [
        f"**{found.code}** {found.name} · {found.severity}, {found.confidence.label} confidence",
        _escaped(found.message),
        "\n".join(trace),
        f"**Instead:** {_escaped(found.help)}" if found.help else "",
        rule_text(found.code),
    ]
    return "\n\n".join(filter(None, parts))


def task_text(task: Task) -> str:
    """The verdict on a task, in Markdown."""
    about = ", ".join(filter(None, (task.framework, task.target_kind, task.category or "")))
    chain = _chain(task.trace)
    parts = [f"**bglint: {task.verdict}**", f"Background task `{task.target}` ({about})", f"`{chain}`" if chain else ""]
    return "\n\n".join(filter(None, parts))


def rule_text(code: str) -> str:
    """The documentation of a rule, in Markdown; nothing for a code that is none."""
    rule = RULES.get(code)
    return f"---\n\n# {rule.name} ({rule.code})\n\n{rule.documentation.strip()}" if rule is not None else ""


def code_in_comment(line: str, column: int) -> str | None:
    """The rule's code in a comment that a column of a line (from 1) lies in."""
    comment = line.find("#")
    if comment < 0:
        return None
    codes = _CODE_IN_COMMENT.finditer(line, comment)
    return next((found.group() for found in codes if found.start() < column <= found.end() + 1), None)


def uri_of(path: str) -> str:
    """The URI of a file."""
    return str(from_fs_path(path))


def _chain(trace: Iterable[Step]) -> str:
    return " → ".join(step.symbol for step in trace)


def _escaped(text: str) -> str:
    """A message as Markdown shows it unchanged: what stands in backticks is code already."""
    parts = text.split("`")
    return "`".join(
        re.sub(r"([\\*_\[\]<>#])", r"\\\1", part) if index % 2 == 0 else part for index, part in enumerate(parts)
    )
