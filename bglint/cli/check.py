"""`bglint check`: lint the paths, print what was found."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from bglint.cli.console import print_notes, write_lines
from bglint.cli.exit_status import FOUND_NOTHING, FOUND_SOMETHING
from bglint.cli.mending import fixable_lines, print_diff, write_mended
from bglint.cli.narrowing import Narrowing
from bglint.cli.options import (
    adoption_options,
    config_options,
    file_options,
    fix_options,
    paths_argument,
    refuse_contradictions,
    run_options,
    selection_options,
)
from bglint.cli.output import Output, Printer, render_context, write_files
from bglint.cli.session import Session, open_session
from bglint.cli.summary import check_summary, conclude
from bglint.cli.transcript import transcript
from bglint.reporters import DIAGNOSTIC_FORMATS, diagnostic_reporter
from bglint.reporters.text import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bglint.diagnostics import Report

_ELSEWHERE: Final = ("fix", "add_ignores", "baseline", "since", "with_callers", "files", "files_from", "verbose")
"""Options that write files, or whose outcome depends on more than the analysis."""


@click.command("check", short_help="Lint the paths (the default command).")
@paths_argument
@selection_options
@click.option(
    "--output-format",
    "formats",
    type=click.Choice([*DIAGNOSTIC_FORMATS]),
    multiple=True,
    help="How to print [full]; once for each --output-file, and once more for the terminal.",
)
@click.option(
    "-o", "--output-file", "files", type=click.Path(), multiple=True, metavar="FILE", help="Write to a file as well."
)
@fix_options
@adoption_options
@click.option("--statistics", is_flag=True, help="Count the findings of each rule instead of printing them.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even where something was found.")
@config_options
@file_options
@click.option("--show-files", is_flag=True, help="List the files that would be linted, and stop.")
@click.option("--show-settings", is_flag=True, help="Say which settings hold and where they come from, and stop.")
@click.option("--watch", is_flag=True, help="Stay, and lint again after every change.")
@run_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Lint the Python files at PATHS, by default the working directory.

    Exits with 0 where nothing was found, 1 where something was, 2 where bglint could not do its work.
    """
    refuse_contradictions(options)
    if options["watch"] and "-" in paths:
        raise click.UsageError("--watch waits for files to change, and `-` is none")
    if options["watch"] and options["files_from"] == "-":
        raise click.UsageError("--watch reads its list of files again, which stdin cannot; write it to a file")
    session = open_session(paths, options)
    if options["show_settings"]:
        write_lines(_settings_lines(session))
        return FOUND_NOTHING
    if options["show_files"]:
        write_lines(_files(session))
        return FOUND_NOTHING
    if options["write_baseline"]:
        return _write_baseline(session, options["write_baseline"])
    output = Output.of(options["formats"], options["files"], session.resolver.for_directory(os.curdir).output_format)
    if options["watch"]:
        _watch(paths, output, options)
    narrowing = _narrowing(session, options)
    if options["diff"]:
        differs = print_diff(narrowing, options)
        return FOUND_SOMETHING if differs and not options["exit_zero"] else FOUND_NOTHING
    mends = options["fix"] or options["add_ignores"]
    printer = _printer(narrowing.session, output, options)
    part = None if options["statistics"] else printer.part
    report = write_mended(narrowing, options) if mends else narrowing.report({}, part)
    _print(report, narrowing.session, printer, options)
    if not session.quiet:
        print_notes(narrowing.gone_lines())
    transcript.may_be_kept = not any(options[each] for each in _ELSEWHERE)
    return FOUND_SOMETHING if report.diagnostics and not options["exit_zero"] else FOUND_NOTHING


def _narrowing(session: Session, options: Mapping[str, Any]) -> Narrowing:
    return Narrowing.of(session, options["baseline"], options["since"], with_callers=options["with_callers"])


def _watch(paths: tuple[str, ...], output: Output, options: Mapping[str, Any]) -> NoReturn:
    """Print the findings now and after every change, on a terminal instead of those before."""
    from bglint.cli.watching import watch  # noqa: PLC0415 - seldom needed

    def show(report: Report, narrowing: Narrowing) -> None:
        click.clear()  # does nothing where stdout is no terminal
        _print(report, narrowing.session, _printer(narrowing.session, output, options), options)
        if not narrowing.session.quiet:
            print_notes([*narrowing.gone_lines(), "Waiting for changes; Ctrl-C ends it"])
        sys.stdout.flush()

    watch(lambda: _narrowing(open_session(paths, options), options), show)


def _write_baseline(session: Session, path: str) -> int:
    from bglint.baseline import write_baseline  # noqa: PLC0415 - seldom needed

    try:
        known = write_baseline(session.run(), path)
    except OSError as error:
        raise click.FileError(path, error.strerror or str(error)) from error
    if not session.quiet:
        print_notes([f"Wrote {count(known, 'problem')} to {path}; `--baseline {path}` leaves them out"])
    return FOUND_NOTHING


def _printer(session: Session, output: Output, options: Mapping[str, Any]) -> Printer:
    return Printer(output, render_context(session, options["color"]), diagnostic_reporter)


def _print(report: Report, session: Session, printer: Printer, options: Mapping[str, Any]) -> None:
    """Print the findings; where the mended text goes to stdout, to stderr."""
    output, context = printer.output, printer.context
    write_files(report, output, context, diagnostic_reporter)
    if session.stdin and (options["fix"] or options["add_ignores"]):
        for line in diagnostic_reporter(output.to_stdout)(report, replace(context, color=False, width=None)):
            print(line, file=sys.stderr)
    elif options["statistics"]:
        from bglint.reporters import statistics  # noqa: PLC0415

        write_lines(statistics.render(report, context))
    else:
        printer.print(report)
    conclude(report, session, check_summary if output.is_text else None)
    if not session.quiet and output.is_text:
        print_notes(fixable_lines(report))


def _files(session: Session) -> Iterable[str]:
    from bglint.discovery import Discovery  # noqa: PLC0415

    if session.stdin:
        return [session.stdin[0]]
    discovery = Discovery(session.paths, session.resolver)
    return sorted(path for path in discovery.files() if not discovery.is_ignored_file(path))


def _settings_lines(session: Session) -> Iterable[str]:
    """Return the settings for the first of the paths."""
    from bglint.settings.show import settings_lines  # noqa: PLC0415

    place = session.stdin[0] if session.stdin else (*session.paths, os.curdir)[0]
    is_folder = os.path.isdir(place)  # noqa: PTH112
    return settings_lines(session.resolver.for_directory(place) if is_folder else session.resolver.for_file(place))
