"""One run of the analysis: from the options of a command to its report."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bglint.cli.console import configure_logging
from bglint.cli.options import settings_overrides
from bglint.cli.progress import progress_bar
from bglint.diagnostics import Report
from bglint.settings import SettingsResolver
from bglint.settings.errors import did_you_mean
from bglint.settings.files import CONFIG_FILES
from bglint.settings.resolver import PROJECT_MARKERS
from bglint.source import UnreadableSourceError, decode, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import ModuleType

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works on: paths or the text of stdin, and the settings that hold."""

    paths: tuple[str, ...]
    stdin: tuple[str, bytes] | None
    resolver: SettingsResolver
    quiet: bool
    jobs: int | None = None
    cache_folder: str | None = None
    question: str = ""

    def run(self, edited: Mapping[str, bytes] | None = None, *, decisions: bool = False) -> Report:
        """Analyse the files, those `edited` with that content; show the progress where it takes long."""
        if self.stdin and self._is_excluded(self.stdin[0]):
            return Report()
        if self.cache_folder is None or self.stdin or edited:
            return self._run(edited, decisions=decisions)
        from bglint.cache.reports import cached_report  # noqa: PLC0415 - seldom needed

        question = [self.question, self.paths, decisions]
        return cached_report(
            self.cache_folder, question, self._looked_for(), lambda: self._run(None, decisions=decisions)
        )

    def _run(self, edited: Mapping[str, bytes] | None, *, decisions: bool) -> Report:
        from bglint.parallel import processors  # noqa: PLC0415 - what follows is expensive to import
        from bglint.registrations.scan import scan  # noqa: PLC0415

        options: dict[str, Any] = {"overlay": edited} if edited and not self.stdin else {}
        options |= {"decisions": True} if decisions else {}
        jobs = self.jobs or processors()
        stdin = self._text(edited)
        with progress_bar(enabled=not self.quiet) as progress:
            started = time.perf_counter()
            scanned = scan(self.paths, self.resolver, stdin, jobs, meanwhile=_import_engine)
            engine = _import_engine()
            options |= {"jobs": jobs, "scanned": scanned, "progress": progress}
            report: Report = engine.run(self.paths, self.resolver, stdin=stdin, **options)
            logger.debug("%d files in %.2f s", report.files, time.perf_counter() - started)
            return report

    def _looked_for(self) -> Iterator[str]:
        """Yield the files above the paths that would change the outcome if they came into being."""
        for path in self.paths:
            start = os.path.abspath(path)  # noqa: PTH100
            yield start
            for folder in Path(start).parents:
                for name in (*CONFIG_FILES, *PROJECT_MARKERS, ".gitignore", "__init__.py"):
                    yield str(folder / name)

    def lines(self, filename: str) -> Sequence[str]:
        """Return the lines of a file for display; none where it cannot be read."""
        if self.stdin and filename == self.stdin[0]:
            return _split(self.stdin[1])
        return _file_lines(filename)

    def read(self, filename: str) -> bytes:
        """Return the content of a file, or what stands for it on stdin."""
        return self.stdin[1] if self.stdin and filename == self.stdin[0] else read_regular(filename)

    def _text(self, edited: Mapping[str, bytes] | None) -> tuple[str, bytes] | None:
        if self.stdin and edited:
            return self.stdin[0], edited.get(*self.stdin)
        return self.stdin

    def _is_excluded(self, filename: str) -> bool:
        settings = self.resolver.for_file(filename)
        return settings.force_exclude and settings.excluded.matches_tree(filename, str(settings.root))


def _import_engine() -> ModuleType:
    """Import what is expensive to import, while other processes look through the files."""
    from bglint import engine  # noqa: PLC0415

    return engine


class _KnownCodes(Collection[str]):
    """The codes of all rules, which are imported when a configuration or an option names one."""

    def __contains__(self, code: object) -> bool:
        return code in self._codes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes())

    def __len__(self) -> int:
        return len(self._codes())

    @staticmethod
    def _codes() -> Collection[str]:
        from bglint.rules.registry import RULES  # noqa: PLC0415 - that is the point

        return RULES.keys()


def open_session(paths: Sequence[str], options: Mapping[str, Any]) -> Session:
    """Check the paths and read the configuration; raise `ClickException` or `ConfigError` for what is wrong."""
    configure_logging(quiet=options["quiet"], verbose=options["verbose"])
    stdin = _read_stdin(paths, options.get("stdin_filename"))
    if not stdin:
        for path in paths:
            _require(path)
    resolver = SettingsResolver(
        settings_overrides(options), options["config"], isolated=options["isolated"], known_codes=_KnownCodes()
    )
    return Session(
        paths=() if stdin else tuple(paths) or (".",),
        stdin=stdin,
        resolver=resolver,
        quiet=options["quiet"],
        jobs=options.get("jobs"),
        cache_folder=_cache_folder(resolver, options),
        question=_question(resolver, paths or (".",), options),
    )


def repository_root(directory: str) -> str:
    """Return the Git repository that a folder belongs to, the folder itself where there is none."""
    path = Path(directory)
    return next((str(above) for above in (path, *path.parents) if (above / ".git").exists()), directory)


def _cache_folder(resolver: SettingsResolver, options: Mapping[str, Any]) -> str | None:
    """Return where reports are kept; None where nobody asked for that."""
    settings = resolver.for_directory(os.curdir)
    if settings.cache_dir is None or options.get("no_cache"):
        return None
    return os.path.join(settings.root, settings.cache_dir)  # noqa: PTH118


def _question(resolver: SettingsResolver, paths: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return what a report depends on beside the files that a run opens: the options, and the settings read so far."""
    given = sorted((key, repr(settings_overrides(options)[key])) for key in settings_overrides(options))
    settings = [repr(resolver.for_directory(path)) for path in (os.curdir, *paths) if os.path.isdir(path)]  # noqa: PTH112
    return repr((given, str(options["config"]), options["isolated"], settings))


def _read_stdin(paths: Sequence[str], filename: str | None) -> tuple[str, bytes] | None:
    if "-" not in paths:
        if filename and not paths:
            raise click.UsageError("--stdin-filename goes with `-` as the path")
        return None
    if len(paths) > 1:
        raise click.UsageError("`-` reads from stdin and stands alone; leave out the other paths")
    return os.path.abspath(filename or "-"), sys.stdin.buffer.read()  # noqa: PTH100


def _require(path: str) -> None:
    """Refuse a path that is not there, naming the nearest that is."""
    if os.path.lexists(path):
        return
    folder, name = os.path.split(path)
    try:
        siblings = os.listdir(folder or ".")  # noqa: PTH208
    except OSError:
        siblings = []
    raise click.UsageError(f"{path}: no such file or folder{did_you_mean(name, siblings)}")


def forget_lines() -> None:
    """Read the files anew that are shown next: they may have changed."""
    _file_lines.cache_clear()


@lru_cache(maxsize=64)
def _file_lines(filename: str) -> Sequence[str]:
    try:
        return _split(read_regular(filename))
    except OSError:
        return ()


def _split(data: bytes) -> Sequence[str]:
    try:
        text = decode(data)
    except UnreadableSourceError:
        text = data.decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
