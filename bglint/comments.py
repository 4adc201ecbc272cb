"""What comments say to bglint: `# bglint: ignore[…]`, `ignore-file`, `light`, `heavy`, and `# noqa`."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from bglint.diagnostics import Edit, Position

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

SuppressionKind = Literal["ignore", "ignore-file", "noqa"]

# A noqa of other tools' codes alone is none of our business, and does not make a file worth tokenizing.
_WORTH_READING = re.compile(r"#\s*(?:bglint\s*:|noqa\b(?!\s*:)|noqa\s*:[^#\n]*BG\d)", re.IGNORECASE)
_DIRECTIVE = re.compile(
    r"#\s*bglint\s*:\s*(?P<word>[\w-]*)\s*(?P<list>\[(?P<codes>[^\]#]*)\])?(?P<rest>[^#]*)", re.IGNORECASE
)
_MISPLACED_CODES = re.compile(r"\s*:?\s*(?:\[|BG\d)", re.IGNORECASE)
_NOQA = re.compile(
    r"#\s*noqa\b(?P<colon>\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*\b)?)?[^#]*", re.IGNORECASE
)
_OUR_CODE = re.compile(r"BG\d*")
_SEPARATOR = re.compile(r"[,\s]+")
_ABOUT_COMMENTS: Final = ("BG902", "BG903")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment that silences findings.

    `codes` are the codes and prefixes as written, in capitals; empty for a comment that silences everything.
    A noqa's codes of other tools are `foreign`. `start` and `end` enclose the comment, or its part that is meant.
    """

    kind: SuppressionKind
    codes: tuple[str, ...]
    start: Position
    end: Position
    text: str
    whole_line: bool
    """Nothing but this comment stands on the line."""
    lead: str
    """The blanks before the comment, which go with it when it is removed."""
    names_rules: bool = True
    """False for `ignore[]` and the like, which means to name rules and names none."""
    foreign: tuple[str, ...] = ()

    @property
    def row(self) -> int:
        """The row that the comment stands on."""
        return self.start.row

    @property
    def is_blanket(self) -> bool:
        """Whether everything is silenced."""
        return not self.codes and self.names_rules

    def silences(self, code: str) -> bool:
        """Tell whether a finding of the rule `code` is silenced; those about comments only where named."""
        if self.is_blanket:
            return code not in _ABOUT_COMMENTS
        return any(code.startswith(prefix) for prefix in self.codes)

    def edit_without(self, unused: Collection[str]) -> Edit:
        """Return the edit that takes the `unused` codes out of the comment, and with the last of them the comment."""
        if self.foreign or not set(self.codes) <= set(unused):
            return Edit(_with_codes(self.text, unused), self.start, self.end)
        if self.whole_line:
            return Edit("", Position(self.row, 1), Position(self.row + 1, 1))
        return Edit("", Position(self.row, self.start.column - len(self.lead)), self.end)


@dataclass(frozen=True, slots=True)
class Suppressions:
    """All that the comments of one file say to bglint."""

    comments: tuple[Suppression, ...] = ()
    invalid: tuple[Suppression, ...] = ()
    """Comments that name no rule, or say a word that bglint does not know."""
    light_rows: frozenset[int] = frozenset()
    heavy_rows: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, source: str) -> Suppressions:
        """Read the comments of a file's text; what looks like one inside a string is none."""
        if _WORTH_READING.search(source) is None:
            return _NOTHING
        found: list[Suppression] = []
        rows: dict[str, set[int]] = {"light": set(), "heavy": set()}
        for comment in _comments(source):
            for part in _DIRECTIVE.finditer(comment.text):
                word = part["word"].lower()
                if word in rows:
                    rows[word].add(comment.row)
                else:
                    found.append(comment.directive(part, word))
            found += [comment.noqa(part) for part in _NOQA.finditer(comment.text) if _concerns_us(part)]
        return cls(
            comments=tuple(comment for comment in found if comment.names_rules),
            invalid=tuple(comment for comment in found if not comment.names_rules),
            light_rows=frozenset(rows["light"]),
            heavy_rows=frozenset(rows["heavy"]),
        )

    def match(self, code: str, first_row: int, last_row: int) -> Suppression | None:
        """Return the comment that silences a finding of `code` on these rows: the most specific one, if any."""
        candidates = [
            comment
            for comment in self.comments
            if comment.silences(code) and (comment.kind == "ignore-file" or first_row <= comment.row <= last_row)
        ]
        return min(candidates, key=_breadth, default=None)

    def unused(self, used: Iterable[tuple[Suppression, str]]) -> Iterator[tuple[Suppression, tuple[str, ...]]]:
        """Yield each comment that was not needed, with the codes that silenced nothing.

        `used` are the comments that `match` returned, each with the code that it silenced. A noqa without codes
        speaks to other tools as well and is never unused.
        """
        silenced: dict[Suppression, set[str]] = {}
        for comment, code in used:
            silenced.setdefault(comment, set()).add(code)
        for comment in self.comments:
            codes = silenced.get(comment, set())
            idle = tuple(prefix for prefix in comment.codes if not any(code.startswith(prefix) for code in codes))
            if idle or (comment.is_blanket and comment.kind != "noqa" and not codes):
                yield comment, idle


