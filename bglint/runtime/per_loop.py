"""Things that belong to one event loop."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One thing for each event loop, made when it is first asked for and dropped some time after the loop is closed.

    No weak references: asyncio's events and semaphores refer to their loop, and would keep it.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._by_loop: dict[asyncio.AbstractEventLoop, T] = {}
        self._lock = threading.Lock()

    def get(self) -> T:
        """Return that of the running event loop; raises RuntimeError where none runs."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        return self._add(loop) if found is None else found

    def _add(self, loop: asyncio.AbstractEventLoop) -> T:
        with self._lock:
            for closed in [known for known in self._by_loop if known.is_closed()]:
                del self._by_loop[closed]
            return self._by_loop.setdefault(loop, self._make())
