"""What the API and the worker must agree on."""

from __future__ import annotations

import os

REDIS_URL = os.environ.get("REDIS_URL", "redis://localhost:6379/0")
QUEUE = "heavy-tasks"
JOB = "stretch-key"
