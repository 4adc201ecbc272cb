"""Which rules run: `select`, `extend-select` and `ignore`, layer upon layer, the most specific prefix winning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL: Final = "ALL"
_FULL_CODE_LENGTH: Final = len("BG101")


@dataclass(frozen=True, slots=True)
class SelectionLayer:
    """What one source (a file, the command line) says of rules; `select` is None where it says nothing."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def covers(prefix: str, code: str) -> bool:
    """Tell whether a prefix, or `ALL`, stands for `code`."""
    return prefix == ALL or code.startswith(prefix)


def is_selected(layers: Iterable[SelectionLayer], code: str, *, preview_rule: bool, preview: bool) -> bool:
    """Tell whether a rule runs.

    Within a layer the longest prefix that covers the code wins, `ignore` among equals. A later layer stands on the
    earlier ones, unless it has a `select` of its own, which replaces them.
    """
    selected = False
    for layer in layers:
        chosen = [*(layer.select or ()), *layer.extend_select]
        if preview_rule and not preview:
            chosen = [prefix for prefix in chosen if prefix == ALL or len(prefix) == _FULL_CODE_LENGTH]
        wanted = _specificity(chosen, code)
        unwanted = _specificity(layer.ignore, code)
        if layer.select is not None:
            selected = False
        if max(wanted, unwanted) >= 0:
            selected = wanted > unwanted
    return selected


def _specificity(prefixes: Iterable[str], code: str) -> int:
    """Return how precisely the best of `prefixes` names `code`: 0 for `ALL`, its length otherwise, -1 for none."""
    return max((0 if prefix == ALL else len(prefix) for prefix in prefixes if covers(prefix, code)), default=-1)
