"""A progress bar for runs of more than a second, on a terminal alone."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

_DELAY_S: Final = 1.0


class _Bar:
    """Shows how far a run is; rich is imported when the first second is over."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Take note of how many files are done."""
        if self._shown is None:
            if time.monotonic() - self._started < _DELAY_S:
                return
            self._shown = self._show(total)
        bar, task = self._shown
        bar.update(task, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._shown[0].stop()

    @staticmethod
    def _show(total: int) -> tuple[Progress, TaskID]:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

        columns = (TextColumn("Analysing"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task("", total=total)


@contextlib.contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Give what the engine is to call with (done, total); None where nobody would see it."""
    if not enabled or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()
