"""Scopes: what a module, class or function binds, and which bindings can reach a use.

One walk over a scope's own code (nested functions and classes are their own scopes) gathers its bindings,
its calls with the loops around them, and its returns, yields and awaits. Everything later asks this.
"""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bglint.program.walking import children, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bglint.program.modules import Module

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ScopeNode = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
LoopNode = ast.For | ast.AsyncFor | ast.While | ast.comprehension
Place = tuple[int, int]
"""Row from 1 and UTF-8 column from 0, as `ast` has them."""
Path = tuple[tuple[int, int], ...]
"""The arms of branching statements that lead to a place: (identity of the statement, number of its arm)."""

END: Place = (1 << 60, 0)
TOO_DEEP = "is nested too deeply to be followed"
_LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NOTHING_WITHIN = frozenset({ast.Name, ast.Constant})
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


class Kind(enum.Enum):
    """How a name came to be bound."""

    IMPORT = "import"
    FROM = "from-import"
    FUNCTION = "function"
    CLASS = "class"
    VALUE = "value"
    DECLARED = "declared"
    ELEMENT = "element"
    CONTEXT = "context"
    PARAMETER = "parameter"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One way in which a name is bound: the expression it takes its value from, and where that counts."""

    name: str
    kind: Kind
    node: ast.AST
    place: Place
    path: Path
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    unpack: tuple[int, ...] = ()
    asynchronous: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CallSite:
    """A call in a scope's own code, with the loops that repeat it; `on_failure`: only where something is raised."""

    node: ast.Call
    loops: tuple[LoopNode, ...]
    path: Path
    awaited: bool
    guarded: bool
    on_failure: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class LoopSite:
    """A loop in a scope's own code: the loops around it, what each turn evaluates, and the expression it belongs to."""

    loop: LoopNode
    outer: tuple[LoopNode, ...]
    body: tuple[ast.AST, ...]
    whole: ast.expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A condition, and the stretches of code (start, end) that run only where it is true, or only where it is false."""

    test: ast.expr
    if_true: tuple[tuple[Place, Place], ...]
    if_false: tuple[tuple[Place, Place], ...]


@dataclass(slots=True, eq=False)
class Scope:
    """The names and the own code of a module, a class, a function or a lambda."""

    node: ScopeNode
    module: Module
    parent: Scope | None
    qualname: str
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    outer_names: set[str] = field(default_factory=set)
    star_imports: list[ast.ImportFrom] = field(default_factory=list)
    calls: list[CallSite] = field(default_factory=list)
    loops: list[LoopSite] = field(default_factory=list)
    reads: list[tuple[ast.Attribute, tuple[LoopNode, ...]]] = field(default_factory=list)
    returns: list[ast.Return] = field(default_factory=list)
    yields: list[ast.Yield | ast.YieldFrom] = field(default_factory=list)
    raises: list[ast.Raise] = field(default_factory=list)
    awaits: list[ast.Await] = field(default_factory=list)
    nested: list[FunctionNode | ast.ClassDef] = field(default_factory=list)
    attributes: list[tuple[ast.Attribute, ast.expr | None, ast.expr | None]] = field(default_factory=list)
    arms: list[tuple[int, int, Path]] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)
    unread: bool = False
    _own: list[ast.AST] | None = None
    _paths: dict[int, Path] = field(default_factory=dict)

    @property
    def own_nodes(self) -> list[ast.AST]:
        """All nodes of the scope's own code, in no particular order; nested scopes are leaves."""
        if self._own is None:
            node = self.node
            found: list[ast.AST] = []
            stack: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
            while stack:
                each = stack.pop()
                found.append(each)
                if not isinstance(each, _NESTED):
                    stack += children(each)
            self._own = found
        return self._own

    @property
    def is_class(self) -> bool:
        """Whether functions nested in this scope do not see its names."""
        return isinstance(self.node, ast.ClassDef)

    def path_at(self, row: int) -> Path:
        """The innermost branch arm that holds a row."""
        best = self._paths.get(row)
        if best is None:
            best = ()
            for first, last, path in self.arms:
                if first <= row <= last and len(path) >= len(best):
                    best = path
            self._paths[row] = best
        return best

    def reaching(self, name: str, place: Place, path: Path | None = None) -> list[Binding]:
        """The bindings of `name` that can be in force at `place` (END: when the scope has run)."""
        bound = self.bindings.get(name)
        if not bound:
            return []
        if place == END:
            return _not_overridden(bound, ())
        here = self.path_at(place[0]) if path is None else path
        before = [b for b in bound if b.place < place and not _exclusive(b.path, here)]
        return _not_overridden(before or bound, here)


