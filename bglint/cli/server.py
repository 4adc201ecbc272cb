"""`bglint server`: the language server, for editors."""

from __future__ import annotations

import click


@click.command("server", short_help="Speak the Language Server Protocol, for editors.")
def command() -> int:
    """Speak the Language Server Protocol on stdin and stdout, for an editor that starts this command.

    Ends with 0 after the editor's `shutdown`, with 1 where it left without one.
    """
    try:
        from bglint.language_server.features import serve  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        raise click.ClickException("the language server needs pygls; run `pip install 'bglint[lsp]'`") from error
    return serve()
