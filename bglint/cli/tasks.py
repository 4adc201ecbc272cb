"""`bglint tasks`: the inventory of background tasks."""

from __future__ import annotations

from typing import Any

import click

from bglint.cli.exit_status import FOUND_NOTHING
from bglint.cli.options import config_options, file_options, paths_argument, run_options, selection_options
from bglint.cli.output import Output, Printer, render_context, write_files
from bglint.cli.session import open_session
from bglint.cli.summary import conclude, tasks_summary
from bglint.cli.transcript import transcript
from bglint.reporters import TASK_FORMATS, task_reporter


@click.command("tasks", short_help="List every background task with its verdict.")
@paths_argument
@click.option(
    "--output-format",
    "formats",
    type=click.Choice([*TASK_FORMATS]),
    multiple=True,
    help="How to print [table]; once for each --output-file, and once more for the terminal.",
)
@click.option(
    "-o", "--output-file", "files", type=click.Path(), multiple=True, metavar="FILE", help="Write to a file as well."
)
@selection_options
@config_options
@file_options
@run_options
def command(paths: tuple[str, ...], **options: Any) -> int:
    """List the background tasks that the Python files at PATHS register.

    Each comes with its target, the verdict on it, and the chain of calls that the verdict rests on.
    """
    session = open_session(paths, options)
    output = Output.of(options["formats"], options["files"], default="table")
    printer = Printer(output, render_context(session, options["color"]), task_reporter)
    report = session.run(decisions=output.has("html"), found=printer.part)
    write_files(report, output, printer.context, task_reporter)
    printer.print(report)
    conclude(report, session, tasks_summary if output.is_text else None)
    transcript.may_be_kept = not options["files"] and not options["verbose"]
    return FOUND_NOTHING
