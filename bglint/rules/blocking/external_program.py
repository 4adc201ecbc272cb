"""The target runs an external program and waits for it.

## What it does
Fires when a background task starts a program (ffmpeg, LibreOffice, tesseract, a script …) and waits until it has
ended, and the wait passes the slow-task threshold. On the event loop itself that is BG201.

## Why is this bad?
The program competes with the web server for the machine's cores and memory, a worker thread waits for all that time,
and nothing limits how many run at once. A job queue has workers of a known number, retries, and somebody who waits.

## Example
```python
import subprocess

from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


def transcode(path: str) -> None:
    subprocess.run(["ffmpeg", "-i", path, path + ".mp4"], check=True)


@app.post("/videos")
async def upload(path: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(transcode, path)
```

## Use instead
```python
import subprocess

import dramatiq
from fastapi import FastAPI

app = FastAPI()


@dramatiq.actor
def transcode(path: str) -> None:
    subprocess.run(["ffmpeg", "-i", path, path + ".mp4"], check=True)


@app.post("/videos")
async def upload(path: str):
    transcode.send(path)
```

## Options
`slow-task-ms`, `queue`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bglint.advice import instead
from bglint.rules.rule import Case, Finding, Rule, chain

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(case: Case) -> Iterator[Finding]:
    """The longest wait for a program that does not stand on the event loop."""
    for effect in case.judgement.effects("blocking", "slow-io"):
        on_loop = case.judgement.is_async and effect.kind == "blocking" and effect.where == "here"
        if effect.program is None or on_loop or effect.ms < case.judgement.threshold_ms:
            continue
        yield Finding(
            f"background task `{case.target}` runs `{effect.program}` and waits for it ({chain(effect)})",
            "warning",
            effect=effect,
            help=instead(case.queue, case.registration.target_text, case.argument_texts),
        )
        return


RULE = Rule("BG203", "external-program", __doc__, check)
