"""What tells this bglint from any other."""

from __future__ import annotations

import os
import sys
import zlib
from functools import cache

from bglint import __version__

_DATA = "data"
"""The folder of the catalogue's files."""


@cache
def of_bglint() -> list[object]:
    """Its version, its own files, and the Python that runs it.

    Of the catalogue it is told which files there are: what a run reads of them is noted like a project's file.
    """
    waiting, seen = [os.path.dirname(os.path.dirname(__file__))], []
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py") or entry.name == _DATA:
                    found = entry.stat()
                    seen.append((entry.path, found.st_mtime_ns, found.st_size))
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    waiting.append(entry.path)
    return [__version__, sys.version, zlib.crc32(repr(sorted(seen)).encode("utf-8", "surrogateescape"))]
