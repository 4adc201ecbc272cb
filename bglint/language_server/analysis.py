"""The projects of the open folders, and what has happened to them since they were last looked at.

Everything here runs in one thread beside the one that talks to the client, one turn at a time.
"""

from __future__ import annotations

import codecs
import gc
import logging
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bglint.advice import forget_dependencies
from bglint.diagnostics import Span, Step
from bglint.discovery import SUFFIXES
from bglint.language_server.places import Shift
from bglint.project import Outcome, Project, is_configuration, is_dependency_file
from bglint.project_root import project_root
from bglint.rules.registry import RULES
from bglint.settings import ConfigError, SettingsResolver
from bglint.settings.files import CONFIG_FILES
from bglint.versions import forget_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

logger = logging.getLogger(__name__)

WATCHED: Final = (
    *(f"**/*{suffix}" for suffix in SUFFIXES),
    "**/*.toml",
    "**/.gitignore",
    "**/{setup.cfg,Pipfile,Pipfile.lock,uv.lock,poetry.lock,pdm.lock,environment.yml,environment.yaml}",
    "**/*requirements*.{txt,in}",
    "**/requirements/*.{txt,in}",
)
"""The files whose changes matter, as globs for a client that watches them."""

_PROJECT_MARKERS: Final = (".git", *CONFIG_FILES)


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the editor holds it."""

    text: str
    version: int | None = None

    @property
    def data(self) -> bytes:
        """The text as a file's bytes: it is decoded already, so that a byte order mark overrules a coding cookie."""
        head = self.text[:400]
        return (codecs.BOM_UTF8 if "coding" in head else b"") + self.text.encode("utf-8", "replace")


@dataclass(slots=True)
class News:
    """What has happened since the last turn."""

    documents: dict[str, Document | None] = field(default_factory=dict)
    """What the editor holds by path, the latest last; None: it no longer does."""
    changed: set[str] = field(default_factory=set)
    """Files that changed on the disk."""
    files_came_or_went: bool = False
    configuration: bool = False
    dependencies: bool = False
    folders: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return self != News()

    def note_on_disk(self, path: str, *, came_or_went: bool) -> None:
        """Take note of what a client that watches files tells."""
        self.configuration |= is_configuration(path)
        self.dependencies |= is_dependency_file(path)
        if path.endswith(SUFFIXES):
            self.changed.add(path)
            self.files_came_or_went |= came_or_went


@dataclass(frozen=True, slots=True)
class View:
    """What is to be shown of a file, in places of `text`. `is_current`: the text is the one that was analysed."""

    outcome: Outcome
    text: str
    version: int | None
    is_current: bool
    texts: Mapping[str, str]
    """The texts of the files that are spoken of, by path; this one among them."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn came to: the views that may have changed, and whether there is nothing left to do."""

    views: dict[str, View]
    settled: bool
    problem: str | None = None
    """What is wrong with the configuration."""


