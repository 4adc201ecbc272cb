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

from bglint import profiling
from bglint.cli.console import configure_logging
from bglint.cli.options import settings_overrides
from bglint.cli.progress import progress_bar
from bglint.cli.transcript import transcript
from bglint.diagnostics import Report
from bglint.noting import noting
from bglint.settings import SettingsResolver
from bglint.settings.errors import did_you_mean
from bglint.settings.files import CONFIG_FILES
from bglint.settings.resolver import PROJECT_MARKERS
from bglint.source import UnreadableSourceError, decode, read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import ModuleType

    from bglint.discovery import Discovery

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
    read_before: tuple[str, ...] = ()
    """The files that were read for the settings."""

    def run(
        self,
        edited: Mapping[str, bytes] | None = None,
        *,
        decisions: bool = False,
        found: Callable[[Report], None] | None = None,
    ) -> Report:
        """Analyse the files, those `edited` with that content; show the progress where it takes long.

        `found` is called with each part of the report as it is made; of one that was kept, not at all.
        """
        if self.stdin and self._is_excluded(self.stdin[0]):
            return Report()
        started = time.perf_counter()
        work = _Work(self, edited, decisions=decisions, found=found)
        if self.cache_folder is None or edited:
            report = work.check(work.scan(None), None)
        else:
            from bglint.warm import warm_report  # noqa: PLC0415 - not needed without a cache

            question = [self.question, self.paths, self._given(), decisions, self.quiet]  # quiet keeps no warnings
            warm = profiling.stage("cache")(warm_report)
            looked, transcript.looked = transcript.looked, None
            report, transcript.reference = warm(self.cache_folder, question, self._looked_for(), work, looked)
        logger.debug("%d files in %.2f s", report.files, time.perf_counter() - started)
        return report

    def _given(self) -> list[object]:
        """Return what tells what came by stdin from any other."""
        if not self.stdin:
            return []
        from hashlib import sha256  # noqa: PLC0415 - seldom needed

        return [self.stdin[0], sha256(self.stdin[1]).hexdigest()]

    def _looked_for(self) -> Iterator[str]:
        """Yield the files above the paths that would change the outcome if they came into being."""
        yield from self.read_before
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118
        climbed: set[str] = set()
        for path in (here, *((self.stdin[0],) if self.stdin else self.paths)):
            folder = path if path is here else os.path.abspath(path)  # noqa: PTH100
            if not self.stdin and path is not here:
                yield folder
            while (above := os.path.dirname(folder)) not in climbed:  # noqa: PTH120
                folder = above
                climbed.add(folder)
                for name in (*CONFIG_FILES, *PROJECT_MARKERS, ".gitignore", "__init__.py"):
                    yield os.path.join(folder, name)  # noqa: PTH118

    def lines(self, filename: str) -> Sequence[str]:
        """Return the lines of a file for display; none where it cannot be read."""
        if self.stdin and filename == self.stdin[0]:
            return _split(self.stdin[1])
        return _file_lines(filename)

    def read(self, filename: str) -> bytes:
        """Return the content of a file, or what stands for it on stdin."""
        return self.stdin[1] if self.stdin and filename == self.stdin[0] else read_regular(filename)

    def text(self, edited: Mapping[str, bytes] | None) -> tuple[str, bytes] | None:
        """Return the name and the text of what came by stdin, as edited."""
        if self.stdin and edited:
            return self.stdin[0], edited.get(*self.stdin)
        return self.stdin

    def _is_excluded(self, filename: str) -> bool:
        settings = self.resolver.for_file(filename)
        return settings.force_exclude and settings.excluded.matches_tree(filename, str(settings.root))


