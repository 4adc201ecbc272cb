"""Which files may register a task, told by their bytes: nothing is parsed that does not hold the words for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALTERNATIVES: Final = (
    (b"add_task",), (b"BackgroundTask",), (b"add_background_task",), (b"background_tasks", b"create"),
    (b"background_tasks", b"nicegui"), (b"flask_executor",), (b"lilya", b"Task"), (b"aiojobs", b"spawn"),
    (b"spawn_callback",), (b"falcon", b"schedule"),
)  # fmt: skip
"""What a file holds that registers a task: all words of one of these, whatever the framework's names are aliased to."""
_EXACTLY: Final = {
    b"add_task": rb"\badd_task\b", b"add_background_task": rb"\badd_background_task\b",
    b"spawn_callback": rb"\bspawn_callback\b", b"create": rb"\bbackground_tasks\s*\.\s*create\b",
    b"create_task": rb"\bcreate_task\b", b"ensure_future": rb"\bensure_future\b",
}  # fmt: skip
"""How its code holds some of them."""
_PREVIEW: Final = ((b"create_task",), (b"ensure_future",))
_GATES: Final = (b"ask", b"_task", b"Task", b"spawn", b"schedule")
"""Parts of these words that are searched for before them, each with what came before it: they are in few files, and
three searches settle most files, where one for each word takes thrice the time."""

Tree = dict[bytes, "Tree"]
"""Words, each with those one of which has to be there as well; none, if it is enough by itself."""

_TEXT: Final = re.compile(
    rb'"""[^"\\]*+(?:(?:\\.|"(?!""))[^"\\]*+)*+(?:"""|(?P<open1>\Z))'
    rb"|'''[^'\\]*+(?:(?:\\.|'(?!''))[^'\\]*+)*+(?:'''|(?P<open2>\Z))"
    rb'|"(?P<short1>[^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"'
    rb"|'(?P<short2>[^'\\\n]*+(?:\\.[^'\\\n]*+)*+)'|\#[^\r\n]*",
    re.DOTALL,
)
"""A string in three quotes, which may be left open, a string in one, or a comment.

Each alternative begins with a character of its own: `re` tries none of them where there is none of these.
"""
_SHORT: Final = ("short1", "short2")


class Words:
    """The words of the known forms of registration, and of those that a configuration adds."""

    def __init__(self, methods: Iterable[str] = (), *, preview: bool = False) -> None:
        """`methods` are the names of further calls that register; `preview` adds the forms that are in preview."""
        further = tuple((method.encode(),) for method in dict.fromkeys(methods)) + (_PREVIEW if preview else ())
        self._alternatives = _ALTERNATIVES + further
        self._tree: Tree = {}
        for words in self._alternatives:
            below = self._tree
            gates = [gate for gate in _GATES if any(gate in word for word in words)]
            for word in dict.fromkeys((*gates, *words, b"")):  # every text holds the last, which ends a way
                below = below.setdefault(word, {})
        every = {word for words in self._alternatives for word in words}
        self._exactly = {word: re.compile(_EXACTLY.get(word, re.escape(word))) for word in every}

    def may_register(self, text: bytes | bytearray, size: int | None = None) -> bool:
        """Whether the first `size` bytes of a text, by default all, hold what a file that registers a task holds."""
        end = len(text) if size is None else size
        return _holds_one(self._tree, text, end) and self._registers(without_texts(text[:end]))

    def _registers(self, code: bytes | None) -> bool:
        return code is None or any(all(self._exactly[w].search(code) for w in words) for words in self._alternatives)


def _holds_one(tree: Tree, text: bytes | bytearray, end: int) -> bool:
    """Whether the text holds all words of one way down the tree."""
    for word, below in tree.items():
        if text.find(word, 0, end) >= 0 and (not below or _holds_one(below, text, end)):
            return True
    return False


def without_texts(text: bytes | bytearray) -> bytes | None:
    """A file's text without its comments and its strings in three quotes, in which a word registers nothing.

    Other strings stay: an annotation may be one. None where a string is left open, so that it is uncertain what is one.
    """
    parts: list[bytes | bytearray] = []
    at = 0
    for match in _TEXT.finditer(text):
        if match.lastgroup in _SHORT:
            continue
        if match.lastgroup is not None:
            return None
        parts.append(text[at : match.start()])
        at = match.end()
    parts.append(text[at:])
    return b" ".join(parts)
