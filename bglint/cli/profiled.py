"""`--profile` and `--profile-file`: a run is measured from where its options are read to where its command ends."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from bglint import profiling
from bglint.reporters.text import harmless


def profile_to_stderr(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Measure the run, and print a table at its end."""
    if wanted and not context.resilient_parsing:
        profile = profiling.start()
        context.call_on_close(lambda: _print(profile))


def profile_to_file(context: click.Context, _: click.Parameter, path: str | None) -> None:
    """Measure the run, and write JSON at its end."""
    if path is not None and not context.resilient_parsing:
        profile = profiling.start()
        context.call_on_close(lambda: _write(profile, path))


def _print(profile: profiling.Profile) -> None:
    profiling.stop()
    print(*profile.table(lambda path: harmless(os.path.relpath(path))), sep="\n", file=sys.stderr)


def _write(profile: profiling.Profile, path: str) -> None:
    profiling.stop()
    try:
        Path(path).write_text(json.dumps(profile.as_json(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise click.FileError(path, error.strerror or str(error)) from error
