"""The options that commands share, and what they mean for the settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from bglint import __version__
from bglint.cli.completion import complete_codes
from bglint.cli.profiled import profile_to_file, profile_to_stderr
from bglint.settings.kinds import CONFIDENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

C = TypeVar("C", bound="Callable[..., Any]")

_CONTRADICTIONS: Final = {
    "add_ignores": ("fix", "unsafe_fixes"),
    "write_baseline": ("fix", "diff", "add_ignores", "since", "with_callers", "baseline"),
    "watch": ("fix", "diff", "add_ignores", "write_baseline", "show_files", "show_settings"),
}


def _split_commas(_ctx: click.Context, _param: click.Parameter, values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _one_line(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Refuse what would end a comment, or does not show in it."""
    if value is not None and (not value.strip() or not value.isprintable()):
        raise click.BadParameter("expected text of one line")
    return value and value.strip()


def _list_option(name: str, metavar: str, help_text: str) -> Callable[[C], C]:
    """Return an option whose values are separated by commas, and which may be repeated as well."""
    completion: Any = {"shell_complete": complete_codes} if metavar == "CODES" else {}
    return click.option(name, multiple=True, callback=_split_commas, metavar=metavar, help=help_text, **completion)


def _together(*options: Callable[[C], C]) -> Callable[[C], C]:
    def decorate(command: C) -> C:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


paths_argument = click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATHS]...")

selection_options = _together(
    _list_option("--select", "CODES", "Run these rules: codes, prefixes, ALL."),
    _list_option("--extend-select", "CODES", "Run these rules as well."),
    _list_option("--ignore", "CODES", "Do not run these rules."),
    click.option(
        "--min-confidence", type=click.Choice(CONFIDENCES), help="Leave out findings less sure than this [medium]."
    ),
)

fix_options = _together(
    click.option("--fix", is_flag=True, help="Mend what can be mended without a change of meaning; report the rest."),
    click.option("--unsafe-fixes", is_flag=True, help="With --fix and --diff: also where the meaning may change."),
    click.option("--diff", is_flag=True, help="Print what would be changed, and change nothing."),
    click.option("--add-ignores", is_flag=True, help="Add a `# bglint: ignore[…]` comment to each finding."),
    click.option(
        "--reason",
        metavar="TEXT",
        callback=_one_line,
        help="With --add-ignores: why, in each comment [added by bglint].",
    ),
)

adoption_options = _together(
    click.option("--baseline", type=click.Path(), metavar="FILE", help="Leave out the findings that FILE knows."),
    click.option(
        "--write-baseline", type=click.Path(), metavar="FILE", help="Write the findings to FILE as known, and stop."
    ),
    click.option("--since", metavar="REV", help="Leave out findings that no change since this Git revision touches."),
    click.option("--with-callers", is_flag=True, help="Report tasks of other files too that lead into PATHS."),
)

config_options = _together(
    click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", help="Use this configuration for all files."
    ),
    click.option("--isolated", is_flag=True, help="Use no configuration file."),
)

file_options = _together(
    _list_option("--exclude", "GLOBS", "Leave out these files and folders."),
    _list_option("--extend-exclude", "GLOBS", "Leave out these as well."),
    click.option("--force-exclude", is_flag=True, default=None, help="Leave out even what is named in PATHS."),
    click.option(
        "--respect-gitignore/--no-respect-gitignore", default=None, help="Leave out what Git ignores [the default]."
    ),
    click.option(
        "--files-from",
        type=click.Path(allow_dash=True),
        metavar="FILE",
        help="Lint what FILE lists as well: a path on each line, or each ended by NUL; `-` is stdin.",
    ),
    click.option(
        "--stdin-filename", metavar="NAME", help="The name of what is read from stdin, where `-` is the path."
    ),
)

run_options = _together(
    click.option(
        "--no-cache", is_flag=True, envvar="BGLINT_NO_CACHE", help="Neither read nor write the cache [BGLINT_NO_CACHE]."
    ),
    click.option(
        "--cache-dir", type=click.Path(), metavar="DIR", help="Where to keep the cache [.bglint_cache in the project]."
    ),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many processes share the work where it is much [one a processor].",
    ),
    click.option(
        "--profile",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=profile_to_stderr,
        help="Say on stderr where the time went, by stage, rule and file; one process does all then.",
    ),
    click.option(
        "--profile-file",
        type=click.Path(),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=profile_to_file,
        help="Write that to a file, as JSON.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print findings and errors alone."),
    click.option("-v", "--verbose", is_flag=True, help="Say more of what is done."),
    click.option(
        "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour [auto]."
    ),
    click.version_option(__version__, message="bglint %(version)s"),
)


def refuse_contradictions(options: Mapping[str, Any]) -> None:
    """Refuse options of `check` of which one would undo or hide what the other does, or lacks what it is about."""
    if options["reason"] is not None and not options["add_ignores"]:
        raise click.UsageError("--reason goes with --add-ignores")
    for one, others in _CONTRADICTIONS.items():
        for other in others:
            if options[one] and options[other]:
                names = [f"--{name.replace('_', '-')}" for name in (one, other)]
                raise click.UsageError(f"{names[0]} and {names[1]} do not go together; run one after the other")


def settings_overrides(options: Mapping[str, Any]) -> dict[str, object]:
    """Return what the options say by configuration key; options that were not given are not in it."""
    overrides: dict[str, object] = {}
    for name in ("select", "extend_select", "ignore", "exclude", "extend_exclude"):
        if options.get(name):
            overrides[name.replace("_", "-")] = options[name]
    for name in ("min_confidence", "force_exclude", "respect_gitignore", "cache_dir"):
        if options.get(name) is not None:
            overrides[name.replace("_", "-")] = options[name]
    for key in ("exclude", "extend-exclude"):
        globs = overrides.get(key)
        if isinstance(globs, list):
            overrides[key] = [_from_working_directory(glob) for glob in globs]
    if "cache-dir" in overrides:
        overrides["cache-dir"] = os.path.abspath(str(overrides["cache-dir"]))  # noqa: PTH100
    return overrides


def _from_working_directory(glob: str) -> str:
    """Return a glob of the command line so that it means the same below any configuration's folder."""
    return os.path.abspath(glob) if "/" in glob.strip("/") else glob  # noqa: PTH100
