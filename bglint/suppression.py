"""From all findings to those that stay: confidence, ignore comments, and what is wrong with the comments themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint import profiling
from bglint.comments import Suppression, Suppressions
from bglint.rules.files.invalid_ignore import invalid_ignore
from bglint.rules.files.unused_ignore import unused_ignore
from bglint.rules.registry import CODES, RULES
from bglint.settings.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Diagnostic
    from bglint.program.modules import ModuleIndex
    from bglint.settings import SettingsResolver


class Silencer:
    """Applies settings and comments to findings, file by file."""

    def __init__(self, index: ModuleIndex, resolver: SettingsResolver) -> None:
        self._index = index
        self._resolver = resolver
        self._comments: dict[str, Suppressions] = {}
        self._used: dict[str, list[tuple[Suppression, str]]] = {}

    @profiling.stage("suppression")
    def split(self, findings: Iterable[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """Split findings into those that stay and those that a comment silences, and note which comments do."""
        kept: list[Diagnostic] = []
        silenced: list[Diagnostic] = []
        for finding in dict.fromkeys(findings):
            path = finding.span.filename
            settings = self._resolver.for_file(path)
            comment = self._of(path).match(finding.code, finding.span.start.row, finding.span.end.row)
            if comment is not None:
                self._used.setdefault(path, []).append((comment, finding.code))
                silenced.append(finding)
            elif finding.confidence >= settings.min_confidence:
                kept.append(finding.with_severity(settings.severity_of(finding.code, finding.severity)))
        return kept, silenced

    def about_comments(self, files: Iterable[str]) -> tuple[list[Diagnostic], list[Diagnostic]]:
        """What is wrong with the comments of files, once all findings have been split, in the same way.

        `files` are those whose comments are judged: a comment elsewhere may be meant for another run.
        """
        kept: list[Diagnostic] = []
        silenced: list[Diagnostic] = []
        for path in files:
            for finding in self._about_comments(path, self._used.get(path, ())):
                row = finding.span.start.row
                (silenced if self._of(path).match(finding.code, row, row) else kept).append(finding)
        return kept, silenced

    def _of(self, path: str) -> Suppressions:
        if path not in self._comments:
            self._comments[path] = Suppressions.parse(self._index.text_of(path))
        return self._comments[path]

    def _about_comments(self, path: str, used: Iterable[tuple[Suppression, str]]) -> Iterator[Diagnostic]:
        settings = self._resolver.for_file(path)
        comments = self._of(path)
        if settings.selects("BG902", False, path):
            for comment, codes in comments.unused(used):
                meant = [c for c in codes if _names_rule(c) and settings.selects(c, False, path)]
                if meant or comment.is_blanket:
                    yield unused_ignore(comment, tuple(meant), path)
        if settings.selects("BG903", False, path):
            for comment in (*comments.comments, *comments.invalid):
                wrong = [code for code in comment.codes if not _names_rule(code)]
                for code in wrong or ([""] if not comment.names_rules else []):
                    yield invalid_ignore(comment, code, _meant(code), path)


def _meant(code: str) -> str:
    """The question which rule a code stands for that none has; the name of one may stand there as well."""
    names = {rule.name: known for known, rule in RULES.items()}
    near = nearest(code, CODES) or names.get(nearest(code.lower(), names) or "")
    return f"did you mean `{near}`?" if near is not None else ""


def _names_rule(code: str) -> bool:
    return any(known.startswith(code) for known in CODES)
