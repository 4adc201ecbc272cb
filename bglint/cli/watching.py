"""`--watch`: the findings now, and after every change; the project stays in memory in between."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from bglint.cli.console import report_error
from bglint.cli.session import forget_lines
from bglint.settings import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bglint.cli.narrowing import Narrowing
    from bglint.diagnostics import Report
    from bglint.project import Project

_POLL_S = 0.5
"""How long an interrupt may wait where waiting cannot be interrupted, which is so on Windows."""


def watch(start: Callable[[], Narrowing], show: Callable[[Report, Narrowing], None]) -> NoReturn:
    """Show the findings now and after every change below the project's root, until interrupted.

    `start` reads the configuration, now and whenever a change may concern it; `show` is handed what is found. Raises
    `ClickException` where watchfiles is missing, and what goes wrong before the first findings; what goes wrong later
    is said, and the next change waited for.
    """
    from bglint.places import forget_functions  # noqa: PLC0415
    from bglint.project_root import project_root  # noqa: PLC0415

    narrowing = start()
    paths, resolver = narrowing.session.paths, narrowing.session.resolver
    root = project_root(paths, resolver)
    with _changes_below(root) as changes:
        project = _project(narrowing, root)
        show(narrowing.narrowed(project.report()), narrowing)
        while True:
            changed = changes()
            forget_lines()
            forget_functions()
            try:
                # What a baseline or Git says may have changed as well, and costs little to read.
                narrowing = start()
                if any(map(_concerns_everything, changed)):
                    project = _project(narrowing, root)
                else:
                    _bring_up_to_date(project, changed)
                report = narrowing.narrowed(project.report())
            except (ConfigError, click.ClickException) as error:
                report_error(error.format_message() if isinstance(error, click.ClickException) else str(error))
                continue
            show(report, narrowing)


def _project(narrowing: Narrowing, root: str) -> Project:
    """The project as the configuration that was just read has it."""
    from bglint.advice import forget_dependencies  # noqa: PLC0415 - expensive to import
    from bglint.project import Project  # noqa: PLC0415
    from bglint.versions import forget_versions  # noqa: PLC0415

    forget_dependencies()
    forget_versions()
    project = Project(narrowing.session.paths, root, narrowing.session.resolver)
    _settle(project)
    return project


def _bring_up_to_date(project: Project, changed: set[str]) -> None:
    for path in changed:
        project.change(path, None)
    if any(project.comes_or_goes(path) for path in changed):
        project.look_around()
    _settle(project)


def _settle(project: Project) -> None:
    while not project.is_settled:
        project.check_next()


def _concerns_everything(path: str) -> bool:
    from bglint.project import is_configuration, is_dependency_file  # noqa: PLC0415 - expensive to import

    return is_configuration(path) or is_dependency_file(path)


@contextmanager
def _changes_below(folder: str) -> Iterator[Callable[[], set[str]]]:
    """Watch the files below a folder that matter; yield what waits for the next changes and returns their paths.

    Watching begins at once, in a thread, so that nothing is missed while the first findings are looked for.
    """
    try:
        from watchfiles import DefaultFilter, watch  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise click.ClickException("--watch needs watchfiles; run `pip install 'bglint[watch]'`") from error
    from bglint.project import matters  # noqa: PLC0415 - expensive to import

    usual = DefaultFilter()
    found: queue.SimpleQueue[set[str]] = queue.SimpleQueue()
    stop = threading.Event()

    def follow() -> None:
        for changes in watch(
            folder,
            watch_filter=lambda change, path: usual(change, path) and matters(path),
            stop_event=stop,
            ignore_permission_denied=True,
        ):
            found.put({path for _, path in changes})

    def following() -> set[str]:
        while True:
            try:
                return found.get(timeout=_POLL_S)
            except queue.Empty:
                if not thread.is_alive():
                    raise click.ClickException("the system no longer tells of changes; start again") from None

    thread = threading.Thread(target=follow, name="watch", daemon=True)
    thread.start()
    try:
        yield following
    finally:
        stop.set()
        thread.join(_POLL_S)
