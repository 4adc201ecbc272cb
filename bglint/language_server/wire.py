"""The conversation on stdin and stdout: messages are found in the bytes, and one that is none is answered as such.

pygls reads messages by itself as well, but ends with an error where a length is too large, hears nothing more after a
header that it does not know, and leaves a request that it cannot read without an answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from cattrs import ClassValidationError, transform_error
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)
# pygls tells of a message that it cannot read with the traceback; the answer says what is wrong.
logging.getLogger("pygls.protocol.json_rpc").addFilter(lambda record: not record.getMessage().startswith("Unable to d"))

MAX_MESSAGE_BYTES: Final = 256 << 20
"""A message that says to be longer is none; the files that are linted are a quarter of it at the most."""
MAX_LINE_BYTES: Final = 64 << 10
MAX_WAITING: Final = 16
"""How many messages are read ahead."""

_LENGTH: Final = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n\Z", re.IGNORECASE)
"""At the end of a line: what comes before it may be left over from a message without a header."""
_FIELD: Final = re.compile(rb"(?!content-length)[\w-]+[ \t]*:[^\r\n]*\r?\n\Z", re.IGNORECASE)


def messages(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the body of each message. What is no message is skipped, up to the next line that tells a length."""
    length = 0
    is_lost = False
    while line := stream.readline(MAX_LINE_BYTES):
        if (found := _LENGTH.search(line)) is not None and int(found[1]) <= MAX_MESSAGE_BYTES:
            length = int(found[1])
            is_lost &= not length
        elif line.strip():
            if not is_lost and not _FIELD.match(line):
                logger.warning("skipped what is no message: %.80r", line)
                is_lost = True
        elif length:
            yield stream.read(length)
            length = 0


class Protocol(LanguageServerProtocol):
    """The protocol of pygls, with an answer to every request, whatever it looks like."""

    _is_initialized = False

    def take(self, body: bytes) -> None:
        """Handle a message."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._refuse(None, JsonRpcParseError(f"Parse Error: {str(error) or type(error).__name__}"))
            return
        try:
            _check(data)
            if self._is_due(data):
                self.handle_message(self.structure_message(data))
        except JsonRpcException as error:
            is_call = isinstance(data, dict) and "method" in data
            if is_call and "id" not in data:
                logger.warning("ignored %s: %s", data["method"], _reason(error))
            else:
                self._refuse(data["id"] if is_call and _is_id(data["id"]) else None, error)

    def _is_due(self, data: dict[str, Any]) -> bool:
        """Whether a message may come now. Raises `JsonRpcException` for a request that may not."""
        method = data.get("method")
        if method is None or method == types.EXIT:
            return True
        if self._is_initialized == (method == types.INITIALIZE) or self._shutdown:
            if "id" not in data:
                return False
            if not self._is_initialized:
                raise JsonRpcServerNotInitialized
            before = types.SHUTDOWN if self._shutdown else types.INITIALIZE
            raise JsonRpcInvalidRequest(f"Invalid Request: {method} after {before}")
        self._is_initialized = True
        return True

    def _refuse(self, message_id: Any, error: JsonRpcException) -> None:
        answer = {"code": error.code, "message": _reason(error)}
        logger.warning("answered with an error: %s", answer["message"])
        self._send_data({"jsonrpc": self.VERSION, "id": message_id, "error": answer})


def _check(data: Any) -> None:
    """Raise `JsonRpcException` for what is no message."""
    if not isinstance(data, dict):
        raise JsonRpcInvalidRequest("Invalid Request: expected one object")
    if data.get("jsonrpc") != Protocol.VERSION:
        raise JsonRpcInvalidRequest(f'Invalid Request: expected "jsonrpc": "{Protocol.VERSION}"')
    if "method" in data and not isinstance(data["method"], str):
        raise JsonRpcInvalidRequest("Invalid Request: expected a string as method")
    if "id" in data and not (_is_id(data["id"]) or ("error" in data and data["id"] is None)):
        raise JsonRpcInvalidRequest("Invalid Request: expected a string or a whole number as id")


def _reason(error: JsonRpcException) -> str:
    """What is wrong with a message, place by place."""
    cause = error.__cause__
    wrong = transform_error(cause) if isinstance(cause, ClassValidationError) else [str(cause)] if cause else []
    return ": ".join([error.message, *filter(None, ["; ".join(wrong)])])


def _is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


class _Writer:
    """Writes to a client, until it listens no more."""

    def __init__(self, stream: BinaryIO, gone: Callable[[], None]) -> None:
        self._stream = stream
        self._gone = gone
        self._is_gone = False

    def write(self, data: bytes) -> None:
        if not self._is_gone:
            try:
                self._stream.write(data)
                self._stream.flush()
            except OSError:
                self._is_gone = True
                self._gone()

    def close(self) -> None:
        self._is_gone = True
        with suppress(OSError):
            self._stream.close()


async def converse(protocol: Protocol, stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Handle what the client says until it is gone. Raises `SystemExit` with the status that it is told to end with."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[bytes | None] = asyncio.Queue()
    room = threading.Semaphore(MAX_WAITING)

    def listen() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is interested any more
            for body in messages(stdin):
                room.acquire()
                loop.call_soon_threadsafe(heard.put_nowait, body)
            loop.call_soon_threadsafe(heard.put_nowait, None)

    protocol.set_writer(_Writer(stdout, lambda: heard.put_nowait(None)))
    # No executor: Python waits for its threads at the end, and this one may wait for the client.
    threading.Thread(target=listen, name="client", daemon=True).start()
    while (body := await heard.get()) is not None:
        room.release()
        protocol.take(body)
        await asyncio.sleep(0)