def _exclusive(one: Path, other: Path) -> bool:
    """Whether two places lie in different arms of the same statement."""
    for (statement, arm), (other_statement, other_arm) in zip(one, other, strict=False):
        if statement != other_statement:
            return False
        if arm != other_arm:
            return True
    return False


def _not_overridden(bound: list[Binding], here: Path) -> list[Binding]:
    """Drop what a later binding replaces whichever way control came: one whose arms all lie on the way here."""
    if len(bound) == 1:
        return bound
    for index in range(len(bound) - 1, 0, -1):
        binding = bound[index]
        if binding.kind is not Kind.DECLARED and binding.path == here[: len(binding.path)]:
            return bound[index:]
    return bound


def build_scope(node: ScopeNode, module: Module, parent: Scope | None, qualname: str) -> Scope:
    """Walk a scope's own code once and return what it binds and does; one that is nested too deeply stays `unread`."""
    scope = Scope(node, module, parent, qualname)
    try:
        _collect(node, _Collector(scope))
    except RecursionError:
        module.too_deep = f"{TOO_DEEP} (line {getattr(node, 'lineno', 1)})"
        return Scope(node, module, parent, qualname, unread=True)
    return scope


def _stretch(statements: Sequence[ast.stmt]) -> tuple[Place, Place] | None:
    """Where a run of statements begins and ends; None for an empty one."""
    if not statements:
        return None
    first, last = statements[0], statements[-1]
    return (first.lineno, first.col_offset), (last.end_lineno or last.lineno, last.end_col_offset or 0)


def _collect(node: ScopeNode, collector: _Collector) -> None:
    if isinstance(node, ast.Lambda):
        collector.parameters(node.args)
        collector.expression(node.body)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        collector.parameters(node.args)
        collector.block(node.body)
    else:
        collector.block(node.body)


