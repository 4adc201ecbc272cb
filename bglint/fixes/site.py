"""What a fix is built from: a finding's place, and the registration that it speaks of."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bglint.diagnostics import Fix
from bglint.fixes.text import SourceText, parents, source_text
from bglint.program.values import FunctionValue
from bglint.verdict import is_async

if TYPE_CHECKING:
    from bglint.diagnostics import Applicability, Edit, Span
    from bglint.program.modules import Module
    from bglint.program.program import Program
    from bglint.program.scopes import FunctionNode
    from bglint.registrations.registration import Registration


@runtime_checkable
class RegistrationCase(Protocol):
    """A finding of a registration: what rules get to judge."""

    @property
    def registration(self) -> Registration:
        """The registration."""

    @property
    def program(self) -> Program:
        """The program that it belongs to."""

    @property
    def siblings(self) -> tuple[Registration, ...]:
        """All registrations of its module."""


class ModuleCase(Protocol):
    """A finding of a module: what rules that look at a whole module get to judge."""

    @property
    def module(self) -> Module:
        """The module."""

    @property
    def program(self) -> Program:
        """The program that it belongs to."""

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """All registrations of the module."""


@dataclass(frozen=True, slots=True)
class Site:
    """The place of a finding. `registration` is None where a finding of a module speaks of none."""

    program: Program
    module: Module
    span: Span
    registration: Registration | None
    siblings: tuple[Registration, ...]

    @property
    def text(self) -> SourceText:
        """The module's text."""
        return source_text(self.module.source)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The syntax node around another."""
        return parents(self.module.tree).get(node)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement that holds a node."""
        current: ast.AST | None = node
        while current is not None and not isinstance(current, ast.stmt):
            current = self.parent(current)
        return current

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements among which one stands."""
        parent = self.parent(statement)
        for _, value in ast.iter_fields(parent) if parent is not None else ():
            if isinstance(value, list) and any(each is statement for each in value):
                return value
        return [statement]

    def function(self, node: ast.AST) -> FunctionNode | None:
        """The function in whose body a node stands; None in a lambda, a class body, or at a module's top."""
        child, current = node, self.parent(node)
        while current is not None:
            if isinstance(current, ast.Lambda | ast.ClassDef):
                return None
            if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
                return current if child in current.body else None
            child, current = current, self.parent(current)
        return None


def is_statement(site: Site, call: ast.Call) -> bool:
    """Whether a call is a statement of its own, so that nothing uses its value."""
    return isinstance(site.parent(call), ast.Expr)


def known_async(site: Site, callee: ast.expr, registration: Registration) -> bool | None:
    """Whether calling an expression gives a coroutine; None where that is not known."""
    meanings = site.program.infer(callee, registration.frame)
    if meanings and all(is_async(value, site.program) for value in meanings):
        return True
    if any(isinstance(value, FunctionValue) and not is_async(value, site.program) for value in meanings):
        return False
    return None


def fix(applicability: Applicability, message: str, *edits: Edit | None) -> Fix | None:
    """A fix of these edits; none where one of them cannot be made."""
    made = tuple(edit for edit in edits if edit is not None)
    return Fix(applicability, message, made) if len(made) == len(edits) else None
