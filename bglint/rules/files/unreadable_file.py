"""A file that had to be read cannot be decoded or parsed.

## What it does
Fires for a file that may hold a registration, or that a background task leads to, and that is no Python source: bytes
that are not in the declared encoding, NUL bytes, or text that does not parse by any version of Python up to 3.15.

## Why is this bad?
What the file holds is not known: a task in it is not judged, and a task that leads to it is judged without it.

## Example
```python
from fastapi import BackgroundTasks


def upload(background_tasks: BackgroundTasks):
    background_tasks.add_task(print, "received"
```

## Use instead
```python
from fastapi import BackgroundTasks


def upload(background_tasks: BackgroundTasks):
    background_tasks.add_task(print, "received")
```

Or leave the file out with `exclude`.
"""

from __future__ import annotations

from bglint.diagnostics import Confidence, Diagnostic, Position, Span
from bglint.rules.rule import Rule

RULE = Rule("BG901", "unreadable-file", __doc__)


def unreadable_file(path: str, reason: str) -> Diagnostic:
    """The diagnostic of a file that cannot be read; a line that the reason names is where it stands."""
    before, _, after = reason.partition(" (line ")
    row = int(after.removesuffix(")")) if after.removesuffix(")").isdigit() else 1
    place = Position(max(row, 1), 1)
    return Diagnostic(
        code=RULE.code,
        name=RULE.name,
        message=f"this file {before}; what it does is not known",
        span=Span(path, place, place),
        severity="error",
        confidence=Confidence.HIGH,
        help="mend the file, or leave it out with `exclude`",
    )