class _Collector:
    """The walk behind `build_scope`; its state is the way to the statement at hand."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.path: Path = ()
        self.loops: tuple[LoopNode, ...] = ()
        self.guarded = False
        self.on_failure = False

    def bind(self, name: str, kind: Kind, node: ast.AST, place: Place | None = None, **more: object) -> None:
        at = place or (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        binding = Binding(name, kind, node, at, self.path, **more)  # type: ignore[arg-type]
        self.scope.bindings.setdefault(name, []).append(binding)

    def parameters(self, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        for parameter, default in zip(positional, defaults, strict=True):
            self._parameter(parameter, default)
        for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            self._parameter(parameter, default)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                self._parameter(extra, None)

    def _parameter(self, parameter: ast.arg, default: ast.expr | None) -> None:
        self.bind(parameter.arg, Kind.PARAMETER, parameter, (0, 0), value=default, annotation=parameter.annotation)

    def block(self, statements: Sequence[ast.stmt]) -> None:
        for index, statement in enumerate(statements):
            if isinstance(statement, ast.If):
                self._branch(statement, statements[index + 1 :])
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                self.expressions(statement)
            else:
                handler(self, statement)

    def _branch(self, node: ast.If, rest: Sequence[ast.stmt]) -> None:
        """Note what a condition decides; where one way leaves the block, the rest of it belongs to the other."""
        if_true, if_false = [_stretch(node.body)], [_stretch(node.orelse)]
        if isinstance(node.body[-1], _LEAVING):
            if_false.append(_stretch(rest))
        elif node.orelse and isinstance(node.orelse[-1], _LEAVING):
            if_true.append(_stretch(rest))
        self.scope.branches.append(Branch(node.test, tuple(s for s in if_true if s), tuple(s for s in if_false if s)))

    def arm(self, owner: ast.AST, number: int, statements: list[ast.stmt], path: Path | None = None) -> None:
        if not statements:
            return
        before = self.path
        self.path = (*before, (id(owner), number)) if path is None else path
        last = statements[-1]
        self.scope.arms.append((statements[0].lineno, last.end_lineno or last.lineno, self.path))
        self.block(statements)
        self.path = before

    def expressions(self, node: ast.AST) -> None:
        for child in children(node):
            if isinstance(child, ast.expr):
                self.expression(child)

    def expression(self, node: ast.AST, *, awaited: bool = False) -> None:
        """Record the calls and the hidden bindings of an expression; lambdas are scopes of their own."""
        match node:
            case ast.Name() | ast.Constant():
                return
            case ast.Lambda():
                self._defaults(node.args)
                return
            case ast.Call():
                self.scope.calls.append(CallSite(node, self.loops, self.path, awaited, self.guarded, self.on_failure))
                if isinstance(node.func, ast.Attribute):
                    self.expression(node.func.value)
                    for child in [*node.args, *node.keywords]:
                        self.expression(child)
                    return
            case ast.Attribute(value=ast.Name()):
                self.scope.reads.append((node, self.loops))
                return
            case ast.Await():
                self.scope.awaits.append(node)
                self.expression(node.value, awaited=True)
                return
            case ast.NamedExpr():
                self.target(node.target, node.value, Kind.VALUE)
            case ast.Yield() | ast.YieldFrom():
                self.scope.yields.append(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node)
                return
        for child in children(node):
            if child.__class__ not in _NOTHING_WITHIN:
                self.expression(child)

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self.expression(default)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        before = self.loops
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        for generator in node.generators:
            self.expression(generator.iter)
            asynchronous = bool(generator.is_async)
            place = (node.lineno, node.col_offset)
            self.target(generator.target, generator.iter, Kind.ELEMENT, place=place, asynchronous=asynchronous)
            inner = (*generator.ifs, *(parts if generator is node.generators[-1] else ()))
            self.scope.loops.append(LoopSite(generator, self.loops, inner, node))
            self.loops = (*self.loops, generator)
            for condition in generator.ifs:
                self.expression(condition)
        for part in parts:
            self.expression(part)
        self.loops = before

    def target(
        self,
        target: ast.expr,
        value: ast.expr | None,
        kind: Kind,
        *,
        annotation: ast.expr | None = None,
        unpack: tuple[int, ...] = (),
        place: Place | None = None,
        asynchronous: bool = False,
    ) -> None:
        """Bind what an assignment's left side names."""
        match target:
            case ast.Name():
                at = place or (target.lineno, target.col_offset)
                self.bind(
                    target.id,
                    kind,
                    target,
                    at,
                    value=value,
                    annotation=annotation,
                    unpack=unpack,
                    asynchronous=asynchronous,
                )
            case ast.Tuple() | ast.List():
                for index, element in enumerate(target.elts):
                    inner = element.value if isinstance(element, ast.Starred) else element
                    self.target(inner, value, kind, unpack=(*unpack, index), place=place, asynchronous=asynchronous)
            case ast.Attribute():
                if kind is not Kind.ELEMENT:
                    self.scope.attributes.append((target, _part(value, unpack), annotation))
                self.expression(target.value)
            case ast.Starred():
                self.target(target.value, value, kind, unpack=unpack, place=place, asynchronous=asynchronous)
            case _:
                self.expression(target)

    def definition(self, node: FunctionNode | ast.ClassDef) -> None:
        kind = Kind.CLASS if isinstance(node, ast.ClassDef) else Kind.FUNCTION
        self.bind(node.name, kind, node)
        self.scope.nested.append(node)
        for decorator in node.decorator_list:
            self.expression(decorator)
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                self.expression(base)
        else:
            for default in [*node.args.defaults, *node.args.kw_defaults]:
                if default is not None:
                    self.expression(default)

    def assign(self, node: ast.Assign) -> None:
        self.expression(node.value)
        after = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        for target in node.targets:
            self.target(target, node.value, Kind.VALUE, place=after if isinstance(target, ast.Name) else None)

    def annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.expression(node.value)
        kind = Kind.DECLARED if node.value is None else Kind.VALUE
        after = (node.end_lineno or node.lineno, node.end_col_offset or 0)
        place = after if isinstance(node.target, ast.Name) else None
        self.target(node.target, node.value, kind, annotation=node.annotation, place=place)

    def augmented(self, node: ast.AugAssign) -> None:
        self.expression(node.value)

    def loop(self, node: ast.For | ast.AsyncFor) -> None:
        self.expression(node.iter)
        self.target(node.target, node.iter, Kind.ELEMENT, asynchronous=isinstance(node, ast.AsyncFor))
        self._repeat(node, node.body, node.orelse)

    def while_(self, node: ast.While) -> None:
        before = self.loops
        self.loops = (*before, node)
        self.expression(node.test)
        self.loops = before
        self._repeat(node, node.body, node.orelse)

    def _repeat(self, node: ast.For | ast.AsyncFor | ast.While, body: list[ast.stmt], rest: list[ast.stmt]) -> None:
        before = self.loops
        self.scope.loops.append(LoopSite(node, before, tuple(body)))
        self.loops = (*before, node)
        self.arm(node, 0, body)
        self.loops = before
        self.block(rest)

    def if_(self, node: ast.If) -> None:
        self.expression(node.test)
        for number, body in enumerate((node.body, node.orelse)):
            failing = self.on_failure
            self.on_failure = failing or (bool(body) and isinstance(body[-1], ast.Raise))
            self.arm(node, number, body)
            self.on_failure = failing

    def try_(self, node: ast.Try | ast.TryStar) -> None:
        before = self.guarded
        self.guarded = before or bool(node.handlers)
        self.arm(node, 0, node.body, path=self.path)
        self.guarded = before
        for number, handler in enumerate(node.handlers, 1):
            if handler.type is not None:
                self.expression(handler.type)
            if handler.name:
                self.bind(handler.name, Kind.OPAQUE, handler)
            failing, self.on_failure = self.on_failure, True
            self.arm(node, number, handler.body)
            self.on_failure = failing
        self.block(node.orelse)
        self.block(node.finalbody)

    def with_(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.expression(item.context_expr)
            if item.optional_vars is not None:
                asynchronous = isinstance(node, ast.AsyncWith)
                self.target(item.optional_vars, item.context_expr, Kind.CONTEXT, asynchronous=asynchronous)
        self.block(node.body)

    def match_(self, node: ast.Match) -> None:
        self.expression(node.subject)
        for number, case in enumerate(node.cases):
            before = self.path
            self.path = (*before, (id(node), number))
            for pattern in walk(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str) and isinstance(pattern, ast.MatchAs | ast.MatchStar | ast.MatchMapping):
                    whole = pattern is case.pattern
                    self.bind(
                        name, Kind.VALUE if whole else Kind.OPAQUE, pattern, value=node.subject if whole else None
                    )
            self.path = before
            if case.guard is not None:
                self.expression(case.guard)
            self.arm(node, number, case.body)

    def import_(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0], Kind.IMPORT, alias, (node.lineno, node.col_offset))

    def import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.scope.star_imports.append(node)
            else:
                place = (node.lineno, node.col_offset)
                self.scope.bindings.setdefault(alias.asname or alias.name, []).append(
                    Binding(alias.name, Kind.FROM, node, place, self.path)
                )

    def outer(self, node: ast.Global | ast.Nonlocal) -> None:
        self.scope.outer_names.update(node.names)

    def return_(self, node: ast.Return) -> None:
        self.scope.returns.append(node)
        if node.value is not None:
            self.expression(node.value)

    def raise_(self, node: ast.Raise) -> None:
        self.scope.raises.append(node)
        self.expressions(node)


