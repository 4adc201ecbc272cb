"""Parsing with the standard library's `ast`, of newer syntax too.

`ast` reads only what the running interpreter reads. Where it refuses, the constructs of later versions are
rewritten in place, keeping every row and (but for an `except A, B:`) every column, and it is asked again:

- PEP 695, 696: type parameters are blanked, `type X = …` becomes an assignment;
- PEP 701: an f-string that 3.11 cannot read gets other inner quotes, or else is blanked;
- PEP 750: a template string is read as an f-string;
- PEP 758: `except A, B:` gets its parentheses;
- PEP 798: `[*x for x in y]` loses its star; PEP 810: `lazy import` loses its keyword.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from bglint.source import UnreadableSourceError

_SOFT_TYPE = re.compile(r"^(\s*)type(\s+)(?=[^\W\d]\w*\s*[\[=])", re.MULTILINE)
_LAZY = re.compile(r"^(\s*)lazy\s+(import|from)\b", re.MULTILINE)
_HEADER = re.compile(r"\b(?:def|class|type)\s+[^\W\d]\w*\s*(?=\[)|^\s*_ = +[^\W\d]\w*\s*(?=\[)", re.MULTILINE)
_EXCEPT = re.compile(r"^([ \t]*except\*?)([ \t]+)([^\n:()]*,[^\n:]*):", re.MULTILINE)
_STARRED = re.compile(r"[\[({]\s*(\*\*?)")
_FOR = re.compile(r"[\[({\])},]|\bfor\b")


def parse(text: str) -> ast.Module:
    """Parse a module's text; raise `UnreadableSourceError` with row and reason where it is no Python."""
    try:
        return _ast(text)
    except SyntaxError as error:
        first = error
    except RecursionError:
        raise UnreadableSourceError("is nested too deeply to be parsed") from None
    except (ValueError, MemoryError) as error:
        raise UnreadableSourceError(f"cannot be parsed: {error}") from None
    try:
        older = downgrade(text)
        if older != text:
            return _ast(older)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    raise UnreadableSourceError(f"does not parse: {first.msg} (line {first.lineno})")


