"""Text of one file: decoding as Python does it, and columns as users count them."""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
from functools import cached_property
from typing import TYPE_CHECKING

from bglint.noting import note_file

if TYPE_CHECKING:
    import ast

    from bglint.diagnostics import Position

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"^[ \t\f]*(?:[#\r\n]|$)")


class UnreadableSourceError(Exception):
    """The bytes of a file are not Python source; the message says why, in one line."""


class Source:
    """The decoded text of one file, with its bytes' columns mapped to code points."""

    def __init__(self, filename: str, data: bytes) -> None:
        """Decode `data`; raise `UnreadableSourceError` where Python would refuse it."""
        self.filename = filename
        self.data = data
        self.text = decode(data)

    @cached_property
    def lines(self) -> list[str]:
        """The lines as `ast` counts them: split at line feeds, carriage returns folded into them."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    def position(self, row: int, utf8_column: int) -> Position:
        """The place that `ast` calls (`row`, `utf8_column` from 0, in UTF-8 bytes)."""
        from bglint.diagnostics import Position  # noqa: PLC0415 - a warm run reads bytes, and names no places

        line = self.lines[row - 1] if row <= len(self.lines) else ""
        if line.isascii():
            return Position(row, utf8_column + 1)
        return Position(row, len(line.encode("utf-8")[:utf8_column].decode("utf-8", "ignore")) + 1)

    def segment(self, node: ast.expr) -> str:
        """The text of an expression, line breaks as they stand; columns are `ast`'s, in UTF-8 bytes."""
        last_row, last_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        rows = [line.encode() for line in self.lines[node.lineno - 1 : last_row]]
        rows[-1] = rows[-1][:last_column]
        rows[0] = rows[0][node.col_offset :]
        return b"\n".join(rows).decode("utf-8", "replace")


def read_regular(path: str | os.PathLike[str], limit: int = -1) -> bytes:
    """Return the first `limit` bytes of a regular file, by default all; a pipe or a device is refused, not waited for.

    Raises `OSError` where the file cannot be read, or is none.
    """
    note_file(os.fspath(path))
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 - no path, but a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
        return file.read(limit)


def decode(data: bytes) -> str:
    """Decode source bytes by BOM and coding cookie (PEP 263); UTF-8 where neither is there."""
    if b"\x00" in data:
        raise UnreadableSourceError("holds NUL bytes")
    if data.startswith(codecs.BOM_UTF8):
        data, encoding = data[len(codecs.BOM_UTF8) :], "utf-8"
    else:
        encoding = _declared_encoding(data) or "utf-8"
    try:
        if codecs.lookup(encoding).name == "utf-8":
            return data.decode("utf-8")
        return data.decode(encoding)
    except LookupError:
        raise UnreadableSourceError(f"declares an unknown encoding {encoding!r}") from None
    except (UnicodeError, TypeError, AssertionError, ValueError) as error:
        reason = getattr(error, "reason", str(error))
        raise UnreadableSourceError(f"is not valid {encoding}: {reason}") from None


def _declared_encoding(data: bytes) -> str | None:
    """The coding cookie of the first two lines, if there is one."""
    for line in data[:2048].split(b"\n", 2)[:2]:
        if found := _COOKIE.match(line):
            return found.group(1).decode("ascii", "replace")
        if not _BLANK.match(line):
            return None
    return None