_STATEMENTS: dict[type[ast.stmt], Callable[[_Collector, Any], None]] = {
    ast.FunctionDef: _Collector.definition,
    ast.AsyncFunctionDef: _Collector.definition,
    ast.ClassDef: _Collector.definition,
    ast.Assign: _Collector.assign,
    ast.AnnAssign: _Collector.annotated,
    ast.AugAssign: _Collector.augmented,
    ast.For: _Collector.loop,
    ast.AsyncFor: _Collector.loop,
    ast.While: _Collector.while_,
    ast.If: _Collector.if_,
    ast.Try: _Collector.try_,
    ast.TryStar: _Collector.try_,
    ast.With: _Collector.with_,
    ast.AsyncWith: _Collector.with_,
    ast.Match: _Collector.match_,
    ast.Import: _Collector.import_,
    ast.ImportFrom: _Collector.import_from,
    ast.Global: _Collector.outer,
    ast.Nonlocal: _Collector.outer,
    ast.Return: _Collector.return_,
    ast.Raise: _Collector.raise_,
}


def _part(value: ast.expr | None, indexes: tuple[int, ...]) -> ast.expr | None:
    """The part of an unpacked value that goes to one target: `y` of `x, y`, or `value[1]`."""
    for index in indexes:
        if value is None:
            break
        if isinstance(value, ast.Tuple | ast.List) and index < len(value.elts):
            value = value.elts[index]
        else:
            value = ast.copy_location(
                ast.Subscript(value, ast.copy_location(ast.Constant(index), value), ast.Load()), value
            )
    return value


def own_nodes(scope: Scope) -> Iterable[ast.AST]:
    """All nodes of a scope's own code, in no particular order; nested scopes are leaves."""
    return scope.own_nodes
