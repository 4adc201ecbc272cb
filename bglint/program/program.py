"""The program: every question about what an expression means has an answer, and "nothing known" is one.

Answers are found on demand and kept. An expression has one set of meanings per frame, so that a function that is
handed different callables means different things to its different callers.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from bglint.program import calling, collections, hints, members, names
from bglint.program.search import Search
from bglint.program.text_search import TextSearch
from bglint.program.values import (
    ClassValue,
    Constant,
    Coroutine,
    Display,
    External,
    ExternalObject,
    Frame,
    FunctionValue,
    Meanings,
    Super,
    Value,
    merge,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bglint.program.flow import After
    from bglint.program.modules import Module, ModuleIndex
    from bglint.program.scopes import Place, Scope

MAX_NESTING = 60
"""How many questions may wait for one another before "nothing known" is the answer."""

_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


_NO_CUT = 1 << 30
_ALWAYS_CUT = -1
"""The position on which an answer depends that is not the same every time."""


class _Entry(NamedTuple):
    """A question that waits, and what was there when it was asked."""

    question: object
    position: int
    partial: int
    lowest_cut: int
    declined: int


class Program:
    """What the names of a project mean. One per run: it keeps what it found."""

    def __init__(self, index: ModuleIndex, files: Iterable[str] = (), texts: TextSearch | None = None) -> None:
        """`files`: the project's files, asked only where a name's uses have to be searched.

        `texts`: what an earlier program found there, which spares this one the search.
        """
        self.index = index
        self.search: Search = Search(self, texts or TextSearch(index, files))
        self.frames = calling.FrameStore()
        self._known: dict[tuple[int, Frame], Meanings] = {}
        self._partial: dict[tuple[int, Frame], tuple[Meanings, int]] = {}
        self._remembered: dict[object, Meanings] = {}
        self.cuts = 0
        self._waiting: dict[object, int] = {}
        self._lowest_cut = _NO_CUT
        self._keep: list[ast.AST] = []
        self.skipped: dict[Frame, Sequence[tuple[Place, Place]]] = {}
        self.global_scopes: dict[str, tuple[Scope, ...]] = {}
        self.asked: dict[Scope, tuple[str, ...]] = {}
        self.orders: dict[ClassValue, list[ClassValue | External]] = {}
        self.ways: dict[tuple[Frame, frozenset[ast.AST]], After] = {}
        self._module_frames: dict[str, Frame] = {}

    def succeeded(self) -> Program:
        """A program that knows nothing yet but the texts that were read; this one is at its end."""
        other = Program(self.index, texts=self.search.texts)
        vars(self).clear()  # it is part of circles, and would wait for the garbage collector
        return other

    def module_frame(self, module: Module) -> Frame:
        """The frame of a module's own scope."""
        frame = self._module_frames.get(module.path)
        if frame is None:
            frame = self._module_frames[module.path] = Frame(module.scope)
        return frame

    def frame_at(self, module: Module, place: Place) -> Frame:
        """The frame of the innermost scope at a place, its parameters unbound."""
        frame = self.module_frame(module)
        for scope in module.scopes_at(*place)[1:]:
            frame = self.frames.get(scope, frame, {})
        return frame

    def frame_of(self, scope: Scope) -> Frame:
        """The frame of a scope, its and its outer scopes' parameters unbound."""
        if scope.parent is None:
            return self.module_frame(scope.module)
        return self.frames.get(scope, self.frame_of(scope.parent), {})

    def infer(self, node: ast.expr, frame: Frame) -> Meanings:
        """What an expression can mean in a frame."""
        if isinstance(node, ast.Constant):
            return (Constant(node.value),)
        key = (id(node), frame)
        known = self._known.get(key)
        if known is not None:
            return known
        partial = self._partial.get(key)
        if partial is not None:
            self._cut(partial[1])
            return partial[0]
        if not self._is_fresh(key):
            return ()
        entry = self._enter(key)
        try:
            meanings = self._infer(node, frame)
        finally:
            lowest = self._leave(entry)
        if lowest >= entry.position:
            self._known[key] = meanings
            self._keep.append(node)
        elif entry.position:
            self._partial[key] = (meanings, lowest)
        return meanings

    def remembered(self, question: object, answer: Callable[[], Meanings]) -> Meanings:
        """The answer to a question that many expressions ask; kept where nothing was cut on the way to it."""
        known = self._remembered.get(question)
        if known is not None:
            return known
        before = self.cuts, self.search.declined
        meanings = answer()
        if before == (self.cuts, self.search.declined) and not self.search.nested:
            self._remembered[question] = meanings
        return meanings

    def _infer(self, node: ast.expr, frame: Frame) -> Meanings:
        match node:
            case ast.Name():
                return names.look_up(self, node.id, frame, (node.lineno, node.col_offset))
            case ast.Attribute():
                return merge(*(members.member(self, base, node.attr) for base in self.infer(node.value, frame)), ())
            case ast.Call():
                return self._call(node, frame)
            case ast.Await():
                return self.awaited(self.infer(node.value, frame))
            case ast.Lambda():
                function = frame.scope.module.function(node, frame.scope)
                return (FunctionValue(function, frame),)
            case ast.IfExp():
                return merge(self.infer(node.body, frame), self.infer(node.orelse, frame))
            case ast.BoolOp():
                return merge(*(self.infer(value, frame) for value in node.values))
            case ast.NamedExpr():
                return self.infer(node.value, frame)
            case ast.Subscript():
                return collections.subscript(self, node, frame)
            case ast.BinOp():
                return self._operator(node, frame)
            case ast.JoinedStr():
                return (ExternalObject("builtins.str"),)
            case ast.Starred():
                return self.infer(node.value, frame)
            case _ if isinstance(node, _LITERALS):
                return (Display(node, frame),)
            case _:
                return ()

    def _operator(self, node: ast.BinOp, frame: Frame) -> Meanings:
        left = self.infer(node.left, frame)
        if isinstance(node.op, ast.BitOr) and hints.is_union(left, node.right):
            return (Display(node, frame),)
        if isinstance(node.op, ast.Add | ast.Mult | ast.Sub | ast.Pow | ast.FloorDiv | ast.LShift):
            number = collections.fold(node.op, left, self.infer(node.right, frame))
            if number is not None:
                return (Constant(number),)
        return tuple(value for value in left if isinstance(value, ExternalObject | Display))

    def _call(self, node: ast.Call, frame: Frame) -> Meanings:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return self._super(frame)
        arguments = calling.Arguments(self, node, frame)
        return merge(*(calling.call(self, callee, arguments) for callee in self.infer(node.func, frame)), ())

    def _super(self, frame: Frame) -> Meanings:
        """The receiver of the method around, seen from the class that defines it."""
        around: Frame | None = frame
        while around is not None:
            scope = around.scope
            if scope.parent is not None and scope.parent.is_class and around.parent is not None:
                receiver = names.receiver(self, around)
                defining = scope.parent.node
                if receiver and isinstance(defining, ast.ClassDef) and around.parent.parent is not None:
                    cls = ClassValue(scope.module.class_(defining, around.parent.parent.scope), around.parent.parent)
                    return tuple(Super(cls, value) for value in receiver)
                return ()
            around = around.parent
        return ()

    @contextmanager
    def asking(self, question: object) -> Iterator[bool]:
        """Whether a question is asked for the first time on the way here; one that waits for itself is not."""
        if not self._is_fresh(question):
            yield False
            return
        entry = self._enter(question)
        try:
            yield True
        finally:
            self._leave(entry)

    def _is_fresh(self, question: object) -> bool:
        """Whether a question can be answered now; note where the way here is cut if it cannot."""
        at = self._waiting.get(question)
        if at is not None:
            self._cut(at)
        elif len(self._waiting) > MAX_NESTING:
            self._cut(0)
        else:
            return True
        return False

    def _cut(self, position: int) -> None:
        """Note that an answer lacks what the question at a position will give, which waits for it."""
        self.cuts += 1
        self._lowest_cut = min(self._lowest_cut, position)

    def _enter(self, question: object) -> _Entry:
        entry = _Entry(question, len(self._waiting), len(self._partial), self._lowest_cut, self.search.declined)
        self._waiting[question] = entry.position
        self._lowest_cut = _NO_CUT
        return entry

    def _leave(self, entry: _Entry) -> int:
        """Take a question from those that wait; return the lowest position that its answer depends on.

        What was answered since in part waits on for that position, and is dropped where nothing above has to be waited
        for: the next who asks gets the whole answer.
        """
        del self._waiting[entry.question]
        lowest = self._lowest_cut
        if self.search.declined != entry.declined and (entry.position or self.search.nested):
            lowest = _ALWAYS_CUT
        settled = lowest >= entry.position
        if len(self._partial) > entry.partial:
            if settled or not entry.position:
                while len(self._partial) > entry.partial:
                    self._partial.popitem()
            else:
                for key in islice(reversed(self._partial), len(self._partial) - entry.partial):
                    meanings, before = self._partial[key]
                    self._partial[key] = (meanings, min(before, lowest))
        self._lowest_cut = entry.lowest_cut if settled else min(entry.lowest_cut, lowest)
        return lowest

    def awaited(self, meanings: Meanings) -> Meanings:
        """What awaiting a value gives."""
        results: list[Meanings] = []
        for value in meanings:
            if isinstance(value, Coroutine):
                results.append(calling.result(self, value.function, value.frame))
            else:
                results.append((value,))
        return merge(*results, ())

    def member(self, value: Value, name: str) -> Meanings:
        """What an attribute of a value can mean."""
        return members.member(self, value, name)

    def qualified_name(self, value: Value) -> str | None:
        """The dotted name of what a value is or is an instance of, where it has one."""
        match value:
            case External(name):
                return name
            case ExternalObject(name):
                return name
            case FunctionValue(function=function, origin=origin):
                return (origin or function).symbol
            case ClassValue(cls=cls):
                return cls.symbol
            case _:
                return None
