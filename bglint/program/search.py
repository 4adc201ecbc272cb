"""Searching the project for the uses of a name: who calls a function, who derives from a class.

Only asked where reading forwards does not tell. A file is parsed only where its text holds the name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint.program import calling, members
from bglint.program.modules import function_of
from bglint.program.values import ClassValue, External, Frame, FunctionValue, Meanings, merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Class, Function, Module
    from bglint.program.program import Program
    from bglint.program.scopes import Scope
    from bglint.program.text_search import TextSearch

MAX_NESTED = 2
"""How many searches may lie within one another."""
MAX_CALLS = 40
"""How many calls of one function are looked at."""


class Search:
    """The uses of names in the project's files."""

    def __init__(self, program: Program, texts: TextSearch) -> None:
        self.texts = texts
        self._program = program
        self.nested = 0
        self.declined = 0
        self._arguments: dict[tuple[int, str], Meanings] = {}
        self._callers: dict[int, list[tuple[ast.Call, Frame]]] = {}
        self._implementations: dict[tuple[int, str], list[ClassValue]] = {}

    def argument(self, scope: Scope, name: str) -> Meanings:
        """What the callers of a function give for a parameter."""
        key = (id(scope), name)
        if key not in self._arguments:
            if self.nested >= MAX_NESTED:
                self.declined += 1
                return ()
            self._arguments[key] = ()
            node = scope.node
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            function = function_of(scope)
            if function is None:
                return ()
            found = []
            for call, frame in self.callers(function):
                value = _as_called(function, self._program)
                bound = calling.bind(value, calling.Arguments(self._program, call, frame))
                found.append(bound.get(name, ()))
            self._arguments[key] = merge(*found, ())
        return self._arguments[key]

    def callers(self, function: Function) -> list[tuple[ast.Call, Frame]]:
        """The calls of a function in the project, with the frames they stand in."""
        key = id(function.node)
        if key not in self._callers:
            self._callers[key] = []
            self.nested += 1
            try:
                self._callers[key] = list(self._find_callers(function))
            finally:
                self.nested -= 1
        return self._callers[key]

    def _find_callers(self, function: Function) -> Iterator[tuple[ast.Call, Frame]]:
        constructor = function.owner if function.name == "__init__" else None
        name = constructor.name if constructor is not None else function.name
        if name.startswith("__") or len(name) < 2:
            return
        count = 0
        for module in self.mentions(rb"\b%s\s*\(", name, function.module):
            for node in module.calls_by_name.get(name, ()):
                frame = self._program.frame_at(module, (node.lineno, node.col_offset))
                if self._calls(node, frame, function, constructor):
                    yield node, frame
                    count += 1
                    if count >= MAX_CALLS:
                        return

    def _calls(self, node: ast.Call, frame: Frame, function: Function, constructor: Class | None) -> bool:
        self.nested += MAX_NESTED
        try:
            callees = self._program.infer(node.func, frame)
        finally:
            self.nested -= MAX_NESTED
        for value in callees:
            if isinstance(value, FunctionValue) and function in (value.function, value.origin):
                return True
            if constructor is not None and isinstance(value, ClassValue):
                for cls in members.ancestry(self._program, value):
                    if isinstance(cls, ClassValue) and "__init__" in cls.cls.methods:
                        if cls.cls is constructor:
                            return True
                        break
        return False

    def implementations(self, cls: ClassValue, name: str) -> list[ClassValue]:
        """The classes derived from `cls`, at any distance, that define a method of that name with a body."""
        key = (id(cls.cls.node), name)
        if key not in self._implementations:
            self._implementations[key] = []
            found = [
                derived
                for derived in self._derived(cls, set())
                if name in derived.cls.methods and not derived.cls.methods[name][-1].is_stub
            ]
            if not found and any(
                isinstance(b, External) and b.name.endswith(".Protocol") for b in members.ancestry(self._program, cls)
            ):
                found = list(self._structural(cls, name))
            self._implementations[key] = found
        return self._implementations[key]

    def _structural(self, protocol: ClassValue, name: str) -> Iterator[ClassValue]:
        """The classes that have all methods of a Protocol, and so implement it without deriving from it."""
        wanted = protocol.cls.methods.keys()
        for module in self.mentions(rb"def\s+%s\b", name, protocol.cls.module):
            for node in module.scope.nested:
                if isinstance(node, ast.ClassDef) and node is not protocol.cls.node:
                    cls = module.class_(node, module.scope)
                    if wanted <= cls.methods.keys() and not cls.methods[name][-1].is_stub:
                        yield ClassValue(cls, self._program.module_frame(module))

    def _derived(self, cls: ClassValue, seen: set[int]) -> Iterator[ClassValue]:
        for module in self.mentions(rb"class\s+\w+\s*\([^)]*\b%s\b", cls.cls.name, cls.cls.module):
            frame = self._program.module_frame(module)
            for node in module.scope.nested:
                if not isinstance(node, ast.ClassDef) or id(node) in seen or not node.bases:
                    continue
                derived = ClassValue(module.class_(node, module.scope), frame)
                direct = [b for b in members.bases(self._program, derived) if isinstance(b, ClassValue)]
                if any(base.cls is cls.cls for base in direct):
                    seen.add(id(node))
                    yield derived
                    yield from self._derived(derived, seen)

    def mentions(self, pattern: bytes, word: str, near: Module | None = None) -> list[Module]:
        """The modules whose text uses a word in the way that a pattern says, `near` first."""
        found = (
            self._program.index.load(path, optional=True) if near is None or path != near.path else near
            for path in self.texts.find(pattern, word, near)
        )
        return [module for module in found if module is not None]


def _as_called(function: Function, program: Program) -> FunctionValue:
    """The function as its callers see it: a method is bound to an object that is not known."""
    frame = program.frame_of(function.parent)
    if function.owner is None or "staticmethod" in function.decorator_names:
        return FunctionValue(function, frame)
    return FunctionValue(function, frame, External("<receiver>"))
