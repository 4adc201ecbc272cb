"""What the text of a body tells whatever its parameters are: worked out once, however often the body is walked."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from bglint.effects import loops, once
from bglint.effects.hops import written
from bglint.effects.model import Hop
from bglint.program.walking import walk

if TYPE_CHECKING:
    from bglint.program.scopes import CallSite, LoopNode, LoopSite, Scope


class Call(NamedTuple):
    """A call that a body makes; `hop` shows it, as it is written."""

    site: CallSite
    hop: Hop


class Loop(NamedTuple):
    """A loop of a body; `turn_ms` is what a turn costs in Python of its own."""

    site: LoopSite
    place: ast.expr | ast.While | ast.For | ast.AsyncFor
    """What has to run for the loop to run."""
    hop: Hop
    is_endless: bool
    turn_ms: float


class Reading:
    """A body, as it is written."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._early: dict[LoopNode, bool] = {}

    @cached_property
    def calls(self) -> list[Call]:
        """The calls but for those on failure, and those whose result is kept for the process."""
        kept = once.kept_calls(self.scope)
        return [
            Call(site, Hop(written(site.node.func), self.scope.module, site.node.lineno, site.node.col_offset))
            for site in self.scope.calls
            if not site.on_failure and id(site.node) not in kept
        ]

    @cached_property
    def loops(self) -> list[Loop]:
        """The loops, comprehensions among them."""
        return [self._loop(site) for site in self.scope.loops]

    def _loop(self, site: LoopSite) -> Loop:
        loop = site.loop
        place = loop.iter if isinstance(loop, ast.comprehension) else loop
        name = "while loop" if isinstance(loop, ast.While) else "loop"
        hop = Hop(name, self.scope.module, place.lineno, place.col_offset)
        return Loop(site, place, hop, loops.is_endless(loop), loops.body_ms(site.body))

    @cached_property
    def left_alone(self) -> frozenset[int]:
        """The calls that start an asyncio task nobody waits for: its waits are not the body's."""
        return once.left_alone(self.scope)

    @cached_property
    def idle(self) -> frozenset[int]:
        """The calls and generator expressions whose result nothing uses."""
        return once.idle_nodes(self.scope)

    def is_left_early(self, loop: LoopNode) -> bool:
        """Whether a loop is a retry: left by break or return once it worked."""
        if isinstance(loop, ast.comprehension):
            return False
        early = self._early.get(loop)
        if early is None:
            nodes = walk(loop)
            early = self._early[loop] = any(isinstance(node, ast.Break | ast.Return) for node in nodes) and any(
                isinstance(node, ast.Try) for node in nodes
            )
        return early
