"""What holds for all tests, and how they are shared out among the processes of `pytest -n`."""

from __future__ import annotations

import logging
import os
import re
from typing import Any

import pytest

# Nothing that one test finds is taken over by another, and no cache is left in the fixtures; tests/cache turns it on.
os.environ["BGLINT_NO_CACHE"] = "1"

PARITY = "tests/runtime/test_parity.py"


@pytest.fixture(autouse=True)
def _all_messages() -> None:
    """Let all messages be told: a command or a worker that ran before in this process may have hidden some."""
    logging.getLogger().setLevel(logging.WARNING)
    logger = logging.getLogger("bglint")
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first, or a process would be left with them when the others are done."""
    items.sort(key=lambda item: not item.nodeid.startswith(PARITY))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let a process have all tests of a module, whose fixtures are then made once, and of one fixture for parity.

    xdist's own groups do not reach it under pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = _scope
    return scheduler


def _scope(nodeid: str) -> str:
    module, _, test = nodeid.partition("::")
    folder = re.search(r"\[(\w+)", test) if module == PARITY else None
    return f"{module}[{folder[1]}]" if folder else module
