"""When FastAPI closes what dependencies with `yield` opened, and uploads: before or after the tasks, by version.

Measured with 0.88 to 0.165: up to 0.105 and from 0.118 on after the tasks, from 0.106 to 0.117 before them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.versions import Versions, versions_of

if TYPE_CHECKING:
    from bglint.rules.rule import Case

_CLOSES_EARLY = (0, 106)
_CLOSES_LATE_AGAIN = (0, 118)


@dataclass(frozen=True, slots=True)
class FastAPI:
    """The versions of FastAPI that a project may run with; None where its files name none."""

    versions: Versions | None

    @classmethod
    def of(cls, case: Case) -> FastAPI:
        """Those of the project that a registration stands in."""
        root = case.program.index.root_of(os.path.dirname(case.registration.module.path))
        return cls(versions_of("fastapi", os.path.dirname(case.registration.module.path), root))

    @property
    def closes_before_tasks(self) -> bool:
        """Whether all versions that fit close them first."""
        return self.versions is not None and not (
            self.versions.touches((0,), _CLOSES_EARLY) or self.versions.touches(_CLOSES_LATE_AGAIN)
        )

    def says(self, before: str, between: str, since: str) -> str:
        """What happens with the project's version, or with each where it is not known: the three in words."""
        found: dict[str, list[str]] = {}
        for low, high, words, label in (
            ((0,), _CLOSES_EARLY, before, "up to 0.105"),
            (_CLOSES_EARLY, _CLOSES_LATE_AGAIN, between, "from 0.106 to 0.117"),
            (_CLOSES_LATE_AGAIN, None, since, "from 0.118 on"),
        ):
            fits = self.versions is None or (
                self.versions.touches(low, high) if high is not None else self.versions.touches(low)
            )
            if fits:
                found.setdefault(words, []).append(label)
        if len(found) == 1 and self.versions is not None:
            return f"with the project's FastAPI ({self.versions}) {next(iter(found))}"
        return "; ".join(f"with FastAPI {' and '.join(labels)} {words}" for words, labels in found.items())
