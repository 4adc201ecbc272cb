"""The store: one SQLite file, which several processes may use at once; what is wrong with it is a miss."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import stat
import time
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

FILE: Final = "runs.sqlite"
MAX_BYTES: Final = 128 << 20
"""How much the entries may take together; those that were used longest ago go first."""
_WAIT_S: Final = 2.0
_USED_S: Final = 3600
"""How exactly it is noted when an entry was used: reading is not to write each time."""
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS runs(key TEXT PRIMARY KEY, used REAL, size INTEGER, checksum INTEGER, head BLOB,"
    " marks BLOB, names BLOB, report BLOB, outcomes BLOB)"
)
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is bglint's cache and may be deleted.\n"


class Entry(NamedTuple):
    """What is kept of a run, in the parts that are needed one after the other."""

    head: bytes
    marks: bytes
    names: bytes
    report: bytes
    outcomes: bytes

    @property
    def checksum(self) -> int:
        """What tells that all of it was written."""
        value = 0
        for part in self:
            value = zlib.crc32(part, value)
        return value


class Store:
    """The entries in a folder, which is made when it is needed first."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._path = os.path.join(folder, FILE)

    def prepare(self) -> bool:
        """Make the folder where there is none; tell whether that could be done."""
        if os.path.islink(self.folder):  # a project may not have us write elsewhere
            logger.debug("no cache: %s is a link", self.folder)
            return False
        try:
            os.makedirs(self.folder, exist_ok=True)
            for name, text in (("CACHEDIR.TAG", _TAG), (".gitignore", "*\n")):
                with (
                    contextlib.suppress(FileExistsError),
                    open(os.path.join(self.folder, name), "x", encoding="ascii") as file,
                ):
                    file.write(text)
        except OSError as error:
            logger.debug("no cache: %s", error)
            return False
        return True

    def get(self, key: str) -> Entry | None:
        """The entry of a key; None where there is none that is whole."""
        if not self._is_ours():
            return None
        try:
            with contextlib.closing(self._connection()) as database:
                return _read(database, key)
        except (sqlite3.Error, TypeError, ValueError) as error:
            logger.debug("cache not used: %s", error)
        return None

    def put(self, key: str, entry: Entry) -> None:
        """Keep an entry; where that cannot be done, there is one the less."""
        if sum(map(len, entry)) > MAX_BYTES or not self.prepare():
            return
        if os.path.lexists(self._path) and not self._is_ours():
            logger.debug("no cache: %s is no file of ours", self._path)
            return
        if not self._write(lambda database: _write(database, key, entry)):
            self._write(lambda database: _write(database, key, entry))

    def _is_ours(self) -> bool:
        """Whether the database is a file that lies where it should, not a link to one elsewhere."""
        try:
            found = os.lstat(self.folder), os.lstat(self._path)
        except (OSError, ValueError):
            return False
        return stat.S_ISDIR(found[0].st_mode) and stat.S_ISREG(found[1].st_mode)

    def _connection(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_WAIT_S)
        database.execute("PRAGMA trusted_schema = OFF")
        return database

    def _write(self, write: Callable[[sqlite3.Connection], None]) -> bool:
        """Tell whether it was of use to try; a file that is no database of ours is taken away."""
        try:
            with contextlib.closing(self._connection()) as database, database:
                # What a power cut leaves half-written fails its checksum, and the disk need not be waited for.
                database.execute("PRAGMA synchronous = OFF")
                database.execute(_SCHEMA)
                write(database)
        except sqlite3.Error as error:
            is_ours = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR
            logger.debug("cache not written%s: %s", "" if is_ours else ", and thrown away", error)
            if is_ours:
                return True
            for suffix in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    os.unlink(self._path + suffix)
            return False
        return True


def _read(database: sqlite3.Connection, key: str) -> Entry | None:
    row: tuple[Any, ...] | None = database.execute(
        "SELECT used, checksum, head, marks, names, report, outcomes FROM runs WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        return None
    entry = Entry(*row[2:])
    if not all(isinstance(part, bytes) for part in entry) or entry.checksum != row[1]:
        return None
    if abs(time.time() - row[0]) > _USED_S:
        with contextlib.suppress(sqlite3.Error), database:  # where nothing can be written, it can be read still
            database.execute("UPDATE runs SET used = ? WHERE key = ?", (time.time(), key))
    return entry


def _write(database: sqlite3.Connection, key: str, entry: Entry) -> None:
    row = (key, time.time(), sum(map(len, entry)), entry.checksum, *entry)
    database.execute("INSERT OR REPLACE INTO runs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    total = 0
    for other, size in database.execute("SELECT key, size FROM runs ORDER BY used DESC").fetchall():
        total += size
        if total > MAX_BYTES:
            database.execute("DELETE FROM runs WHERE key = ?", (other,))
