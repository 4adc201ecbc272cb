"""What holds for all tests."""

from __future__ import annotations

import os

# Nothing that one test finds is taken over by another, and no cache is left in the fixtures; tests/cache turns it on.
os.environ["BGLINT_NO_CACHE"] = "1"
