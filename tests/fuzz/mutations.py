"""Ways to spoil a file of Python: by bytes, by tokens, by lines."""

from __future__ import annotations

import io
import tokenize
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

WORDS: Final = (
    b"(", b")", b"[", b"]", b"{", b"}", b":", b",", b".", b"=", b"*", b"**", b"->", b"@", b"\n",
    b"\\\n", b"\x00", b"\r",
    b"\t", b"\x0c", b'"""', b"f'{", b"}'", b"async ", b"await ", b"lambda: ", b"yield ", b"def f(", b"class C:",
    b"import ",
    b"from . import *", b"match x:\n", b"type X = ", b"except* ", b":=", b"...", b"\xff",
    b"\xed\xa0\x80", "naïve".encode(),
    b"# bglint: ignore[", b"# noqa: ", b"background_tasks.add_task(", b"BackgroundTask(", b"# -*- coding: utf-7 -*-",
    b"9" * 5000, b"0x", b"1_", b"\xef\xbb\xbf", b"global ", b"del ", b"self.", b"tasks", b"t'{", b"None", b"__init__",
)  # fmt: skip
"""What is put in: the words that mean something to a parser or to bglint."""


def mutated(text: bytes, chance: random.Random) -> bytes:
    """Return `text` with one to four spoilt places."""
    for _ in range(chance.randint(1, 4)):
        text = chance.choice(MUTATIONS)(text, chance)
    return text


def _bytes(text: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(text))
    end = min(len(text), start + chance.choice((0, 1, 1, 2, 10, 200)))
    return text[:start] + chance.choice((b"", chance.choice(WORDS), chance.randbytes(2))) + text[end:]


def _lines(text: bytes, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    if not lines:
        return chance.choice(WORDS)
    here, there = chance.randrange(len(lines)), chance.randrange(len(lines))
    kind = chance.randrange(5)
    if kind == 0:
        del lines[here]
    elif kind == 1:
        lines[here], lines[there] = lines[there], lines[here]
    elif kind == 2:
        lines.insert(there, lines[here])
    elif kind == 3:
        lines[here] = b"    " + lines[here]
    else:
        lines[here] = lines[here].removeprefix(b"    ")
    return b"".join(lines)


def _tokens(text: bytes, chance: random.Random) -> bytes:
    """Put one token in another's place, twice it, or leave it out; what cannot be tokenized loses its second half."""
    try:
        source = text.decode()
        tokens = [each for each in tokenize.generate_tokens(io.StringIO(source).readline) if each.string.strip()]
    except (SyntaxError, ValueError, tokenize.TokenError):
        return text[: len(text) // 2]
    if not tokens:
        return text
    chosen, other = chance.choice(tokens), chance.choice(tokens)
    lines = source.splitlines(keepends=True)
    row, column = chosen.start
    end_row, end_column = chosen.end
    if end_row > len(lines):
        return text
    before = "".join(lines[: row - 1]) + lines[row - 1][:column]
    after = lines[end_row - 1][end_column:] + "".join(lines[end_row:])
    new = chance.choice(
        ("", other.string, f"{chosen.string} {chosen.string}", f"({chosen.string})", f"{other.string}.")
    )
    return (before + new + after).encode()


MUTATIONS: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (_bytes, _lines, _tokens)
