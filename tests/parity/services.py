"""The other systems: an HTTP, an HTTPS, an SMTP and an IMAP server, as far away as the internet is.

    python -m tests.parity.services FOLDER

Prints one line of JSON when all listen: the port of each by the port it stands for. `FOLDER/ca.pem` is the authority
that the certificate is signed by. Ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trustme
import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

FAR_S: Final = 0.2
"""Seconds that a server of somebody else takes to answer."""
MODEL_S: Final = 1.5
"""Seconds that a language model takes to answer."""


async def answer(_request: Request) -> JSONResponse:
    await asyncio.sleep(FAR_S)
    return JSONResponse({"ok": True, "score": 0.5, "title": "<title>page</title>", "ids": ["1"]})


async def complete(_request: Request) -> JSONResponse:
    await asyncio.sleep(MODEL_S)
    message = {"role": "assistant", "content": "short"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return JSONResponse({
        "id": "1", "object": "chat.completion", "created": 0, "model": "m", "usage": usage,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    })  # fmt: skip


async def write(_request: Request) -> JSONResponse:
    await asyncio.sleep(MODEL_S)
    return JSONResponse({
        "id": "1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "short"}], "usage": {"input_tokens": 1, "output_tokens": 1},
    })  # fmt: skip


async def respond(_request: Request) -> JSONResponse:
    await asyncio.sleep(MODEL_S)
    text = {"type": "output_text", "text": "short", "annotations": []}
    return JSONResponse({
        "id": "1", "object": "response", "created_at": 0, "model": "m", "parallel_tool_calls": False, "tools": [],
        "tool_choice": "auto",
        "output": [{"id": "1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}],
    })  # fmt: skip


METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
APP: Final = Starlette(routes=[
    Route("/v1/chat/completions", complete, methods=METHODS),
    Route("/v1/responses", respond, methods=METHODS),
    Route("/v1/messages", write, methods=METHODS),
    Route("/{path:path}", answer, methods=METHODS),
])  # fmt: skip


class Postbox:
    """Takes every message, after some time."""

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        await asyncio.sleep(FAR_S)
        return "250 OK"


async def mailbox(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say yes to all that is asked by IMAP."""
    writer.write(b"* OK ready\r\n* CAPABILITY IMAP4rev1\r\n")
    while line := await reader.readline():
        writer.write(b"* CAPABILITY IMAP4rev1\r\n" + line.split()[0] + b" OK done\r\n")
    writer.close()


def listening() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(128)
    return bound


async def main(folder: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = authority.issue_cert(
        "*.example.com",
        "example.org",
        "*.openai.com",
        "*.anthropic.com",
        "localhost",
    )
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    plain, secure = listening(), listening()
    servers = [
        uvicorn.Server(uvicorn.Config(APP, log_level="error")),
        uvicorn.Server(uvicorn.Config(APP, log_level="error", ssl_certfile=str(folder / "server.pem"))),
    ]
    loop = asyncio.get_running_loop()
    post = await loop.create_server(lambda: SMTP(Postbox(), hostname="localhost"), "127.0.0.1", 0)
    mail = await asyncio.start_server(mailbox, "127.0.0.1", 0)
    running = [loop.create_task(server.serve([bound])) for server, bound in zip(servers, (plain, secure), strict=True)]
    while not all(server.started for server in servers):
        await asyncio.sleep(0.01)
    ports = {"80": plain, "8288": plain, "443": secure, "25": post.sockets[0], "143": mail.sockets[0]}
    print(json.dumps({number: bound.getsockname()[1] for number, bound in ports.items()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    post.close()
    mail.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