def _ast(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def downgrade(text: str) -> str:
    """Rewrite the constructs of Python 3.12 to 3.15, so that 3.11's `ast` reads the text with the same rows."""
    strings = _strings(text)
    text = _rewrite_strings(text, strings)
    masked = _mask(text, strings)
    characters = list(text)
    for found in _LAZY.finditer(masked):
        _replace(characters, found.end(1), found.start(2), "")
        keyword = found.group(2)
        _replace(characters, found.end(1), found.end(), keyword.ljust(found.end() - found.end(1)))
    for found in _SOFT_TYPE.finditer(masked):
        _replace(characters, found.end(1), found.end(), "_ =".ljust(found.end() - found.end(1)))
    masked = _mask("".join(characters), strings)
    for found in _HEADER.finditer(masked):
        if (end := _closing(masked, found.end())) is not None:
            _blank(characters, found.end(), end)
    for found in _STARRED.finditer(masked):
        if _precedes_for(masked, found.end()):
            _blank(characters, *found.span(1))
    for found in _EXCEPT.finditer(masked):
        start, end = found.span(3)
        inner = "".join(characters[start:end])
        room = found.end() - 1 - found.end(1)
        wrapped = f"({inner.strip()})"
        if len(wrapped) > room:
            wrapped = "(" + re.sub(r"\s*,\s*", ",", inner.strip()) + ")"
        if len(wrapped) > room:
            wrapped = " " + inner.partition(",")[0]
        _replace(characters, found.end(1), found.end() - 1, wrapped.ljust(room))
    return "".join(characters)


@dataclass(frozen=True, slots=True)
class _String:
    """Where a string literal stands, its prefix, its quotes, and the replacement fields of an f-string."""

    start: int
    end: int
    prefix: str
    quote: str
    inner: tuple[_String, ...] = ()
    fields: tuple[tuple[int, int], ...] = ()


def _strings(text: str) -> list[_String]:
    """The string literals of a text, comments passed over; f-strings with what they nest."""
    found: list[_String] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        elif character in "'\"":
            string = _string(text, at)
            found.append(string)
            at = string.end
        else:
            at += 1
    return found


def _string(text: str, at: int) -> _String:
    """The literal whose first quote stands at `at`."""
    start = at
    while start > 0 and text[start - 1].isalpha() and at - start < 2:
        start -= 1
    prefix = text[start:at].lower()
    if prefix not in {"f", "t", "r", "b", "u", "fr", "rf", "tr", "rt", "br", "rb"} or (
        start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_")
    ):
        start, prefix = at, ""
    quote = text[at : at + 3] if text[at : at + 3] in {"'''", '"""'} else text[at]
    template = "f" in prefix or "t" in prefix
    inner: list[_String] = []
    fields: list[tuple[int, int]] = []
    at += len(quote)
    while at < len(text):
        if text.startswith(quote, at):
            at += len(quote)
            break
        if text[at] == "\\":
            at += 2
        elif template and text[at] == "{":
            if text.startswith("{{", at):
                at += 2
                continue
            end = _field(text, at + 1, inner)
            fields.append((at, end))
            at = end
        elif text[at] == "\n" and len(quote) == 1:
            break
        else:
            at += 1
    return _String(start, at, prefix, quote, tuple(inner), tuple(fields))


def _field(text: str, at: int, inner: list[_String]) -> int:
    """Pass over a replacement field, noting the strings in it; return where it ends."""
    depth = 1
    while at < len(text) and depth:
        character = text[at]
        if character in "'\"":
            string = _string(text, at)
            inner.append(string)
            at = string.end
            continue
        if character == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
            continue
        depth += (character in "{[(") - (character in "}])")
        at += 1
    return at


def _rewrite_strings(text: str, strings: list[_String]) -> str:
    characters = list(text)
    for string in strings:
        if "f" not in string.prefix and "t" not in string.prefix:
            continue
        for offset, letter in enumerate(string.prefix):
            if letter == "t":
                characters[string.start + offset] = "f"
        if not _older_syntax(text, string):
            _swap_or_blank(text, characters, string)
    return "".join(characters)


def _older_syntax(text: str, string: _String) -> bool:
    """Whether 3.11 reads the replacement fields of an f-string."""
    for start, end in string.fields:
        body = text[start:end]
        if "\\" in body or "#" in body or ("\n" in body and len(string.quote) == 1):
            return False
    return not any(string.quote[0] in text[each.start : each.end] for each in string.inner)


def _swap_or_blank(text: str, characters: list[str], string: _String) -> None:
    """Give inner strings the other quotes; where that cannot be done, leave an empty string of the same extent."""
    other = "'" if string.quote[0] == '"' else '"'
    simple = all(
        len(each.quote) == 1 and other not in text[each.start : each.end] and not each.fields for each in string.inner
    )
    plain = not any(
        "\\" in text[s:e] or "#" in text[s:e] or ("\n" in text[s:e] and len(string.quote) == 1)
        for s, e in string.fields
    )
    if simple and plain:
        for each in string.inner:
            for at in range(each.start, each.end):
                if text[at] == each.quote:
                    characters[at] = other
        return
    body = [c if c == "\n" else " " for c in text[string.start : string.end]]
    if len(body) >= 4:
        body[0:3], body[-1] = ["(", '"', '"'], ")"
    else:
        body[-2:] = ['"', '"']
    characters[string.start : string.end] = body


def _mask(text: str, strings: list[_String]) -> str:
    """The text with strings and comments replaced by filler of the same length."""
    characters = list(text)
    for string in strings:
        for at in range(string.start, min(string.end, len(characters))):
            if characters[at] != "\n":
                characters[at] = "_"
    masked = "".join(characters)
    return re.sub(r"#[^\n]*", lambda found: " " * len(found.group()), masked)


def _closing(masked: str, at: int) -> int | None:
    """The end of the bracket that opens at `at`."""
    depth = 0
    for index in range(at, len(masked)):
        depth += (masked[index] in "[({") - (masked[index] in "])}")
        if depth == 0:
            return index + 1
    return None


def _precedes_for(masked: str, at: int) -> bool:
    """Whether what stands at `at` is the element of a comprehension: a `for` comes before the bracket or a comma."""
    depth = 0
    for found in _FOR.finditer(masked, at):
        word = found.group()
        if word in "[({":
            depth += 1
        elif depth == 0:
            return word == "for"
        elif word in "])}":
            depth -= 1
    return False


def _replace(characters: list[str], start: int, end: int, by: str) -> None:
    if by:
        characters[start:end] = list(by)


def _blank(characters: list[str], start: int, end: int) -> None:
    """Fill with spaces; a line break outside brackets needs its backslash."""
    for at in range(start, end):
        if characters[at] == "\n":
            if at > start:
                characters[at - 1] = "\\"
        else:
            characters[at] = " "
