"""An ignore comment silences nothing.

## What it does
Fires for a `# bglint: ignore[…]`, `# bglint: ignore-file[…]` or `# noqa: BG…` comment whose rules find nothing there.

## Why is this bad?
It hides the next mistake that is made on that line.

## Example
```python
from fastapi import BackgroundTasks


def upload(background_tasks: BackgroundTasks):
    background_tasks.add_task(print, "received")  # bglint: ignore[BG101]
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

from bglint.diagnostics import Confidence, Diagnostic, Fix, Span
from bglint.rules.rule import Rule

if TYPE_CHECKING:
    from bglint.comments import Suppression

RULE = Rule("BG902", "unused-ignore", __doc__, fixable="safe")


def unused_ignore(comment: Suppression, codes: tuple[str, ...], path: str) -> Diagnostic:
    """The diagnostic of a comment, or of those of its codes that silence nothing."""
    named = ", ".join(f"`{code}`" for code in codes)
    return Diagnostic(
        code=RULE.code,
        name=RULE.name,
        message=f"this comment silences nothing: no {named} here" if codes else "this comment silences nothing",
        span=Span(path, comment.start, comment.end),
        severity="warning",
        confidence=Confidence.HIGH,
        help="remove it",
        fix=Fix("safe", "Remove the unused ignore", (comment.edit_without(codes),)),
    )
