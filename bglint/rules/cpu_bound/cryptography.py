"""The target hashes passwords, makes keys or stretches them.

## What it does
Fires when a background task, by any chain of calls within the project, does cryptography that is slow on purpose:
password hashing, key generation, key stretching.
Costs are summed over all that the task reaches; below the slow-task threshold nothing is said.

## Why is this bad?
A background task runs inside the web process. In an `async` target such work stops the event loop, and with it
every request; in a plain function it takes a worker thread and competes with every request for the CPU. It is lost
when the process stops, and nobody retries it. A job queue runs it in a process of its own.

## Example
```python
import bcrypt
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def store_password(user: int, password: str) -> None:
    bcrypt.hashpw(password.encode(), bcrypt.gensalt(12))


@app.post("/users")
async def sign_up(user: int, password: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(store_password, user, password)
```

## Use instead
```python
import asyncio

import bcrypt
from fastapi import BackgroundTasks, FastAPI

app = FastAPI()


async def store_password(user: int, password: str) -> None:
    await asyncio.to_thread(bcrypt.hashpw, password.encode(), bcrypt.gensalt(12))


@app.post("/users")
async def sign_up(user: int, password: str, background_tasks: BackgroundTasks):
    background_tasks.add_task(store_password, user, password)
```

## Options
`slow-task-ms`, `heavy`, `light`, `queue`, `max-depth`.
"""

from bglint.rules.cpu_bound.heavy_work import heavy_work
from bglint.rules.rule import Rule

RULE = Rule("BG110", "cryptography", __doc__, heavy_work(frozenset({"crypto"}), "cryptography"))
