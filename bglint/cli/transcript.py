"""What a command prints, kept while it runs, so that the next need not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bglint.cache.answers import Looked, Reference


class Transcript:
    """What was printed so far, and what it rests on."""

    def __init__(self) -> None:
        self.given: object = None
        """All that the output depends on beside files; None where that was not asked."""
        self.looked: Looked | None = None
        """What has changed since the same was printed before; of use to the first run alone."""
        self.begin()

    def begin(self) -> None:
        """Begin anew: a command runs."""
        self.printed: list[tuple[str, str]] = []
        """What went to `out` and to `err`."""
        self.encoding = ""
        """That of stdout, where it is not the terminal's."""
        self.reference: Reference | None = None
        """The run that found it."""
        self.may_be_kept = False
        """Whether it depends on nothing but what was given, and that run."""

    def out(self, text: str) -> None:
        """Take note of what goes to stdout."""
        self.printed.append(("out", text))

    def err(self, text: str) -> None:
        """Take note of what goes to stderr."""
        self.printed.append(("err", text))


transcript = Transcript()
"""That of the command that runs."""
