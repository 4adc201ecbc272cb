"""What one process of `python -m tests.fuzz` does."""

from __future__ import annotations

import json
import random
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import test_programs
from tests.fuzz.mutations import mutated
from tests.fuzz.programs import programs
from tests.fuzz.properties import HangsError, lint, said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROPERTIES: Final = tuple(
    test.hypothesis.inner_test  # type: ignore[attr-defined]
    for test in (
        test_programs.test_the_names_of_functions_that_can_be_read_do_not_matter,
        test_programs.test_the_modules_that_functions_lie_in_do_not_matter,
    )
)


class Worker:
    """What one process does until its time is over; `case` is the file in which it says what it is about to do."""

    def __init__(self, number: int, seed: int, until: float, keep: Path, files: Sequence[Path]) -> None:
        self.chance = random.Random(seed * 1000 + number)
        self.until = until
        self.keep = keep
        self.files = files
        self.case = keep / f"under-way-{number}.json"
        self.number = number
        self.cases = 0
        self.failures = 0

    def run(self) -> None:
        while time.time() < self.until:
            if self.chance.random() < 0.1:
                self.programs(self.chance.choice(PROPERTIES))
            else:
                self.spoil(self.chance.choice(self.files))
        self.case.write_text(json.dumps({"cases": self.cases, "failures": self.failures}))

    def spoil(self, path: Path) -> None:
        text = path.read_bytes()
        spoilt = mutated(text, self.chance)
        overlay = {str(path.resolve()): spoilt}
        self.note({"path": str(path), "text": spoilt.decode("latin-1")})
        try:
            once = said(lint([path], overlay))
            if self.chance.random() < 0.1 and said(lint([path], overlay)) != once:
                raise AssertionError("two runs differ")
        except (Exception, HangsError):
            self.failed({"path": str(path), "text": spoilt.decode("latin-1")})

    def programs(self, prove: Callable[[], None]) -> None:
        chosen = self.chance.randrange(2**32)
        self.note({"property": prove.__name__, "seed": chosen})
        calm = settings(
            max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True,
            phases=(Phase.generate, Phase.shrink), derandomize=False,
        )  # fmt: skip
        try:
            seed(chosen)(calm(given(programs(), st.data())(prove)))()
        except (Exception, HangsError):
            self.failed({"property": prove.__name__, "seed": chosen})

    def note(self, case: dict[str, object]) -> None:
        self.cases += 1
        self.case.write_text(json.dumps(case))

    def failed(self, case: dict[str, object]) -> None:
        self.failures += 1
        kept = self.keep / f"failure-{self.number}-{self.cases}.json"
        kept.write_text(json.dumps({**case, "traceback": traceback.format_exc()}))
        print(f"{kept}: {traceback.format_exc(limit=0).strip().splitlines()[-1][:200]}", flush=True)


def work(number: int, seed: int, until: float, keep: str, files: Sequence[Path]) -> None:
    Worker(number, seed, until, Path(keep), files).run()
