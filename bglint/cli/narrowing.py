"""What a run leaves out of its findings: what a baseline knows, what no change touches, what no given file leads to."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bglint.baseline import Baseline, Entry
    from bglint.changes import Changes
    from bglint.cli.session import Session
    from bglint.diagnostics import Definition, Diagnostic, Report


EMPTY: Final[Mapping[str, bytes]] = MappingProxyType({})


@dataclass(slots=True)
class Narrowing:
    """A session whose findings are narrowed. `gone` are known ones that the last run did not find again."""

    session: Session
    baseline: Baseline | None = None
    changes: Changes | None = None
    given: tuple[str, ...] | None = None
    """The paths that a finding must have to do with, absolute and free of links; None where all findings count."""
    gone: Sequence[Entry] = ()

    @classmethod
    def of(cls, session: Session, baseline: str | None, since: str | None, *, with_callers: bool = False) -> Narrowing:
        """Read the baseline, and ask Git what changed; raise `ClickException` where that cannot be done.

        `with_callers` analyses the projects that the session's paths belong to instead of these alone.
        """
        if baseline is None and since is None and not with_callers:
            return cls(session)
        from bglint.baseline import Baseline, BaselineError  # noqa: PLC0415 - seldom needed
        from bglint.changes import RevisionError, changes_since  # noqa: PLC0415

        if session.stdin and (since is not None or with_callers):
            option = "--since compares files" if since is not None else "--with-callers follows files"
            raise click.UsageError(f"{option}, and `-` is none")
        given = None
        if with_callers:
            given = tuple(os.path.realpath(path) for path in session.paths)
            session = replace(session, paths=(*_projects(session), *session.paths))
        try:
            known = Baseline.read(baseline) if baseline is not None else None
            changed = changes_since(since, map(_folder, session.paths)) if since is not None else None
        except (BaselineError, RevisionError) as error:
            raise click.ClickException(str(error)) from error
        return cls(session, known, changed, given)

    def report(self, edited: Mapping[str, bytes], found: Callable[[Report], None] | None = None) -> Report:
        """Run the analysis, the files `edited` with that content, and leave out what is to be left out.

        `found` is called with each part of the report as it is made, where nothing is to be left out.
        """
        is_whole = self.baseline is None and self.changes is None and self.given is None
        return self.narrowed(self.session.run(edited, found=found if is_whole else None), edited)

    def narrowed(self, report: Report, edited: Mapping[str, bytes] = EMPTY) -> Report:
        """Return a report of the session's files, the `edited` with that content, without what is to be left out."""
        found: Sequence[Diagnostic] = report.diagnostics
        if self.baseline is not None:
            found, self.gone = self.baseline.split(report)
        if self.changes is not None or self.given is not None:
            definitions = {task.span: task.resolved for task in report.tasks}
            changes = self.changes.carried_over(edited) if self.changes is not None else None
            found = [
                each
                for each in found
                if self._is_given(each, definitions.get(each.span))
                and (changes is None or _is_touched(each, definitions.get(each.span), changes, edited))
            ]
        return replace(report, diagnostics=tuple(found), order=())

    def _is_given(self, diagnostic: Diagnostic, definition: Definition | None) -> bool:
        """Tell whether a finding has to do with the paths that were given."""
        from bglint.places import files_of  # noqa: PLC0415 - seldom needed

        if self.given is None:
            return True
        files = [Path(os.path.realpath(name)) for name in files_of(diagnostic, definition)]
        return any(file.is_relative_to(path) for file in files for path in self.given)

    def gone_lines(self) -> Sequence[str]:
        """Return what to say of the known findings that are gone; nothing of files that the run did not look at."""
        if self.baseline is None or not self.gone:
            return ()
        from bglint.baseline import gone_lines  # noqa: PLC0415
        from bglint.rules.registry import RULES  # noqa: PLC0415

        def looked_at(path: str, code: str) -> bool:
            roots = [os.path.abspath(root) for root in self.session.paths]  # noqa: PTH100
            preview = code in RULES and RULES[code].preview
            below = any(Path(path).is_relative_to(root) for root in roots)
            return below and self.session.resolver.for_file(path).selects(code, preview, path)

        return gone_lines(self.baseline, self.gone, looked_at)


def _is_touched(
    diagnostic: Diagnostic, definition: Definition | None, changes: Changes, edited: Mapping[str, bytes]
) -> bool:
    from bglint.places import places_of  # noqa: PLC0415 - seldom needed

    return any(changes.touch(*place) for place in places_of(diagnostic, definition, edited))


def _folder(path: str) -> str:
    return path if Path(path).is_dir() else str(Path(path).parent)


def _projects(session: Session) -> Iterable[str]:
    """Return the roots of the projects that the session's paths belong to."""
    from bglint.project_root import project_root  # noqa: PLC0415

    folders = dict.fromkeys(map(_folder, session.paths))
    return dict.fromkeys(project_root([folder], session.resolver) for folder in folders)
