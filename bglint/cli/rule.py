"""`bglint rule`: what a rule does, why, and what to do instead."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Literal

import click

from bglint.cli.completion import complete_codes
from bglint.cli.console import never_fail_to_encode, terminal_width, wants_color, write_lines
from bglint.cli.exit_status import FOUND_NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bglint.cli.console import ColorChoice
    from bglint.rules.description import Description


@click.command("rule", short_help="Explain a rule.")
@click.argument("code", required=False, shell_complete=complete_codes)
@click.option("--all", "all_rules", is_flag=True, help="Explain every rule.")
@click.option(
    "--output-format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    help="How to print [text].",
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="When to use colour [auto]."
)
def command(
    code: str | None, *, all_rules: bool, output_format: Literal["text", "json", "markdown"], color: ColorChoice
) -> int:
    """Explain the rule CODE: what it does, why that is bad, an example, what to use instead."""
    from bglint.rules.description import descriptions  # noqa: PLC0415 - not needed for --help

    if all_rules == (code is not None):
        raise click.UsageError("give the code of a rule, such as BG101, or --all")
    rules = descriptions() if code is None else [_find(code)]
    if output_format == "json":
        values = [_value(rule) for rule in rules]
        write_lines([json.dumps(values if all_rules else values[0], indent=2)])
    elif output_format == "markdown" or not wants_color(color, sys.stdout):
        write_lines(["\n\n".join(map(_markdown, rules))])
    else:
        _print_styled(rules)
    return FOUND_NOTHING


def _find(wanted: str) -> Description:
    """Return the rule of that code or name."""
    from bglint.rules.description import description, descriptions  # noqa: PLC0415

    found = description(wanted.upper()) or description(wanted.lower())
    if found is not None:
        return found
    from bglint.settings.errors import did_you_mean  # noqa: PLC0415 - not needed where all goes well

    rules = descriptions()
    names = [*(rule.code for rule in rules), *(rule.name for rule in rules)]
    hint = did_you_mean(wanted.upper(), names) or did_you_mean(wanted.lower(), names) or "; see `bglint rule --all`"
    raise click.UsageError(f"no rule {wanted!r}{hint}")


def _markdown(rule: Description) -> str:
    notes = ["It is in preview: `--select` it by its full code, or set `preview = true`."] if rule.preview else []
    notes += [f"Fix: {rule.fixable}."] if rule.fixable else []
    return "\n\n".join([f"# {rule.name} ({rule.code})", *notes, rule.documentation.strip()])


def _value(rule: Description) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "summary": rule.summary,
        "documentation": rule.documentation,
        "preview": rule.preview,
        "fixable": rule.fixable,
    }


def _print_styled(rules: Sequence[Description]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.markdown import Markdown  # noqa: PLC0415

    never_fail_to_encode(sys.stdout)
    console = Console(force_terminal=True, width=min(terminal_width(sys.stdout) or 100, 100))
    for rule in rules:
        console.print(Markdown(_markdown(rule)))
