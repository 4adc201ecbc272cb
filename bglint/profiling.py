"""Where the time of a run went: by stage, by rule and by file.

A stage is charged with its own time, so that the stages add up to the run; a rule and a file with all that was done
for them. Nothing is measured before `start`, and what is decorated costs one comparison then.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

P = ParamSpec("P")
R = TypeVar("R")

REST: Final = "all else"
SHOWN: Final = 12
"""How many rules and files a table shows."""


@dataclass(slots=True)
class Spent:
    """Seconds that something took, and how often it was done."""

    seconds: float = 0.0
    times: int = 0

    def add(self, seconds: float) -> None:
        """Count once more."""
        self.seconds += seconds
        self.times += 1


@dataclass(slots=True)
class Profile:
    """The time of a run in seconds: `before` is what the process had used of the processor when it began."""

    before: float
    stages: dict[str, Spent] = field(default_factory=dict)
    rules: dict[str, Spent] = field(default_factory=dict)
    files: dict[str, Spent] = field(default_factory=dict)
    _around: list[str] = field(default_factory=lambda: [REST])
    _since: float = field(default_factory=time.perf_counter)

    def switch(self) -> None:
        """Charge the stage at hand with the time since the last switch."""
        now = time.perf_counter()
        self.stages.setdefault(self._around[-1], Spent()).seconds += now - self._since
        self._since = now

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge a stage with the time within, but for that of the stages in it."""
        self.switch()
        self._around.append(name)
        try:
            yield
        finally:
            self.switch()
            self._around.pop()
            self.stages[name].times += 1

    @property
    def total(self) -> float:
        """Seconds of all stages and of the start."""
        return self.before + sum(spent.seconds for spent in self.stages.values())

    def table(self, label: Callable[[str], str] = str) -> Iterator[str]:
        """Yield the lines of a table for people; `label` makes of a file's path what is shown of it."""
        yield f"Where the time went ({self.total:.2f} s)"
        yield ""
        rows = {"start of Python": Spent(self.before, 1)} | self.stages
        yield from _lines("stage", rows, self.total, shown=len(rows))
        for title, spent in (("rule", self.rules), ("file", {label(path): each for path, each in self.files.items()})):
            if spent:
                yield ""
                yield from _lines(title, spent, self.total)

    def as_json(self) -> dict[str, object]:
        """The same in full: seconds and times by stage, rule and file."""
        groups = {"stages": self.stages, "rules": self.rules, "files": self.files}
        return {"total": self.total, "start": self.before} | {
            name: {key: {"seconds": each.seconds, "times": each.times} for key, each in _costliest(group)}
            for name, group in groups.items()
        }


def _costliest(group: Mapping[str, Spent]) -> list[tuple[str, Spent]]:
    return sorted(group.items(), key=lambda pair: (-pair[1].seconds, pair[0]))


def _lines(title: str, group: Mapping[str, Spent], total: float, shown: int = SHOWN) -> Iterator[str]:
    """Yield a table of the costliest, and what the others come to."""
    ordered = _costliest(group)
    rows = [(name, each.seconds, each.times) for name, each in ordered[:shown]]
    if others := [each for _, each in ordered[shown:]]:
        name = f"{len(others)} more"
        rows.append((name, sum(each.seconds for each in others), sum(each.times for each in others)))
    yield f"  seconds  share   times  {title}"
    for name, seconds, times in rows:
        yield f"  {seconds:7.3f}  {100 * seconds / total if total else 0:4.0f}%  {times or '':>6}  {name}"


_active: Profile | None = None
_UNMEASURED: Final = nullcontext()


def start() -> Profile:
    """Measure from now on, unless that is done already."""
    global _active  # noqa: PLW0603 - one run, one clock
    if _active is None:
        _active = Profile(time.process_time())
    return _active


def is_active() -> bool:
    """Whether the run is measured: then one process does all, as the time of others would be missing."""
    return _active is not None


def stop() -> None:
    """Measure no longer."""
    global _active  # noqa: PLW0603
    if _active is not None:
        _active.switch()
    _active = None


def stage(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a stage of the run."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            if _active is None:
                return function(*args, **kwargs)
            with _active.stage(name):
                return function(*args, **kwargs)

        return timed

    return decorate


def rule(code: str) -> AbstractContextManager[None]:
    """Charge a rule with what is done within."""
    return _UNMEASURED if _active is None else _as_rule(_active, code)


@contextmanager
def _as_rule(profile: Profile, code: str) -> Iterator[None]:
    with profile.stage("rules"), _charged(profile.rules, code):
        yield


def file(path: str) -> AbstractContextManager[None]:
    """Charge a file with what is done within."""
    return _UNMEASURED if _active is None else _charged(_active.files, path)


@contextmanager
def _charged(spent: dict[str, Spent], name: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        spent.setdefault(name, Spent()).add(time.perf_counter() - began)
