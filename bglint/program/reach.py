"""What running a callable leads to: the bodies of the project that run for it, with the calls on the way."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.program import calling, members
from bglint.program.calling import Arguments
from bglint.program.signatures import Given, mismatch, signature
from bglint.program.values import Coroutine, FunctionValue, Instance, Partial

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bglint.program.program import Program
    from bglint.program.scopes import CallSite
    from bglint.program.values import Frame, Value

MAX_BODIES = 60
"""How many bodies are looked at for one callable."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body that runs: the function, its frame, and the calls that lead to it, each with the frame it stands in."""

    function: FunctionValue
    frame: Frame
    way: tuple[tuple[CallSite, Frame], ...] = ()

    @property
    def symbol(self) -> str:
        """The function's name, with its class's."""
        shown = self.function.origin or self.function.function
        if isinstance(shown.node, ast.Lambda):
            return "lambda"
        return f"{shown.owner.name}.{shown.name}" if shown.owner is not None else shown.name

    def place(self, node: ast.expr | ast.stmt) -> str:
        """Where a node of the body stands, in words."""
        return f"line {node.lineno} of {self.function.function.module.name}"


def bodies(program: Program, values: Iterable[Value], arguments: Arguments, depth: int) -> Iterator[Body]:
    """The bodies that run when one of some values is called, `depth` calls deep."""
    return Reach(program, values, arguments).within(depth)


class Reach:
    """The bodies that run when one of some values is called, the nearer first; each level is worked out once.

    Only what surely runs here is followed: plain calls of plain functions, and coroutines awaited where they are made.
    """

    def __init__(self, program: Program, values: Iterable[Value], arguments: Arguments) -> None:
        self._program = program
        self._seen: set[tuple[int, int]] = set()
        self._values = values
        self._arguments = arguments
        self._levels: list[list[Body]] = []

    def within(self, depth: int) -> Iterator[Body]:
        """The bodies that lie up to `depth` calls deep."""
        for level in range(depth + 1):
            if level == len(self._levels):
                self._levels.append(self._fresh(self._behind(self._levels[-1]) if level else self._entered()))
            yield from self._levels[level]

    def _entered(self) -> Iterator[Body]:
        for value in self._values:
            yield from _entered(self._program, value, self._arguments, (), starts=True)

    def _behind(self, level: Iterable[Body]) -> Iterator[Body]:
        """The bodies that those of a level call."""
        for body in level:
            for site in body.function.function.scope.calls:
                given = Arguments(self._program, site.node, body.frame)
                written = Given.of(site.node.args, site.node.keywords)
                for callee in self._program.infer(site.node.func, body.frame):
                    expected = signature(self._program, callee)
                    if expected is not None and mismatch(expected, written) is not None:
                        continue  # a TypeError
                    way = (*body.way, (site, body.frame))
                    yield from _entered(self._program, callee, given, way, starts=site.awaited)

    def _fresh(self, found: Iterable[Body]) -> list[Body]:
        """Those of some bodies that were not met before, as long as there are not too many."""
        fresh = []
        for body in found:
            if len(self._seen) >= MAX_BODIES:
                break
            key = (id(body.function.function.node), id(body.frame))
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(body)
        return fresh


def _entered(
    program: Program, value: Value, given: Arguments, way: tuple[tuple[CallSite, Frame], ...], *, starts: bool
) -> list[Body]:
    """The bodies that a call enters at once; `starts`: a coroutine is run, not only made."""
    match value:
        case FunctionValue(function=function):
            if function.is_generator or (function.is_async and not starts):
                return []
            return [Body(value, calling.enter(program, value, given), way)]
        case Partial(target=target, call=call, frame=frame):
            bound = given.behind(0, Arguments(program, call, frame))
            return _entered(program, target, bound, way, starts=starts)
        case Instance():
            called = [m for m in members.member(program, value, "__call__") if isinstance(m, FunctionValue)]
            return [body for m in called for body in _entered(program, m, given, way, starts=starts)]
        case Coroutine(function=function, frame=frame) if starts:
            return [Body(function, frame, way)]
        case _:
            return []