_NOTHING: Final = Suppressions()


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment token: where it starts, and what stands before it on its line."""

    text: str
    row: int
    column: int
    before: str

    def directive(self, part: re.Match[str], word: str) -> Suppression:
        """Return what one `# bglint: …` says."""
        codes = tuple(code.upper() for code in _SEPARATOR.split(part["codes"] or "") if code)
        names_rules = bool(codes) if part["list"] else not _MISPLACED_CODES.match(part["rest"])
        valid = names_rules and word in ("ignore", "ignore-file")
        return self._suppression(part, "ignore-file" if word == "ignore-file" else "ignore", codes, names_rules=valid)

    def noqa(self, part: re.Match[str]) -> Suppression:
        """Return what one `# noqa` says to bglint."""
        codes = _noqa_codes(part)
        ours = tuple(filter(_OUR_CODE.fullmatch, codes))
        foreign = tuple(code for code in codes if code not in ours)
        return self._suppression(part, "noqa", ours, names_rules=True, foreign=foreign)

    def _suppression(
        self,
        part: re.Match[str],
        kind: SuppressionKind,
        codes: tuple[str, ...],
        *,
        names_rules: bool,
        foreign: tuple[str, ...] = (),
    ) -> Suppression:
        text = part.group().rstrip()
        before = self.before + self.text[: part.start()]
        start = self.column + part.start()
        return Suppression(
            kind=kind,
            codes=codes,
            start=Position(self.row, start),
            end=Position(self.row, start + len(text)),
            text=text,
            whole_line=not before.strip() and text == self.text[part.start() :].rstrip(),
            lead=before[len(before.rstrip()) :],
            names_rules=names_rules,
            foreign=foreign,
        )


def _comments(source: str) -> list[_Comment]:
    """Return the comments of a file; where it cannot be tokenized, whatever looks like one to the end."""
    try:
        return list(_tokenized_comments(source))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return list(_scanned_comments(source))


def _tokenized_comments(source: str) -> Iterator[_Comment]:
    for token in tokenize.generate_tokens(io.StringIO(source, newline=None).readline):
        if token.type == tokenize.COMMENT:
            row, offset = token.start
            yield _Comment(token.string, row, offset + 1, token.line[:offset])


def _scanned_comments(source: str) -> Iterator[_Comment]:
    for row, line in enumerate(io.StringIO(source, newline=None), start=1):
        if found := _WORTH_READING.search(line):
            offset = found.start()
            yield _Comment(line[offset:].rstrip("\n"), row, offset + 1, line[:offset])


def _concerns_us(part: re.Match[str]) -> bool:
    """Tell whether a noqa silences bglint: one without codes, or with one of ours; one with a broken list does not."""
    return part["colon"] is None or any(map(_OUR_CODE.fullmatch, _noqa_codes(part)))


def _noqa_codes(part: re.Match[str]) -> tuple[str, ...]:
    return tuple(code.upper() for code in _SEPARATOR.split(part["codes"] or "") if code)


def _breadth(comment: Suppression) -> tuple[bool, bool, bool]:
    """Order comments from the narrowest to the broadest."""
    return comment.kind == "ignore-file", comment.is_blanket, comment.kind == "noqa"


def _with_codes(text: str, unused: Collection[str]) -> str:
    """Return the comment's text without the `unused` codes and the separators that stood before or after them."""
    for code in unused:
        text, first = re.subn(rf"\b{code}\b[,\s]+(?=[A-Z]+\d)", "", text, count=1, flags=re.IGNORECASE)
        if not first:
            text = re.sub(rf"[,\s]+{code}\b", "", text, count=1, flags=re.IGNORECASE)
    return text
