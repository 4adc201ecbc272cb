"""Where a task can run instead of in this process: `offload=` takes one of these.

Importing this imports no queue.
"""

from __future__ import annotations

from bglint.runtime.offload.arq import Arq
from bglint.runtime.offload.base import Enqueueing, Handover, Offload, OffloadError
from bglint.runtime.offload.bullmq import BullMQ
from bglint.runtime.offload.celery import Celery
from bglint.runtime.offload.dramatiq import Dramatiq
from bglint.runtime.offload.processes import ProcessPool, WorkerDied
from bglint.runtime.offload.rq import Rq
from bglint.runtime.offload.taskiq import Taskiq

__all__ = [
    "Arq",
    "BullMQ",
    "Celery",
    "Dramatiq",
    "Enqueueing",
    "Handover",
    "Offload",
    "OffloadError",
    "ProcessPool",
    "Rq",
    "Taskiq",
    "WorkerDied",
]
