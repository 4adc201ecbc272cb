"""The store: one SQLite file, which several processes may use at once; what is wrong with it is a miss."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import time
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from bglint.cache import note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FILE: Final = "runs.sqlite"
MAX_BYTES: Final = 128 << 20
"""How much the runs may take together; those that were used longest ago go first."""
MAX_ANSWERS: Final = 64
"""How many answers are kept; the oldest go first."""
_WAIT_S: Final = 2.0
_USED_S: Final = 3600
"""How exactly it is noted when a run was used: reading is not to write each time."""
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS runs(key TEXT PRIMARY KEY, used REAL, size INTEGER, made TEXT, checksum INTEGER,"
    " head BLOB, marks BLOB, names BLOB, content INTEGER, report BLOB, outcomes BLOB)",
    "CREATE TABLE IF NOT EXISTS answers(given TEXT PRIMARY KEY, key TEXT, made TEXT, checksum INTEGER, printed BLOB)",
)
_TAG: Final = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is bglint's cache and may be deleted.\n"


T = TypeVar("T")


class Entry(NamedTuple):
    """What is kept of a run: which one it is, what it rests on (`head`, `marks`, `names`), and what it found."""

    made: str
    head: bytes
    marks: bytes
    names: bytes
    report: bytes = b""
    outcomes: bytes = b""

    @property
    def ground(self) -> tuple[bytes, bytes, bytes]:
        """What the run rests on."""
        return self.head, self.marks, self.names


class Found(NamedTuple):
    """An answer, the key of the run that it rests on, and of that run what it rests on."""

    key: str
    entry: Entry
    printed: bytes


class Store:
    """The runs and answers in a folder, which is made when it is needed first."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._path = os.path.join(folder, FILE)

    def prepare(self) -> bool:
        """Make the folder where there is none; tell whether that could be done."""
        if os.path.islink(self.folder):  # a project may not have us write elsewhere
            note("no cache: %s is a link", self.folder)
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
            note("no cache: %s", error)
            return False
        return True

    def get(self, key: str) -> Entry | None:
        """The run of a key; None where there is none that is whole."""

        def read(database: sqlite3.Connection) -> Entry | None:
            row = database.execute(
                "SELECT used, checksum, content, made, head, marks, names, report, outcomes FROM runs WHERE key = ?",
                (key,),
            ).fetchone()
            if row is None:
                return None
            entry = Entry(*row[3:])
            if _checksum(entry.ground) != row[1] or _checksum((entry.report, entry.outcomes)) != row[2]:
                return None
            _note_use(database, key, row[0])
            return entry

        return self._read(read)

    def answer(self, given: str) -> Found | None:
        """The answer to a command line, with the run that it rests on."""

        def read(database: sqlite3.Connection) -> Found | None:
            row = database.execute(
                "SELECT used, runs.key, answers.checksum, printed, runs.checksum, runs.made, head, marks, names"
                " FROM answers JOIN runs ON runs.key = answers.key AND runs.made = answers.made WHERE given = ?",
                (given,),
            ).fetchone()
            if row is None or _checksum([row[3]]) != row[2] or _checksum(row[6:]) != row[4]:
                return None
            _note_use(database, row[1], row[0])
            return Found(row[1], Entry(*row[5:]), row[3])

        return self._read(read)

    def content(self, key: str, made: str) -> tuple[bytes, bytes] | None:
        """The report and the outcomes of a run; None where it has been replaced since."""

        def read(database: sqlite3.Connection) -> tuple[bytes, bytes] | None:
            row = database.execute(
                "SELECT content, report, outcomes FROM runs WHERE key = ? AND made = ?", (key, made)
            ).fetchone()
            return (row[1], row[2]) if row is not None and _checksum(row[1:]) == row[0] else None

        return self._read(read)

    def put(self, key: str, entry: Entry) -> None:
        """Keep a run; where that cannot be done, there is one the less."""
        size = sum(map(len, entry))
        content = entry.report, entry.outcomes
        row = key, time.time(), size, entry.made, _checksum(entry.ground), *entry.ground, _checksum(content), *content

        def write(database: sqlite3.Connection) -> None:
            database.execute("INSERT OR REPLACE INTO runs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            total = 0
            for other, size in database.execute("SELECT key, size FROM runs ORDER BY used DESC").fetchall():
                total += size
                if total > MAX_BYTES:
                    database.execute("DELETE FROM runs WHERE key = ?", (other,))
            database.execute("DELETE FROM answers WHERE made NOT IN (SELECT made FROM runs)")

        if size <= MAX_BYTES:
            self._write(write)

    def put_ground(self, key: str, made: str, ground: tuple[bytes, bytes, bytes]) -> None:
        """Keep what a run rests on, which is the same still, with other times."""
        row = (_checksum(ground), *ground, key, made)
        statement = "UPDATE runs SET checksum = ?, head = ?, marks = ?, names = ? WHERE key = ? AND made = ?"
        self._write(lambda database: database.execute(statement, row))

    def put_answer(self, given: str, key: str, made: str, printed: bytes) -> None:
        """Keep an answer that rests on a run."""
        row = given, key, made, _checksum([printed]), printed

        def write(database: sqlite3.Connection) -> None:
            database.execute("INSERT OR REPLACE INTO answers VALUES(?, ?, ?, ?, ?)", row)
            database.execute(
                "DELETE FROM answers WHERE rowid NOT IN (SELECT rowid FROM answers ORDER BY rowid DESC LIMIT ?)",
                (MAX_ANSWERS,),
            )

        self._write(write)

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

    def _read(self, read: Callable[[sqlite3.Connection], T | None]) -> T | None:
        if not self._is_ours():
            return None
        try:
            with contextlib.closing(self._connection()) as database:
                return read(database)
        except (sqlite3.Error, TypeError, ValueError) as error:
            note("cache not used: %s", error)
        return None

    def _write(self, write: Callable[[sqlite3.Connection], object]) -> None:
        """Write, and where the file is no database of ours, take it away and write once more."""
        if not self.prepare():
            return
        if os.path.lexists(self._path) and not self._is_ours():
            note("no cache: %s is no file of ours", self._path)
            return
        if not self._could_write(write):
            for suffix in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(OSError):
                    os.unlink(self._path + suffix)
            self._could_write(write)

    def _could_write(self, write: Callable[[sqlite3.Connection], object]) -> bool:
        """Write; tell whether the file is a database of ours, or cannot be written at all."""
        try:
            with contextlib.closing(self._connection()) as database, database:
                # What a power cut leaves half-written fails its checksum, and the disk need not be waited for.
                database.execute("PRAGMA synchronous = OFF")
                for statement in _SCHEMA:
                    database.execute(statement)
                write(database)
        except sqlite3.Error as error:
            note("cache not written: %s", error)
            return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode != sqlite3.SQLITE_ERROR
        return True


def _checksum(parts: Iterable[Any]) -> int:
    """What tells that all parts are as they were written; raises `TypeError` where one is not bytes."""
    value = 0
    for part in parts:
        value = zlib.crc32(part, value)
    return value


def _note_use(database: sqlite3.Connection, key: str, used: float) -> None:
    if abs(time.time() - used) > _USED_S:
        with contextlib.suppress(sqlite3.Error), database:  # where nothing can be written, it can be read still
            database.execute("UPDATE runs SET used = ? WHERE key = ?", (time.time(), key))
