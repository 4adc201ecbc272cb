"""What a run leaves out of its findings: those that a baseline knows, those that no change touches."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bglint.baseline import Baseline, Entry
    from bglint.changes import Changes
    from bglint.cli.session import Session
    from bglint.diagnostics import Diagnostic, Report


@dataclass(slots=True)
class Narrowing:
    """A session whose findings are narrowed. `gone` are known ones that the last run did not find again."""

    session: Session
    baseline: Baseline | None = None
    changes: Changes | None = None
    gone: Sequence[Entry] = ()

    @classmethod
    def of(cls, session: Session, baseline: str | None, since: str | None) -> Narrowing:
        """Read the baseline, and ask Git what changed; raise `ClickException` where that cannot be done."""
        if baseline is None and since is None:
            return cls(session)
        from bglint.baseline import Baseline, BaselineError  # noqa: PLC0415 - seldom needed
        from bglint.changes import RevisionError, changes_since  # noqa: PLC0415

        if since is not None and session.stdin:
            raise click.UsageError("--since compares files, and `-` is none")
        try:
            known = Baseline.read(baseline) if baseline is not None else None
            changed = changes_since(since, map(_folder, session.paths)) if since is not None else None
        except (BaselineError, RevisionError) as error:
            raise click.ClickException(str(error)) from error
        return cls(session, known, changed)

    def report(self, edited: Mapping[str, bytes]) -> Report:
        """Run the analysis, the files `edited` with that content, and leave out what is to be left out."""
        report = self.session.run(edited)
        found: Sequence[Diagnostic] = report.diagnostics
        if self.baseline is not None:
            found, self.gone = self.baseline.split(report)
        if self.changes is not None:
            changes = self.changes.carried_over(edited)
            found = [diagnostic for diagnostic in found if changes.touch(diagnostic)]
        return replace(report, diagnostics=tuple(found))

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


def _folder(path: str) -> str:
    return path if Path(path).is_dir() else str(Path(path).parent)