class Analysis:
    """Keeps the projects up to date."""

    def __init__(self) -> None:
        self._folders: tuple[str, ...] = ()
        self._projects: dict[str, Project] = {}
        self._documents: dict[str, Document] = {}
        self._recent: list[str] = []
        self._left_over: set[str] = set()
        self._is_set_apart = False

    def turn(self, news: News) -> Turn:
        """Take in the news, and check one more file. What goes wrong is logged, and never ends the server."""
        affected = set(news.documents)
        problem = None
        for step in (self._take_in, self._check_next):
            try:
                affected |= step(news)
            except ConfigError as error:
                problem = str(error)
            except Exception:
                logger.exception("internal error, please report it")
        settled = all(project.is_settled for project in self._projects.values())
        if settled:
            affected |= self._left_over
            self._left_over = set()
            self._set_apart()
        return Turn({path: self._view(path) for path in sorted(affected)}, settled, problem)

    def _set_apart(self) -> None:
        """Spare the collector of cyclic garbage what a project is made of: to look at that takes longer than a key."""
        if not self._is_set_apart:
            gc.unfreeze()
            gc.collect()
            gc.freeze()
            self._is_set_apart = True

    def _take_in(self, news: News) -> set[str]:
        self._hold(news.documents)
        if news.dependencies:
            forget_dependencies()
            forget_versions()
        if news.folders is not None:
            self._folders = news.folders
        problem = None
        if news.configuration or news.folders is not None:
            try:
                self._start_anew()
            except ConfigError as error:
                problem = error
        affected = self._bring_up_to_date(news)
        if problem is not None:
            raise problem
        return affected

    def _bring_up_to_date(self, news: News) -> set[str]:
        affected: set[str] = set()
        for path in self._documents:
            affected |= self._adopt(path)
        for project in self._projects.values():
            if news.dependencies:
                project.check_everything_again()
            for path in news.changed - self._documents.keys():
                affected |= project.change(path, None)
            if news.files_came_or_went:
                affected |= project.look_around()
            for path, document in news.documents.items():
                affected |= project.change(path, document.data if document is not None else None)
        for home in [home for home in self._projects if not self._is_wanted(home)]:
            affected |= self._projects.pop(home).said_of()
        return affected

    def _hold(self, documents: dict[str, Document | None]) -> None:
        for path, document in documents.items():
            if document is None:
                self._documents.pop(path, None)
            else:
                self._documents[path] = document
        self._recent = [*reversed(documents), *(path for path in self._recent if path in self._documents)][:20]

    def _start_anew(self) -> None:
        """Read the configuration again, and make all projects; where it is wrong, they stay as they are."""
        resolver = SettingsResolver(known_codes=tuple(RULES))
        projects = {folder: self._project([folder], resolver) for folder in self._folders}
        self._left_over |= {path for project in self._projects.values() for path in project.said_of()}
        self._projects = projects
        self._is_set_apart = False

    def _adopt(self, path: str) -> set[str]:
        """Make a project for a file of the editor's that lies in none of its folders."""
        if self._owner(path) is not None:
            return set()
        home = _home(path) or path
        self._projects[home] = self._project([home], SettingsResolver(known_codes=tuple(RULES)))
        return {path}

    def _is_wanted(self, home: str) -> bool:
        return home in self._folders or any(_is_below(path, home) for path in self._documents)

    def _project(self, paths: Sequence[str], resolver: SettingsResolver) -> Project:
        overlay = {path: document.data for path, document in self._documents.items()}
        present = [path for path in paths if os.path.lexists(path)]
        return Project(paths, project_root(present or [os.curdir], resolver), resolver, overlay)

    def _owner(self, path: str) -> Project | None:
        """The project that a file belongs to: that of the innermost folder around it."""
        homes = [home for home in self._projects if _is_below(path, home)]
        return self._projects[max(homes, key=len)] if homes else None

    def _check_next(self, _news: News) -> set[str]:
        unsettled = [project for project in self._projects.values() if not project.is_settled]
        return unsettled[0].check_next(self._recent) if unsettled else set()

    def _view(self, path: str) -> View:
        owner = self._owner(path) or next((each for each in self._projects.values() if path in each.said_of()), None)
        outcome = owner.outcome(path) if owner is not None else Outcome()
        text, version = outcome.text or "", None
        if (document := self._documents.get(path)) is not None:
            text, version = document.text, document.version
        is_current = outcome.text == text
        if outcome.text is not None and not is_current:
            outcome = _moved(outcome, path, Shift(outcome.text, text))
        texts = {} if owner is None else {each: owner.text_of(each) or "" for each in _spoken_of(outcome)}
        return View(outcome, text, version, is_current, {**texts, path: text})


def _spoken_of(outcome: Outcome) -> set[str]:
    """The files that traces lead through."""
    traces = [*(each.trace for each in outcome.diagnostics), *(each.trace for each in outcome.tasks)]
    return {step.filename for trace in traces for step in trace}


def _is_below(path: str, home: str) -> bool:
    return path == home or path.startswith(home.rstrip(os.sep) + os.sep)


def _home(path: str) -> str | None:
    """The folder of the project around a file, if there is one; the user's home is none, whatever lies in it."""
    folder = os.path.dirname(path)
    while folder not in {os.path.dirname(folder), os.path.expanduser("~")}:
        if any(os.path.lexists(os.path.join(folder, name)) for name in _PROJECT_MARKERS):
            return folder
        folder = os.path.dirname(folder)
    return None


def _moved(outcome: Outcome, path: str, shift: Shift) -> Outcome:
    """What is said of a file, in places of the text that it has become."""

    def moved(span: Span) -> Span:
        return Span(span.filename, shift(span.start), shift(span.end)) if span.filename == path else span

    def steps(trace: Iterable[Step]) -> tuple[Step, ...]:
        return tuple(replace(step, location=shift(step.location)) if step.filename == path else step for step in trace)

    return replace(
        outcome,
        diagnostics=tuple(
            replace(each, span=moved(each.span), trace=steps(each.trace), fix=None) for each in outcome.diagnostics
        ),
        tasks=tuple(replace(each, span=moved(each.span), trace=steps(each.trace)) for each in outcome.tasks),
    )
