"""The target's work may not be lost.

## What it does
Fires when the words of a target's name say that somebody is owed its work: payments, refunds, payouts, invoices,
orders, webhooks. Tasks that only enqueue are fine, and so are those that only tell somebody about it (mails, logs,
notifications, caches).

## Why is this bad?
A background task lives in the memory of one process. A deploy, a crash or a restart ends it, nobody is told, and nobody
runs it again.

## Example
```python
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def capture_payment(order: int) -> None:
    print("captured", order)


@app.post("/orders/{order}")
async def buy(order: int, background_tasks: BackgroundTasks):
    background_tasks.add_task(capture_payment, order)
```

## Use instead
```python
from celery import shared_task
from fastapi import FastAPI

app = FastAPI()


@shared_task(acks_late=True)
def capture_payment(order: int) -> None:
    print("captured", order)


@app.post("/orders/{order}")
async def buy(order: int):
    capture_payment.delay(order)
```

## Options
`queue`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bglint.advice import instead
from bglint.diagnostics import Confidence
from bglint.program.modules import last_name
from bglint.program.values import FunctionValue, Partial
from bglint.rules.rule import Case, Finding, Rule
from bglint.verdict import runnable

if TYPE_CHECKING:
    from collections.abc import Iterator

_ALWAYS = frozenset({
    "charge", "refund", "payout", "payment", "payments", "invoice", "invoices", "checkout", "billing", "refunds",
    "payouts", "disburse", "withdrawal", "chargeback",
})  # fmt: skip
_WITH_DEED = frozenset(
    {"order", "orders", "subscription", "subscriptions", "webhook", "webhooks", "purchase", "transfer"}
)
_SENT = frozenset({"webhook", "webhooks"})
"""What is owed when it is only sent: who sends an order tells somebody of it."""
_DEEDS = frozenset({
    "process", "handle", "fulfil", "fulfill", "place", "submit", "execute", "complete", "finalize", "finalise",
    "deliver", "dispatch", "send", "fire", "trigger", "forward", "cancel", "renew", "activate", "create", "confirm",
    "settle", "capture",
})  # fmt: skip
_ONLY_TELLING = frozenset({
    "mail", "email", "emails", "notify", "notification", "notifications", "log", "track", "audit", "broadcast", "cache",
    "invalidate", "receipt", "reminder", "sms", "slack", "telegram", "report", "pdf", "analytics", "metric", "metrics",
    "preview", "stats", "index", "message", "invitation",
})  # fmt: skip
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def check(case: Case) -> Iterator[Finding]:
    """A target that is named for work which somebody is owed, and does not hand it on."""
    if case.judgement.verdict in {"enqueue", "offloaded"} or case.registration.target is None:
        return
    names = {_name(value) for value in runnable(case.registration)} - {""} or {last_name(case.registration.target)}
    owed = [word for name in names if (word := owed_word(name)) is not None]
    if owed and len(owed) == len(names):
        yield Finding(
            f"background task `{case.target}` may not be lost ({owed[0]}), and is when the process stops",
            "warning",
            Confidence.MEDIUM,
            help=instead(case.queue, case.registration.target_text, case.argument_texts),
        )


def owed_word(name: str) -> str | None:
    """The word of a name that says that its work is owed to somebody."""
    words = [part.lower() for part in _PARTS.findall(name)]
    if set(words) & _ONLY_TELLING:
        return None
    found = next((word for word in words if word in _ALWAYS), None)
    if found is None and (deeds := set(words) & _DEEDS):
        owed = _SENT if deeds <= {"send"} else _WITH_DEED
        found = next((word for word in words if word in owed), None)
    return found


def _name(value: object) -> str:
    while isinstance(value, Partial):
        value = value.target
    if isinstance(value, FunctionValue):
        name = (value.origin or value.function).name
        return "" if name == "<lambda>" else name
    return ""


RULE = Rule("BG302", "must-not-be-lost", __doc__, check, preview=True)
