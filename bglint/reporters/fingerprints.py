"""What stays the same of a finding while lines move: its rule, its target and the symbols of its trace."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.diagnostics import Diagnostic


def fingerprinted(diagnostics: Iterable[Diagnostic]) -> Iterator[tuple[Diagnostic, str]]:
    """Yield each finding with its fingerprint; equal ones of a file are told apart by their order in it."""
    seen: Counter[tuple[str, str]] = Counter()
    for diagnostic in diagnostics:
        subject = "\0".join((diagnostic.code, diagnostic.target, *(step.symbol for step in diagnostic.trace)))
        occurrence = seen[diagnostic.span.filename, subject]
        seen[diagnostic.span.filename, subject] += 1
        digest = hashlib.sha256(f"{subject}\0{occurrence}".encode("utf-8", "surrogatepass"))
        yield diagnostic, digest.hexdigest()[:32]
