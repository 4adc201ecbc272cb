"""Reports that are kept: one for each way in which bglint was called."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bglint import __version__
from bglint.cache.codec import ShapeError, decoded, encoded
from bglint.cache.record import is_unchanged, recording
from bglint.cache.store import Store
from bglint.diagnostics import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

logger = logging.getLogger(__name__)


def cached_report(folder: str, question: object, looked_for: Iterable[str], make: Callable[[], Report]) -> Report:
    """The report that `make` gives, or gave when nothing was other than now.

    `question` is what the report depends on beside files, as JSON has it; `looked_for` are files whose coming into
    being counts although nobody opens them.
    """
    key = sha256(json.dumps([_of_bglint(), os.getcwd(), question], default=repr).encode()).hexdigest()  # noqa: PTH109
    store = Store(folder)
    kept = _kept(store.get(key))
    if kept is not None:
        logger.debug("nothing has changed: the report is that of an earlier run")
        return kept
    started = time.time()
    warned = _Warned()
    logging.getLogger("bglint").addHandler(warned)
    try:
        with recording() as record:
            record.files.update(looked_for)
            report = make()
    finally:
        logging.getLogger("bglint").removeHandler(warned)
    seen = record.seen(started) if not warned.anything else None
    if seen is not None:
        store.put(key, [seen, encoded(report)])
    return report


class _Warned(logging.Handler):
    """Knows whether anything was warned of, which is to be said again the next time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.anything = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a warning."""
        del record
        self.anything = True


def _kept(entry: Any) -> Report | None:
    try:
        seen, report = entry
        if is_unchanged((str(path), str(mark)) for path, mark in seen):
            return decoded(Report, report)  # type: ignore[no-any-return]
    except (ShapeError, TypeError, ValueError):
        pass
    return None


def _of_bglint() -> list[str]:
    """What tells this bglint from any other: its version, its own files, and the Python that runs it."""
    package = Path(__file__).parents[1]
    files = [*package.rglob("*.py"), package / "catalog" / "data"]
    stats = sorted((str(path), path.stat().st_mtime_ns) for path in files)
    return [__version__, sys.version, sha256(repr(stats).encode()).hexdigest()]
