"""The store: one SQLite file, which several processes may use at once; what is wrong with it is a miss."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
import zlib
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

MAX_BYTES: Final = 64 << 20
"""How much the entries may take together; those that were used longest ago go first."""
_MAX_ENTRY_BYTES: Final = 512 << 20
_WAIT_S: Final = 2.0
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS entries(key TEXT PRIMARY KEY, used REAL, digest BLOB, data BLOB)"
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is bglint's cache and may be deleted.\n"


class Store:
    """The entries in a folder, which is made when the first is written."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._path = self._folder / "reports.sqlite"

    def get(self, key: str) -> Any:
        """The value of a key as JSON has it; None where there is none that is whole."""
        if not self._path.is_file():
            return None
        return self._use(lambda database: _read(database, key))

    def put(self, key: str, value: Any) -> None:
        """Keep a value; where that cannot be done, there is one the less."""
        data = zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 1)
        if len(data) > MAX_BYTES or not self._make_folder():
            return
        self._use(lambda database: _write(database, key, data))

    def _make_folder(self) -> bool:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
                path = self._folder / name
                if not path.exists():
                    path.write_text(text, encoding="ascii")
        except OSError as error:
            logger.debug("no cache: %s", error)
            return False
        return True

    def _use(self, use: Callable[[sqlite3.Connection], Any]) -> Any:
        """Do something with the database; a file that is none is taken away, and any fault gives None."""
        try:
            with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT_S)) as database, database:
                database.execute(_SCHEMA)
                return use(database)
        except sqlite3.OperationalError as error:
            logger.debug("cache not used: %s", error)
        except (sqlite3.DatabaseError, zlib.error, ValueError, RecursionError) as error:
            logger.debug("cache thrown away: %s", error)
            with contextlib.suppress(OSError):
                self._path.unlink()
        return None


def _read(database: sqlite3.Connection, key: str) -> Any:
    row = database.execute("SELECT digest, data FROM entries WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    digest, data = row
    if not isinstance(data, bytes) or sha256(data).digest() != digest:
        return None
    with contextlib.suppress(sqlite3.OperationalError):  # where nothing can be written, it can be read still
        database.execute("UPDATE entries SET used = ? WHERE key = ?", (time.time(), key))
    return json.loads(zlib.decompressobj().decompress(data, _MAX_ENTRY_BYTES))


def _write(database: sqlite3.Connection, key: str, data: bytes) -> None:
    entry = (key, time.time(), sha256(data).digest(), data)
    database.execute("INSERT OR REPLACE INTO entries VALUES(?, ?, ?, ?)", entry)
    total = 0
    for other, size in database.execute("SELECT key, length(data) FROM entries ORDER BY used DESC").fetchall():
        total += size
        if total > MAX_BYTES:
            database.execute("DELETE FROM entries WHERE key = ?", (other,))