class _Work:
    """What a run does where it is not known already."""

    def __init__(
        self,
        session: Session,
        edited: Mapping[str, bytes] | None,
        *,
        decisions: bool,
        found: Callable[[Report], None] | None,
    ) -> None:
        from bglint.parallel import processors  # noqa: PLC0415 - what is done is expensive to import

        self._session = session
        self._edited = edited
        self._decisions = decisions
        self._found = found
        self._stdin = session.text(edited)
        self._discovery: Discovery | None = None
        self.jobs = 1 if profiling.is_active() else session.jobs or processors()
        self.is_text = session.stdin is not None

    def scan(self, listed: dict[str, list[os.DirEntry[str]]] | None) -> tuple[list[str], list[str]]:
        """Find the files that are looked at, and those of them that may register a task."""
        from bglint.registrations.scan import scan  # noqa: PLC0415

        session = self._session
        return scan(session.paths, session.resolver, self._stdin, self.jobs, meanwhile=_import_engine, listed=listed)

    def is_candidate(self, path: str) -> bool | None:
        """Tell whether a file that is looked at may register a task; None for one that is too large."""
        from bglint.discovery import Discovery, TextReader  # noqa: PLC0415
        from bglint.registrations.scan import may_register, words_of  # noqa: PLC0415

        resolver = self._session.resolver
        may = may_register(path, TextReader(), words_of(resolver.for_file(path)))
        if may and self._discovery is None:
            self._discovery = Discovery(self._session.paths, resolver)
        return may and not (self._discovery is not None and self._discovery.is_ignored_file(path))

    def words(self) -> object:
        """Return what tells of any file whether it may register a task; None where folders have different settings."""
        found = {
            (tuple(form.call.rpartition(".")[2] for form in settings.registrations), settings.preview)
            for settings in self._session.resolver.known()
        }
        return found.pop() if len(found) == 1 else None

    def check(self, scanned: tuple[list[str], list[str]], known: dict[str, Any] | None) -> Report:
        """Check the files that may register a task; show the progress where it takes long."""
        options: dict[str, Any] = {"overlay": self._edited} if self._edited and not self._stdin else {}
        options |= {"decisions": True} if self._decisions else {}
        session = self._session
        with progress_bar(enabled=not session.quiet and self._found is None) as progress:
            options |= {"jobs": self.jobs, "scanned": scanned, "progress": progress, "known": known}
            options |= {"found": self._found}
            report: Report = _import_engine().run(session.paths, session.resolver, stdin=self._stdin, **options)
            return report


@profiling.stage("imports")
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
    if (listing := options.get("files_from")) is not None and "-" in paths:
        raise click.UsageError("--files-from does not go with `-` as the path")
    stdin = _read_stdin(paths, options.get("stdin_filename"))
    if listing is not None:
        paths = (*paths, *_listed(listing))
    elif not paths:
        paths = (".",)
    if not stdin:
        for path in paths:
            _require(path)
    with noting() as noted:
        resolver = SettingsResolver(
            settings_overrides(options), options["config"], isolated=options["isolated"], known_codes=_KnownCodes()
        )
        cache_folder, question = _cache_folder(resolver, options), _question(resolver, paths, options)
    return Session(
        paths=() if stdin else tuple(paths),
        stdin=stdin,
        resolver=resolver,
        quiet=options["quiet"],
        jobs=options.get("jobs"),
        cache_folder=cache_folder,
        question=question,
        read_before=tuple(os.path.abspath(path) for path in noted.files),  # noqa: PTH100
    )


def repository_root(directory: str) -> str:
    """Return the Git repository that a folder belongs to, the folder itself where there is none."""
    path = Path(directory)
    return next((str(above) for above in (path, *path.parents) if (above / ".git").exists()), directory)


def _cache_folder(resolver: SettingsResolver, options: Mapping[str, Any]) -> str | None:
    """Return where the cache is kept; None where there is to be none."""
    if options.get("no_cache"):
        return None
    settings = resolver.for_directory(os.curdir)
    return os.path.join(settings.root, settings.cache_dir)  # noqa: PTH118


def _question(resolver: SettingsResolver, paths: Sequence[str], options: Mapping[str, Any]) -> str:
    """Return what a report depends on beside the files that a run opens: the options, and the settings read so far."""
    given = sorted((key, repr(settings_overrides(options)[key])) for key in settings_overrides(options))
    folders = (path for path in (os.curdir, *paths) if os.path.isdir(path))  # noqa: PTH112
    settings = dict.fromkeys(repr(resolver.for_directory(folder)) for folder in folders)
    return repr((given, str(options["config"]), options["isolated"], [*settings]))


def _read_stdin(paths: Sequence[str], filename: str | None) -> tuple[str, bytes] | None:
    if "-" not in paths:
        if filename and not paths:
            raise click.UsageError("--stdin-filename goes with `-` as the path")
        return None
    if len(paths) > 1:
        raise click.UsageError("`-` reads from stdin and stands alone; leave out the other paths")
    return os.path.abspath(filename or "-"), sys.stdin.buffer.read()  # noqa: PTH100


def _listed(listing: str) -> list[str]:
    """Return the paths that a file lists, or stdin: each ended by NUL where there is one, else by the line's end."""
    try:
        with click.open_file(listing, "rb") as file:
            data: bytes = file.read()
    except OSError as error:
        raise click.FileError(listing, error.strerror or str(error)) from error
    paths = data.split(b"\0") if b"\0" in data else (line.removesuffix(b"\r") for line in data.split(b"\n"))
    return [os.fsdecode(path) for path in paths if path]


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
