"""What is loaded from a file: what the same module saves to one, `joblib.dump(model, path)` … `joblib.load(path)`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bglint.program import state
from bglint.program.modules import last_name
from bglint.program.values import Constant, External, merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.values import Meanings

_LOADS: Final = {
    "joblib.load": b"joblib", "pickle.load": b"pickle", "pickle.loads": b"pickle", "dill.load": b"dill",
    "dill.loads": b"dill", "cloudpickle.load": b"(?:cloud)?pickle", "cloudpickle.loads": b"(?:cloud)?pickle",
    "torch.load": b"torch",
}  # fmt: skip
_SAVE: Final = rb"\b%s\.(?:dumps?|save)\s*\("


def given(program: Program, name: str, module: Module) -> Meanings:
    """What calling a library's function to load an object gives; nothing where the module saves none."""
    library = _LOADS.get(name)
    if library is None:
        return ()
    with program.asking(("saved", name, module.path)) as fresh:
        return merge(*_saved(program, library, module), ()) if fresh else ()


def _saved(program: Program, library: bytes, module: Module) -> Iterator[Meanings]:
    for match in re.finditer(_SAVE % library, module.source.data):
        scope = module.scopes_at(*state.place(module, match.start()))[-1]
        for site in scope.calls:
            if site.node.args and last_name(site.node.func) in {"dump", "dumps", "save"}:
                saved = program.infer(site.node.args[0], program.frame_of(scope))
                yield tuple(value for value in saved if not isinstance(value, Constant | External))
