from __future__ import annotations

import subprocess
import sys

import pytest

FRAMEWORKS = "fastapi starlette litestar anyio celery rq redis arq dramatiq taskiq bullmq"
OF_THE_LINTER = "libcst rich click pathspec bglint.engine bglint.rules"


@pytest.mark.parametrize("module", ["bglint.contract", "bglint.runtime", "bglint.runtime.offload"])
def test_importing_brings_in_no_framework_no_queue_and_nothing_of_the_linter(module: str) -> None:
    names = f"{FRAMEWORKS} {OF_THE_LINTER}".split()
    program = f"import sys, {module}; print([name for name in {names} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_what_the_contract_names_is_there() -> None:
    from bglint.runtime import (  # noqa: F401
        BackgroundTasks,
        SlowTaskWarning,
        TaskTimeout,
        background_tasks,
        drain,
        task_options,
        watch,
    )
    from bglint.runtime.offload import Arq, BullMQ, Celery, Dramatiq, ProcessPool, Rq, Taskiq  # noqa: F401


def test_an_unknown_name_is_an_attribute_error() -> None:
    import bglint.runtime

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = bglint.runtime.nothing  # type: ignore[attr-defined]
