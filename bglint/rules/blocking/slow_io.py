"""The target waits for something known to take seconds.

## What it does
Fires when a task, without holding the event loop, waits for what the catalogue knows to take seconds (a language model,
a remote render, a crawl), or awaits in a loop over a collection whose size nobody limits. Sleeps are BG202's, external
programs BG203's, and waits that stop the event loop BG201's.

## Why is this bad?
The task outlives its request by far. Whatever it has done is lost when the process stops, and stopping waits for it.

## Example
```python
from fastapi import BackgroundTasks, FastAPI
from openai import AsyncOpenAI

app = FastAPI()
client = AsyncOpenAI(api_key="…")


async def summarise(texts: list[str]) -> None:
    for text in texts:
        await client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": text}])


@app.post("/summaries")
async def start(texts: list[str], background_tasks: BackgroundTasks):
    background_tasks.add_task(summarise, texts)
```

## Use instead
```python
from celery import shared_task
from fastapi import FastAPI
from openai import OpenAI

app = FastAPI()
client = OpenAI(api_key="…")


@shared_task
def summarise(text: str) -> None:
    client.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": text}])


@app.post("/summaries")
async def start(texts: list[str]):
    for text in texts:
        summarise.delay(text)
```

## Options
`queue`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.advice import instead
from bglint.diagnostics import Confidence
from bglint.effects import loops
from bglint.program.modules import last_name
from bglint.rules.rule import Case, Finding, Rule, chain
from bglint.verdict import SLOW_IO_MS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.reach import Body
    from bglint.program.scopes import LoopNode

_COUNTING = frozenset({"range", "count"})


def check(case: Case) -> Iterator[Finding]:
    """The longest known wait off the loop, or else the first loop of awaits without a limit."""
    for effect in case.judgement.effects("slow-io", "blocking"):
        on_loop = case.judgement.is_async and effect.kind == "blocking" and effect.where == "here"
        if on_loop or effect.program is not None or effect.category == "sleep" or effect.ms < SLOW_IO_MS:
            continue
        yield Finding(
            f"background task `{case.target}` waits for about {effect.ms / 1000:,.0f} s ({chain(effect)})",
            "info",
            effect=effect,
            help=_advice(case),
        )
        return
    for body in case.reach.within(1):
        call = _unlimited_loop(case, body)
        if call is not None:
            yield Finding(
                f"background task `{case.target}` awaits in a loop without a limit ({body.place(call)})",
                "info",
                Confidence.MEDIUM,
                help=_advice(case),
            )
            return


def _advice(case: Case) -> str:
    return instead(case.queue, case.registration.target_text, case.argument_texts)


def _unlimited_loop(case: Case, body: Body) -> ast.Call | None:
    """A call that is awaited for each element of a collection of unknown size."""
    for site in body.function.function.scope.calls:
        if site.awaited and site.loops and _is_unlimited(case, site.loops[-1], body):
            return site.node
    return None


def _is_unlimited(case: Case, loop: LoopNode, body: Body) -> bool:
    if isinstance(loop, ast.While) or (isinstance(loop.iter, ast.Call) and last_name(loop.iter.func) in _COUNTING):
        return False
    return loops.turns(case.program, loop, body.frame) is None


RULE = Rule("BG206", "slow-io", __doc__, check, preview=True)
