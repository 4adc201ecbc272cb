"""What shells complete beyond commands, options and their choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def complete_codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the codes of rules that go on from what is typed, the last of a list separated by commas."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - for shells alone

    from bglint.rules.description import descriptions  # noqa: PLC0415 - not needed for --help

    del ctx, param
    before, comma, begun = incomplete.rpartition(",")
    return [
        CompletionItem(f"{before}{comma}{rule.code}", help=rule.name)
        for rule in descriptions()
        if rule.code.startswith(begun.upper())
    ]
