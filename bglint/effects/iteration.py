"""Lazy results: work that is done where they are iterated, wherever the call stands that made them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from bglint import catalog
from bglint.effects.model import Effect, Hop, Summary, kind_of
from bglint.program.values import External, ExternalObject
from bglint.program.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bglint.catalog import Entry
    from bglint.program.calling import Arguments
    from bglint.program.scopes import LoopNode
    from bglint.program.values import Value

_ALL: Final = frozenset({
    "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.dict", "builtins.sorted",
    "builtins.sum", "builtins.max", "builtins.min", "builtins.any", "builtins.all", "builtins.enumerate",
    "builtins.zip", "builtins.map", "builtins.filter", "builtins.str.join", "collections.deque", "collections.Counter",
    "itertools.chain", "tqdm.tqdm", "tqdm.auto.tqdm",
})  # fmt: skip
"""Library callables that iterate their arguments, or pass on what the caller then iterates."""
_FIRST: Final = frozenset({"shutil.copyfileobj", "pandas.DataFrame"})
"""Those that do so with their first argument alone."""
_ONE: Final = frozenset({"builtins.next", "itertools.islice"})
"""Library callables that take no more than some elements."""


def work(value: Value) -> Entry | None:
    """The entry of what iterating a library's object does; None where the catalogue says nothing of it."""
    if not isinstance(value, External | ExternalObject):
        return None
    name = value.name if isinstance(value, External) else value.type_name
    made = catalog.exact(name.removesuffix("()"))
    if made is not None and made.lazy:
        return made
    return catalog.exact(f"{name}.__iter__")


def of_loop(values: Iterable[Value], loop: LoopNode, hop: Hop) -> Summary:
    """What a loop over a value does in the library; one turn of it where the loop may be left."""
    body = [] if isinstance(loop, ast.comprehension | ast.While) else loop.body
    left = any(isinstance(node, ast.Break | ast.Return) for statement in body for node in walk(statement))
    return _effects(values, hop, once=left, awaited=_is_async(loop))


def of_call(name: str, arguments: Arguments, hop: Hop) -> Summary:
    """What a library callable makes of the lazy results that it is handed."""
    if name not in _ALL | _FIRST | _ONE:
        return Summary()
    meanings = arguments.positionals()[: 1 if name in _FIRST else None]
    values = [value for each in meanings for value in each]
    return _effects(values, hop, once=name in _ONE, awaited=False)


def _effects(values: Iterable[Value], hop: Hop, *, once: bool, awaited: bool) -> Summary:
    found: list[Effect] = []
    for value in values:
        entry = work(value)
        if entry is None or entry.effect == "light":
            continue
        symbol = entry.name.removesuffix(".__iter__").partition("(")[0]
        shown = Hop(symbol, hop.module, hop.row, hop.column, "iterated here")
        ms = entry.ms if once else max(entry.ms, entry.loop_ms)
        gil_ms = ms if entry.gil == "held" else 0.0
        kind = "slow-io" if awaited else kind_of(entry.effect)
        found.append(
            Effect.once(kind, entry.category, ms, shown, gil_ms=gil_ms, loop_ms=ms, lazy=entry.name, iterated=True)
        )
    return Summary(tuple(dict.fromkeys(found))[:1])


def _is_async(loop: LoopNode) -> bool:
    return isinstance(loop, ast.AsyncFor) or (isinstance(loop, ast.comprehension) and bool(loop.is_async))


def settled(summary: Summary) -> Summary:
    """A summary in which a lazy call counts where its result is iterated, and only else where it stands."""
    iterated = {effect.lazy for effect in summary.effects if effect.iterated}
    if not iterated:
        return summary
    return Summary(
        tuple(effect for effect in summary.effects if effect.iterated or effect.lazy not in iterated), summary.unread
    )
