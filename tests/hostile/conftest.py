"""What the tests of hostile input share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trees import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Tree]:
    """Give a function that makes a tree of files and returns it."""

    def make(files: Mapping[str, str | bytes] | None = None) -> Tree:
        made = Tree(tmp_path)
        made.write(files or {})
        return made

    return make
