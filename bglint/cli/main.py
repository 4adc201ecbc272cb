"""The `bglint` command: which subcommand runs, and how whatever goes wrong ends."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from bglint import __version__
from bglint.cli.console import ReaderGoneError, open_closed_streams, report_error
from bglint.cli.exit_status import FAILED, FOUND_NOTHING, INTERRUPTED, READER_GONE
from bglint.cli.replay import remember
from bglint.cli.transcript import transcript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

_COMMANDS: Final = ("check", "tasks", "rule", "server")
_DEFAULT: Final = "check"


class _CommandGroup(click.Group):
    """Commands that are imported when they are called; arguments that name none of them are those of `check`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `check` in front of the arguments where the command is left out."""
        own = {*_COMMANDS, *ctx.help_option_names, "--version"}
        is_own = bool(args) and args[0] in own
        # A shell that completes the first word has no arguments yet: it may become a command.
        return super().parse_args(ctx, args if is_own or (ctx.resilient_parsing and not args) else [_DEFAULT, *args])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of their importance."""
        del ctx
        return [*_COMMANDS]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the commands, and what belongs to `check` where the command is left out."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - for shells alone

        command = self.get_command(ctx, _DEFAULT)
        assert command is not None
        # Files come first: bash forgets what it was told before them.
        files = [CompletionItem(incomplete, type="file")] if not incomplete.startswith("-") else []
        options = command.shell_complete(click.Context(command, parent=ctx), incomplete)
        return [*files, *options, *super().shell_complete(ctx, incomplete)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"bglint.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=_CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="`bglint [OPTIONS] [PATHS]...` is `bglint check`; see `bglint check --help` for its options.",
)
@click.version_option(__version__, message="bglint %(version)s")
def cli() -> None:
    """Find background tasks that block a web application, and those that never run."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status. Errors are one line each on stderr."""
    open_closed_streams()
    transcript.begin()
    try:
        status = cli.main([*arguments], prog_name="bglint", standalone_mode=False)
        if isinstance(status, int):
            remember(arguments, status)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except ReaderGoneError:
        _drop_output()
        return READER_GONE
    except OSError as error:
        return system_failure(error, arguments)
    except Exception as error:
        for line in _error_lines(error, verbose=bool({"-v", "--verbose"}.intersection(arguments))):
            report_error(line)
        return FAILED
    return status if isinstance(status, int) else FOUND_NOTHING


def system_failure(error: OSError, arguments: Sequence[str]) -> int:
    """Say what the system refused; return the exit status."""
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return READER_GONE
    report_error(_system_error(error))
    if "-v" in arguments or "--verbose" in arguments:
        traceback.print_exception(error)
    _drop_output()
    return FAILED


def _drop_output() -> None:
    """Send what stdout still holds nowhere: Python flushes it once more at exit, which must not fail."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _system_error(error: OSError) -> str:
    """Return what the system refused: a full disk, no more file descriptors, a working directory that is gone."""
    try:
        os.getcwd()  # noqa: PTH109
    except OSError:
        return "the working directory is gone; change to one that is there"
    reason = error.strerror or str(error)
    return f"{os.fsdecode(error.filename)}: {reason}" if isinstance(error.filename, str | bytes) else reason


def _error_lines(error: Exception, *, verbose: bool) -> Sequence[str]:
    """Return what went wrong and what would be right; the traceback of an internal error only if asked for."""
    from bglint.settings.errors import ConfigError, did_you_mean  # noqa: PLC0415 - not needed where all goes well

    if isinstance(error, ConfigError):
        return [str(problem) for problem in error.problems]
    if isinstance(error, click.NoSuchOption):
        return [f"no such option: {error.option_name}{did_you_mean(error.option_name, error.possibilities or ())}"]
    if isinstance(error, click.ClickException):
        return [error.format_message()]
    if verbose:
        traceback.print_exception(error)
    hint = "" if verbose else " (run with -v for the traceback, and please report it)"
    return [f"internal error: {type(error).__name__}: {error}{hint}"]
