"""Members: what an attribute of a value means, by instance, class, and the order of bases."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import calling, collections, hints, names, state
from bglint.program.scopes import END, Kind
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Coroutine,
    Display,
    External,
    ExternalObject,
    Frame,
    FunctionValue,
    Generator,
    Instance,
    Meanings,
    Member,
    ModuleValue,
    Partial,
    Super,
    Value,
    merge,
    telling,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bglint.program.modules import Class, Function
    from bglint.program.program import Program

_UNTELLING_BASES = ("builtins.object", "typing.", "typing_extensions.", "abc.", "enum.", "pydantic.")
_PROPERTIES = {"property", "cached_property", "hybrid_property", "abstractproperty"}
_MAX_BASES = 40


def member(program: Program, value: Value, name: str) -> Meanings:
    """What `value.name` can mean."""
    match value:
        case ModuleValue(module):
            return names.module_member(program, module, name)
        case External(holder) | ExternalObject(holder) if state.is_holder(holder):
            return state.kept(program, name)
        case External(dotted):
            return _external(f"{dotted}.{name}")
        case ExternalObject(type_name):
            return _external(f"{type_name}.{name}")
        case Instance():
            return program.remembered((value, name), lambda: _instance_member(program, value, name))
        case ClassValue():
            return _class_member(program, value, name)
        case Super(cls, receiver):
            return _found(program, receiver, name, _order(program, _class_of(receiver) or cls), after=cls.cls)
        case Constant(None):
            return ()
        case Constant(constant):
            return (External(f"builtins.{type(constant).__name__}.{name}"),)
        case Partial(target=target) if name == "func":
            return (target,)
        case FunctionValue() | Partial() | Display() | Collection() | Coroutine() | Generator() | Member():
            return (Member(value, name),)


def _external(name: str) -> Meanings:
    name = catalog.canonical(name)
    found = catalog.member_type(name) if catalog.member_type(f"{name}[]") is None else None
    return (ExternalObject(found),) if found else (External(name),)


def _class_of(value: Value) -> ClassValue | None:
    match value:
        case Instance(cls=cls):
            return cls
        case ClassValue():
            return value
        case _:
            return None


def bases(program: Program, cls: ClassValue) -> Iterator[ClassValue | External]:
    """The direct bases of a class, in order."""
    for node in cls.cls.node.bases:
        base = node.value if isinstance(node, ast.Subscript) else node
        for value in program.infer(base, cls.frame):
            if isinstance(value, ClassValue | External):
                yield value
            elif isinstance(value, Display) and isinstance(value.node, ast.Subscript):
                for inner in program.infer(value.node.value, value.frame):
                    if isinstance(inner, ClassValue | External):
                        yield inner


def _order(program: Program, cls: ClassValue) -> list[ClassValue | External]:
    """A class and its bases, depth first, a base that is met again counting at its last place."""
    known = program.orders.get(cls)
    if known is not None:
        return known
    program.orders[cls] = [cls]
    cuts = program.cuts
    met: list[ClassValue | External] = []

    def visit(current: ClassValue | External) -> None:
        if len(met) > _MAX_BASES or current in met:
            return
        met.append(current)
        if isinstance(current, ClassValue):
            for base in bases(program, current):
                if base in met[1:]:
                    met.remove(base)
                visit(base)

    visit(cls)
    if program.cuts == cuts:
        program.orders[cls] = met
    else:
        del program.orders[cls]
    return met


def ancestry(program: Program, cls: ClassValue) -> list[ClassValue | External]:
    """A class and its bases in the order in which members are looked up (an approximation of Python's)."""
    return _order(program, cls)


def is_a(program: Program, value: Value, type_names: frozenset[str]) -> bool:
    """Whether a value is an instance of one of the named classes or of a class derived from one."""
    match value:
        case ExternalObject(name):
            return name in type_names
        case Instance(cls=cls):
            for base in _order(program, cls):
                name = base.cls.symbol if isinstance(base, ClassValue) else catalog.canonical(base.name)
                if name in type_names:
                    return True
            return False
        case _:
            return False


def getters(program: Program, value: Instance, name: str) -> list[FunctionValue]:
    """The function that computes a property of an instance; none where the attribute is no property."""
    for cls in _order(program, value.cls):
        if isinstance(cls, ClassValue) and (methods := cls.cls.methods.get(name)):
            getter = next((m for m in methods if m.decorator_names & _PROPERTIES), None)
            if getter is None:
                return []
            return [FunctionValue(getter, program.frames.get(cls.cls.scope, cls.frame, {}), value)]
    return []


def _instance_member(program: Program, value: Instance, name: str) -> Meanings:
    order = _order(program, value.cls)
    computed = getters(program, value, name)
    if computed:
        return merge(*(calling.call(program, getter, calling.Arguments.of(())) for getter in computed), ())
    assigned = _assigned(program, value, name, order)
    if assigned:
        return assigned
    return _found(program, value, name, order) or _delegated(program, value, name, order)


def _delegated(program: Program, value: Instance, name: str, order: list[ClassValue | External]) -> Meanings:
    """An attribute that `__getattr__` takes from another object: `return getattr(self.wrapped, name)`."""
    found: list[Meanings] = []
    classes = [cls for cls in order if isinstance(cls, ClassValue)] if not name.startswith("__") else []
    for cls in classes:
        for method in cls.cls.methods.get("__getattr__", ()):
            frame = _method_frame(program, cls, method, value)
            for wrapped in _asked_in_turn(method):
                found += [member(program, each, name) for each in program.infer(wrapped, frame) if each != value]
    return merge(*found, ())


def _asked_in_turn(method: Function) -> Iterator[ast.expr]:
    """What a `__getattr__` hands the name on to."""
    asked = method.node.args.args[-1].arg if method.node.args.args else None
    for returned in method.scope.returns:
        match returned.value:
            case ast.Call(func=ast.Name(id="getattr"), args=[wrapped, ast.Name(id=handed), *_]) if handed == asked:
                yield wrapped


def _assigned(program: Program, value: Instance, name: str, order: list[ClassValue | External]) -> Meanings:
    """What methods assign to the attribute of an instance, or its constructor takes for a declared field."""
    found: list[Meanings] = []
    for cls in order:
        if not isinstance(cls, ClassValue):
            continue
        for method, assigned, annotation in cls.cls.instance_attributes.get(name, ()):
            if isinstance(assigned, ast.Constant) and annotation is None:  # the same in every frame, so it needs none
                found.append(telling((Constant(assigned.value),)))
                continue
            frame = _method_frame(program, cls, method, value)
            meanings = program.infer(assigned, frame) if assigned is not None else ()
            held = telling(meanings)
            if annotation is not None and all(collections.is_empty(each) for each in held):
                held = merge(hints.instances(program, annotation, frame), held)
            found.append(held)
    if (
        not any(found)
        and value.made is not None
        and any(name in c.cls.scope.bindings for c in order if isinstance(c, ClassValue))
    ):
        given = (keyword.value for keyword in value.made.call.keywords if keyword.arg == name)
        found.extend(program.infer(each, value.made.frame) for each in given)
    return merge(*found, ())


def _method_frame(program: Program, cls: ClassValue, method: Function, receiver: Instance) -> Frame:
    class_frame = program.frames.get(cls.cls.scope, cls.frame, {})
    bound = FunctionValue(method, class_frame, receiver)
    if method.name == "__init__" and receiver.made is not None:
        return calling.enter(program, bound, calling.Arguments(program, receiver.made.call, receiver.made.frame))
    return calling.enter(program, bound, calling.Arguments.of(()))


def _class_member(program: Program, value: ClassValue, name: str) -> Meanings:
    order = _order(program, value)
    found = _found(program, value, name, order)
    if all(isinstance(each, Constant) and each.value is None for each in found):
        return _assigned(program, Instance(value), name, order) or found
    return found


def _found(
    program: Program,
    receiver: Value,
    name: str,
    order: list[ClassValue | External],
    after: Class | None = None,
) -> Meanings:
    """Look a name up in an order of classes (those behind `after`), and bind what is found to the receiver."""
    if after is not None:
        at = next((i for i, c in enumerate(order) if isinstance(c, ClassValue) and c.cls is after), -1)
        order = order[at + 1 :]
    for cls in order:
        if not isinstance(cls, ClassValue) or name not in cls.cls.scope.bindings:
            continue
        frame = program.frames.get(cls.cls.scope, cls.frame, {})
        found: list[Value] = []
        for binding in cls.cls.scope.reaching(name, END):
            values = names.bound(program, binding, frame)
            if binding.kind is Kind.DECLARED and isinstance(receiver, ClassValue):
                # A field that is asked of the class is a column or a descriptor, unless its type is the project's own.
                values = tuple(value for value in values if isinstance(value, Instance))
            found += [bind(value, receiver, frame) for value in values]
        if found:
            return _or_implementations(program, receiver, name, tuple(found))
    outer = [c.name for c in order if isinstance(c, External) and not c.name.startswith(_UNTELLING_BASES)]
    return merge(*(_external(f"{base}.{name}") for base in outer), ())


def bind(value: Value, receiver: Value, class_frame: Frame) -> Value:
    """A function found on a class becomes a method of the receiver, unless it is static."""
    if not isinstance(value, FunctionValue) or value.receiver is not None:
        return value
    origin = value.origin or value.function
    if origin.parent is not class_frame.scope:
        return value
    decorators = origin.decorator_names
    if "staticmethod" in decorators:
        return value
    if "classmethod" in decorators:
        cls = _class_of(receiver)
        return FunctionValue(value.function, value.frame, cls or receiver, value.origin)
    if isinstance(receiver, ClassValue):
        return value
    return FunctionValue(value.function, value.frame, receiver, value.origin)


def _or_implementations(program: Program, receiver: Value, name: str, found: Meanings) -> Meanings:
    """A method whose body says nothing is taken from the classes that implement it."""
    stubs = [v for v in found if isinstance(v, FunctionValue) and (v.origin or v.function).is_stub]
    cls = _class_of(receiver)
    if len(stubs) != len(found) or cls is None or name.startswith("__"):
        return found
    implementations: list[Meanings] = []
    for derived in program.search.implementations(cls, name):
        other: Value = derived if isinstance(receiver, ClassValue) else Instance(derived)
        implementations.append(_found(program, other, name, [derived]))
    return merge(*implementations, ()) or found


def entered(program: Program, value: Value) -> Meanings:
    """What `with value as name` binds."""
    match value:
        case Generator(function=function, frame=frame):
            return calling.yielded(program, function, frame)
        case Instance():
            for name in ("__enter__", "__aenter__"):
                methods = [
                    m for m in _found(program, value, name, _order(program, value.cls)) if isinstance(m, FunctionValue)
                ]
                results = merge(
                    *(program.awaited(calling.call(program, m, calling.Arguments.of(()))) for m in methods), ()
                )
                if results:
                    return results
            return (value,)
        case Coroutine():
            return merge(*(entered(program, each) for each in program.awaited((value,))), ())
        case _:
            return (value,)
