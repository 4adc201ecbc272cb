"""Speaks to the language server's half of a conversation in this process, without an analysis behind it."""

from __future__ import annotations

import asyncio
import io
import json
import re
from contextlib import suppress
from typing import Any, Final

from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from bglint.language_server.wire import Protocol, converse

_CONVERTER: Final = default_converter()  # type: ignore[no-untyped-call]
_HEADER: Final = re.compile(rb"Content-Length: (\d+)\r\nContent-Type: [^\r\n]+\r\n\r\n")


class _Stdout(io.BytesIO):
    """What was written can be read after it was closed."""

    written = b""

    def close(self) -> None:
        self.written = self.getvalue()
        super().close()


def framed(message: object) -> bytes:
    """A message as it is sent: its bytes, or what is written as JSON."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def request(number: int | str, method: str, params: object = None) -> dict[str, Any]:
    """A request; `params` may be what no server expects."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def started() -> bytes:
    """What every client says first."""
    capabilities: dict[str, Any] = {"capabilities": {}, "processId": None, "rootUri": None}
    return framed(request("first", "initialize", capabilities)) + framed(
        {"jsonrpc": "2.0", "method": "initialized", "params": {}}
    )


def read(said: bytes) -> list[dict[str, Any]]:
    """The messages that a server has written; an `AssertionError` where there is anything between them."""
    found = []
    while said:
        header = _HEADER.match(said)
        assert header, said[:200]
        end = header.end() + int(header[1])
        found.append(json.loads(said[header.end() : end]))
        said = said[end:]
    return found


def answered(said: bytes) -> list[dict[str, Any]]:
    """What the server says to all that a client says."""
    server = LanguageServer("fuzzed", "1", protocol_cls=Protocol, converter_factory=lambda: _CONVERTER)
    protocol = server.protocol
    assert isinstance(protocol, Protocol)
    stdout = _Stdout()
    with suppress(SystemExit):
        asyncio.run(converse(protocol, io.BytesIO(said), stdout))
    return read(stdout.written if stdout.closed else stdout.getvalue())
