"""Where an argument comes from: followed back to what belongs to a request, if it does.

Through names, attributes, displays, calls of the project's functions, objects that keep it, and callers.
"""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bglint.diagnostics import Confidence
from bglint.program import members
from bglint.program.facts import names_in
from bglint.program.hints import injector, instances
from bglint.program.lexical import reaching
from bglint.program.modules import function_of, last_name
from bglint.program.scopes import END, Kind, own_nodes
from bglint.program.signatures import declared
from bglint.program.values import ClassValue, Constant, ExternalObject, FunctionValue, Instance
from bglint.rules.misuse import _carriers, _forms, _injection
from bglint.rules.misuse._resources import Resource, kind_of
from bglint.rules.misuse._tasks import callers_outside_tests, route_methods

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Function
    from bglint.program.program import Program
    from bglint.program.scopes import Binding
    from bglint.program.values import Frame, Meanings
    from bglint.rules.misuse._carriers import Bound

MAX_STEPS = 14
"""How many steps back an argument is followed."""
MAX_QUESTIONS = 500
"""How many expressions are looked at for one argument."""
MAX_CALLERS = 8
MAX_HOPS = 3
"""How many callers up an argument is followed."""

_Key = tuple[int, int, frozenset[tuple[tuple[int, str], int]]]
_TELLING = re.compile(r"(?i)db|session|conn|cursor|request|file|upload|repo|service|store|dao|uow|unit_of_work|client")
"""Names of undeclared parameters that are worth asking the callers about."""
_PLAIN = ("builtins.", "datetime.", "uuid.", "pathlib.", "decimal.")
_APPENDING = frozenset({"append", "add", "extend", "insert"})


