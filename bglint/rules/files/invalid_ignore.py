"""An ignore comment names no rule.

## What it does
Fires for a `# bglint: ignore[…]` comment with a code that no rule has.

## Why is this bad?
It silences nothing, and whoever wrote it believes that it does.

## Example
```python
from fastapi import BackgroundTasks


def upload(background_tasks: BackgroundTasks):
    background_tasks.add_task(print, "received")  # bglint: ignore[BG777]
```

## Use instead
```python
from fastapi import BackgroundTasks


def upload(background_tasks: BackgroundTasks):
    background_tasks.add_task(print, "received")
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence, Diagnostic, Span
from bglint.rules.rule import Rule

if TYPE_CHECKING:
    from bglint.comments import Suppression

RULE = Rule("BG903", "invalid-ignore", __doc__)


def invalid_ignore(comment: Suppression, code: str, nearest: str, path: str) -> Diagnostic:
    """The diagnostic of a code that no rule has."""
    return Diagnostic(
        code=RULE.code,
        name=RULE.name,
        message=f"this comment names `{code}`, and there is no such rule",
        span=Span(path, comment.start, comment.end),
        severity="warning",
        confidence=Confidence.HIGH,
        help=nearest or "`bglint rule --all` lists the rules",
    )
