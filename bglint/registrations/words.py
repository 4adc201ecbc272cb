"""Which files may register a task, told by their bytes: nothing is parsed that does not hold the words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALTERNATIVES: Final = (
    (b"add_task",), (b"BackgroundTask",), (b"add_background_task",), (b"background_tasks",), (b"flask_executor",),
    (b"lilya", b"Task"), (b"aiojobs", b"spawn"), (b"spawn_callback",), (b"falcon", b"schedule"),
)  # fmt: skip
"""What a file holds that registers a task: all words of one of these, whatever the framework's names are aliased to."""
_PREVIEW: Final = ((b"create_task",), (b"ensure_future",))
_GATES: Final = (b"ask", b"spawn", b"schedule")
"""Each alternative holds one of these: three searches settle nearly every file, where one for each word takes thrice
the time."""


class Words:
    """The words of the known forms of registration, and of those that a configuration adds."""

    def __init__(self, methods: Iterable[str] = (), *, preview: bool = False) -> None:
        """`methods` are the names of further calls that register; `preview` adds the forms that are in preview."""
        further = tuple((method.encode(),) for method in dict.fromkeys(methods)) + (_PREVIEW if preview else ())
        self._alternatives = _ALTERNATIVES + further
        self._gates = _GATES + tuple(words[0] for words in further if not any(gate in words[0] for gate in _GATES))

    def may_register(self, text: bytes | bytearray, size: int | None = None) -> bool:
        """Whether the first `size` bytes of a text, by default all, hold what a file that registers a task holds."""
        end = len(text) if size is None else size
        find = text.find
        for gate in self._gates:
            if find(gate, 0, end) >= 0:
                return any(all(find(word, 0, end) >= 0 for word in words) for words in self._alternatives)
        return False
