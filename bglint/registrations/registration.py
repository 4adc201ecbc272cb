"""A registration: a call that hands a callable to an in-process background runner, and how it was recognised."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence, Span

if TYPE_CHECKING:
    from bglint.program.calling import Arguments
    from bglint.program.modules import Function, Module
    from bglint.program.values import Frame, Meanings
    from bglint.registrations.forms import Form


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """One registering call.

    `target` is the expression handed over (None where the call hands none), `meanings` what it can be, `arguments`
    what goes to it. `helper` is the project's function through which the callable is passed on to the framework.
    """

    module: Module
    call: ast.Call
    frame: Frame
    form: Form
    confidence: Confidence
    target: ast.expr | None
    meanings: Meanings
    arguments: Arguments
    awaited: bool = False
    helper: Function | None = None
    passed_on: bool = False

    @property
    def span(self) -> Span:
        """Where the call stands."""
        source = self.module.source
        call = self.call
        end_row, end_column = call.end_lineno or call.lineno, call.end_col_offset or call.col_offset
        return Span(
            self.module.path, source.position(call.lineno, call.col_offset), source.position(end_row, end_column)
        )

    @property
    def target_text(self) -> str:
        """The target as written; one of several lines on one, without its comments."""
        if self.target is None:
            return ""
        if self.target.lineno != self.target.end_lineno:
            return " ".join(ast.unparse(self.target).split())
        return self.module.source.segment(self.target)