class Origins:
    """Follows expressions back; keeps the way so that no question waits for itself."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._asked: set[_Key] = set()
        self._known: dict[_Key, Resource | None] = {}
        self._cuts = self._questions = self._hops = 0
        self.bound: Bound = {}

    def of(self, node: ast.expr, frame: Frame) -> Resource | None:
        """The resource of a request that an expression is or carries."""
        key = (id(node), id(frame), frozenset((name, id(given)) for name, (given, _) in self.bound.items()))
        if not self._asked:
            self._questions = 0
        if key in self._known:
            return self._known[key]
        self._questions += 1
        if key in self._asked or len(self._asked) > MAX_STEPS or self._questions > MAX_QUESTIONS:
            self._cuts += 1
            return None
        cuts = self._cuts
        self._asked.add(key)
        try:
            found = self._of(node, frame)
        finally:
            self._asked.discard(key)
        if cuts == self._cuts:
            self._known[key] = found
        return found

    def _of(self, node: ast.expr, frame: Frame) -> Resource | None:
        if isinstance(node, ast.Name | ast.Attribute | ast.Call) and self._carries_nothing(self._values(node, frame)):
            return None
        match node:
            case ast.Name():
                return self._name(node, frame)
            case ast.Attribute():
                return self._attribute(node, frame)
            case ast.Call():
                return self._call(node, frame)
            case ast.Await(value=inner) | ast.Starred(value=inner) | ast.NamedExpr(value=inner):
                return self.of(inner, frame)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts) | ast.BoolOp(values=parts):
                return self.first(parts, frame)
            case ast.Dict(values=values):
                return self.first(values, frame)
            case ast.IfExp():
                return self.first([node.body, node.orelse], frame)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                return self.of(element, frame)
            case ast.Subscript(value=base):
                return _forms.element(self.of(base, frame), node.slice)
            case _:
                return None

    def _carries_nothing(self, values: Meanings) -> bool:
        """Whether all that an expression can be is known, and is neither a resource nor keeps what it is given."""
        telling = [value for value in values if not isinstance(value, Constant)]
        if not telling:
            return bool(values) and any(value.value is not None for value in values if isinstance(value, Constant))
        return (
            all(
                (isinstance(value, ExternalObject) and value.type_name.startswith(_PLAIN))
                or (isinstance(value, Instance) and not _carriers.keeps(self.program, value.cls))
                for value in telling
            )
            and kind_of(self.program, values) is None
        )

    def first(self, nodes: list[ast.expr], frame: Frame) -> Resource | None:
        """The first resource among some expressions."""
        return next((found for node in nodes if (found := self.of(node, frame)) is not None), None)

    def _name(self, node: ast.Name, frame: Frame) -> Resource | None:
        bindings, holder = reaching(node, frame)
        found = [self._binding(node.id, binding, holder) for binding in bindings]
        sure = [each for each in found if each is not None]
        if sure and len(sure) < len(found):
            return replace(sure[0], confidence=Confidence.LOW)
        return sure[0] if sure else None

    def _binding(self, name: str, binding: Binding, frame: Frame) -> Resource | None:
        match binding.kind:
            case Kind.PARAMETER:
                return self.parameter(binding, frame)
            case Kind.CONTEXT if binding.value is not None:
                return self._context(name, binding.value, frame)
            case Kind.ELEMENT if binding.value is not None:
                found = self.of(binding.value, frame)
                return found if found is not None and found.kind in {"upload", "form"} else None
            case Kind.VALUE if binding.value is not None:
                if binding.unpack:
                    return self._unpacked(binding, frame)
                return self.of(binding.value, frame) or self._collected(name, binding.value, frame)
            case _:
                return None

    def _unpacked(self, binding: Binding, frame: Frame) -> Resource | None:
        match binding.value, binding.unpack:
            case ((ast.Tuple(elts=parts) | ast.List(elts=parts)), (index,)) if index < len(parts):
                return self.of(parts[index], frame)
            case _:
                return None

    def _collected(self, name: str, value: ast.expr, frame: Frame) -> Resource | None:
        """What is put into a collection that starts empty; texts and files of a form are told apart by its name."""
        if not isinstance(value, ast.List) or value.elts:
            return None
        for node in own_nodes(frame.scope):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr), args=[*_, added]):
                    if owner == name and attr in _APPENDING and (found := self.of(added, frame)) is not None:
                        if found.kind != "form":
                            return found
                        return _forms.as_file(found, name)
        return None

    def _context(self, name: str, value: ast.expr, frame: Frame) -> Resource | None:
        """`with Session() as name`: closed when the block is left, which is before any task runs."""
        entered = self.program.infer(_read(name), frame)
        made = self.program.infer(value, frame)
        if kind_of(self.program, (*entered, *made)) == "session":
            return Resource("session", name, "with")
        found = self.of(value, frame)
        return found if found is not None and found.kind == "form" else None

    def parameter(self, binding: Binding, frame: Frame) -> Resource | None:
        """The resource that a parameter holds: by what injects it, what declares it, or what callers give."""
        given = self.bound.get((id(frame.scope), binding.name))
        if given is not None:
            return self.of(*given)
        provider = injector(self.program, binding, frame)
        declared = instances(self.program, binding.annotation, frame.parent or frame)
        kind = kind_of(self.program, declared)
        if provider is not None:
            return _injection.injected(self, binding.name, provider, declared)
        if kind is not None and kind != "session":
            return Resource(kind, binding.name, "request")
        if kind is None and declared:
            found = self._first_carried(declared)
            if found is not None or not any(isinstance(value, Instance) for value in declared):
                return found
            return self._from_callers(binding, frame, session=False)
        if self._is_receiver(binding, frame):
            return self._first_carried(self.program.infer(_read(binding.name), frame))
        if kind == "session" or _TELLING.search(binding.name):
            return self._from_callers(binding, frame, session=kind == "session")
        return None

    def _is_receiver(self, binding: Binding, frame: Frame) -> bool:
        function = function_of(frame.scope)
        return (
            function is not None
            and function.owner is not None
            and bool(function.parameters)
            and function.parameters[0].arg == binding.name
            and "staticmethod" not in function.decorator_names
        )

    def _from_callers(self, binding: Binding, frame: Frame, *, session: bool) -> Resource | None:
        """What the callers of a function give for a parameter; a session that nobody is seen to give is believed."""
        function = function_of(frame.scope)
        if function is None:
            return None
        if self._hops >= MAX_HOPS:
            self._cuts += 1
            return None
        callers = [] if route_methods(frame.scope.node) else self._callers(function)
        closed: Resource | None = None
        self._hops += 1
        try:
            for call, outer in callers:
                given = _carriers.argument(call, function, binding.name)
                if given is not None and (found := self.of(given, outer)) is not None:
                    if found.closed != "with":
                        return found
                    closed = closed or found
        finally:
            self._hops -= 1
        if closed is not None:
            return closed
        if session and not callers and not _may_be_left_out(function, binding.name):
            sure = Confidence.HIGH if route_methods(frame.scope.node) else Confidence.MEDIUM
            return Resource("session", binding.name, "dependency", sure)
        return None

    def _callers(self, function: Function) -> list[tuple[ast.Call, Frame]]:
        return callers_outside_tests(self.program, function)[:MAX_CALLERS]

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Resource | None:
        objects = [value for value in self._values(node.value, frame) if isinstance(value, Instance)]
        if objects and kind_of(self.program, tuple(objects)) is None:
            found = (each for value in objects for each in self._attribute_of(value, node, frame))
            return next(found, None)
        base = self.of(node.value, frame)
        if base is None or base.carried:
            return None
        if base.kind == "request" and node.attr == "state":
            return replace(base, kind="state")
        return base if (base.kind, node.attr) == ("upload", "file") or base.kind == "state" else None

    def _values(self, node: ast.expr, frame: Frame) -> Meanings:
        """What an expression can be, a parameter standing for what it was given on the way here."""
        if isinstance(node, ast.Name) and (given := self.bound.get((id(frame.scope), node.id))) is not None:
            return self.program.infer(*given)
        return self.program.infer(node, frame)

    def _attribute_of(self, value: Instance, node: ast.Attribute, frame: Frame) -> Iterator[Resource]:
        for assigned, where in _carriers.assigned(self.program, value, node.attr, self.bound):
            found = self.of(assigned, where)
            if found is not None:
                yield found
        for name, call, where in _carriers.injected_attributes(self.program, value):
            if name == node.attr and (found := _injection.injected(self, name, (call, where), ())) is not None:
                yield found
        for getter in members.getters(self.program, value, node.attr):
            inner = self.program.frame_of(getter.function.scope)
            first = getter.function.parameters[0].arg if getter.function.parameters else ""
            with _carriers.binding(self.bound, inner, {first: (node.value, frame)}):
                for result in getter.function.scope.returns:
                    if result.value is not None and (found := self.of(result.value, inner)) is not None:
                        yield found

    def _call(self, node: ast.Call, frame: Frame) -> Resource | None:
        if isinstance(node.func, ast.Attribute):
            base = self.of(node.func.value, frame)
            if base is not None and not base.carried:
                return _forms.method(base, node)
        for callee in self.program.infer(node.func, frame):
            found = None
            if isinstance(callee, ClassValue):
                found = self._constructed(callee, node, frame)
            elif isinstance(callee, FunctionValue) and not callee.function.is_generator:
                found = self._result(callee, node, frame)
            if found is not None:
                return found
        if last_name(node.func) in {"list", "tuple", "dict", "set", "cast", "partial"}:
            return self.first(node.args[-1:] if last_name(node.func) == "cast" else node.args, frame)
        return None

    def _constructed(self, cls: ClassValue, node: ast.Call, frame: Frame) -> Resource | None:
        """The resource that a new object is given and keeps."""
        if not self._is_given_one(node, frame):
            return None
        kept: dict[str, Resource] = {}
        for keeper in _carriers.keepers(self.program, cls, node, frame):
            with _carriers.binding(self.bound, keeper.frame, keeper.given):
                given = {name for name, (value, where) in keeper.given.items() if self.of(value, where) is not None}
                for attribute, value in keeper.kept:
                    if names_in(value) & given and (found := self.of(value, keeper.frame)) is not None:
                        kept[attribute] = found
        if kept:
            return next(iter(kept.values())).behind(kept)
        if not _carriers.has_own_init(self.program, cls):
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if (found := self.of(argument, frame)) is not None and found.kind == "session":
                    return found.behind(())
        return None

    def _is_given_one(self, node: ast.Call, frame: Frame) -> bool:
        """Whether a call gives a resource, or what carries one, to what it calls."""
        return self.first([*node.args, *(keyword.value for keyword in node.keywords)], frame) is not None

    def _result(self, callee: FunctionValue, node: ast.Call, frame: Frame) -> Resource | None:
        """The resource that a function of the project is given and hands back."""
        made = self.program.awaited(self.program.infer(node, frame))
        if not any(isinstance(value, Instance) and _carriers.keeps(self.program, value.cls) for value in made):
            return None
        receiver = node.func.value if isinstance(node.func, ast.Attribute) and callee.receiver is not None else None
        if not self._is_given_one(node, frame) and (receiver is None or self.of(receiver, frame) is None):
            return None
        inner = self.program.frame_of(callee.function.scope)
        with _carriers.binding(self.bound, inner, _carriers.arguments(node, callee, frame)):
            results = [each.value for each in callee.function.scope.returns if each.value is not None]
            return self.first(results, inner)

    def _first_carried(self, values: Meanings) -> Resource | None:
        found = (self.carried(value) for value in values if isinstance(value, Instance))
        return next((each for each in found if each is not None), None)

    def carried(self, value: Instance) -> Resource | None:
        """The resource that an object keeps whose construction is not seen: what its `__init__` is injected with."""
        if value.made is not None:
            return self._constructed(value.cls, value.made.call, value.made.frame)
        kept: dict[str, Resource] = {}
        for attribute, assigned, where in _carriers.all_assigned(self.program, value):
            if (found := self.of(assigned, where)) is not None and found.kind == "session":
                kept[attribute] = replace(found, confidence=min(found.confidence, Confidence.MEDIUM))
        for attribute, call, where in _carriers.injected_attributes(self.program, value):
            if (found := _injection.injected(self, attribute, (call, where), ())) is not None:
                kept[attribute] = found
        return next(iter(kept.values())).behind(kept) if kept else None


@lru_cache(maxsize=1)
def origins_in(program: Program) -> Origins:
    """The origins of a program's expressions; the same object for all questions of a run."""
    return Origins(program)


def _may_be_left_out(function: Function, name: str) -> bool:
    """Whether a parameter is None where nobody gives it."""
    default = next((each.default for each in declared(function).parameters if each.name == name), None)
    return isinstance(default, ast.Constant) and default.value is None


def _read(name: str) -> ast.Name:
    """A use of a name at the end of its scope."""
    node = ast.Name(name, ast.Load())
    node.lineno, node.col_offset = END
    return node
