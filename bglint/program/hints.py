"""Annotations: from a type expression to the objects it describes, and to what injects them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.program import calling
from bglint.program.modules import last_name
from bglint.program.values import (
    ClassValue,
    Collection,
    Constant,
    Display,
    External,
    ExternalObject,
    Frame,
    Generator,
    Instance,
    Meanings,
    merge,
)

if TYPE_CHECKING:
    from bglint.program.program import Program
    from bglint.program.scopes import Binding

_FIRST = {"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "Awaitable", "ReadOnly"}
_LAST = {"Coroutine"}
_ELEMENTS = {
    "list", "List", "set", "Set", "frozenset", "FrozenSet", "Sequence", "MutableSequence", "Iterable", "Iterator",
    "Collection", "AsyncIterator", "AsyncIterable", "Generator", "AsyncGenerator", "deque", "Deque",
}  # fmt: skip
_VALUES = {"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"}
_NOTHING = {
    "Any", "object", "Callable", "callable", "type", "FunctionType", "MethodType", "Literal", "Self", "TypeVar",
    "ParamSpec",
}  # fmt: skip
_TYPING = ("typing.", "typing_extensions.", "collections.", "builtins.")
_INJECTORS = {"Depends", "Security", "Provide", "Inject"}


def instances(program: Program, node: ast.expr | None, frame: Frame) -> Meanings:
    """The objects that an annotation describes."""
    match node:
        case ast.Constant(value=str(text)):
            parsed = program.frames.quoted(text, node)
            return instances(program, parsed, frame) if parsed is not None else ()
        case ast.BinOp(op=ast.BitOr()):
            return merge(instances(program, node.left, frame), instances(program, node.right, frame))
        case ast.Subscript():
            with program.asking(("annotation", id(node), frame)) as fresh:
                return _generic(program, node, frame) if fresh else ()
        case ast.Name() | ast.Attribute():
            return merge(*(_instance(program, value) for value in program.infer(node, frame)), ())
        case _:
            return ()


def _instance(program: Program, value: object) -> Meanings:
    match value:
        case ClassValue():
            return (Instance(value),)
        case Display(node=ast.Subscript() | ast.BinOp() as alias, frame=frame):
            return instances(program, alias, frame)
        case External(name) if name.rpartition(".")[2] in _NOTHING or name.endswith("()"):
            return ()
        case External(name):
            return (ExternalObject(catalog.canonical(name)),)
        case Constant(value=str()):
            return ()
        case _:
            return ()


def _generic(program: Program, node: ast.Subscript, frame: Frame) -> Meanings:
    base = last_name(node.value)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if base in _FIRST:
        return instances(program, inner[0], frame)
    if base == "Union":
        return merge(*(instances(program, each, frame) for each in inner), ())
    if base in _LAST:
        return instances(program, inner[-1], frame)
    if base in _ELEMENTS:
        return (Collection((instances(program, inner[0], frame),)),)
    if base in {"tuple", "Tuple"}:
        ordered = not (len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...)
        return (
            Collection(
                tuple(instances(program, each, frame) for each in inner if ordered or each is inner[0]), ordered
            ),
        )
    if base in _VALUES:
        return (Collection((instances(program, inner[-1], frame),)),)
    if base in {"type", "Type"}:
        return tuple(value.cls for value in instances(program, inner[0], frame) if isinstance(value, Instance))
    if base in _NOTHING:
        return ()
    return merge(*(_instance(program, value) for value in program.infer(node.value, frame)), ())


def is_union(left: Meanings, right: ast.expr) -> bool:
    """Whether `a | b` joins types."""
    if isinstance(right, ast.Constant):
        return right.value is None
    return any(isinstance(v, ClassValue) or (isinstance(v, Display) and is_type(v.node)) for v in left)


def is_type(node: ast.expr) -> bool:
    """Whether an expression kept for later is a type expression."""
    return isinstance(node, ast.Subscript | ast.BinOp)


def is_typing_generic(values: Meanings) -> bool:
    """Whether subscripting these makes a type, not an element."""
    return any(
        isinstance(value, ClassValue)
        or (isinstance(value, External) and value.name.startswith(_TYPING) and "(" not in value.name)
        for value in values
    )


def injected(program: Program, binding: Binding, frame: Frame) -> Meanings:
    """What a framework passes for a parameter: the result of the callable in its `Depends(…)`."""
    outer = frame.parent or frame
    provider = injector(program, binding, frame)
    if provider is None:
        return ()
    call, where = provider
    dependency = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "dependency"), None)
    if dependency is None:
        return ()
    given = calling.Arguments.of(())
    found = []
    for value in program.infer(dependency, where or outer):
        for result in program.awaited(calling.call(program, value, given)):
            if isinstance(result, Generator):
                found.append(calling.yielded(program, result.function, result.frame))
            else:
                found.append((result,))
    return tuple(value for value in merge(*found, ()) if not isinstance(value, Constant))


def injector(program: Program, binding: Binding, frame: Frame) -> tuple[ast.Call, Frame] | None:
    """The `Depends(…)` call of a parameter, by default or by annotation, and the frame it stands in."""
    outer = frame.parent or frame
    if isinstance(binding.value, ast.Call) and last_name(binding.value.func) in _INJECTORS:
        return binding.value, outer
    return _annotated_injector(program, binding.annotation, outer)


def _annotated_injector(program: Program, node: ast.expr | None, frame: Frame) -> tuple[ast.Call, Frame] | None:
    match node:
        case ast.Subscript() if last_name(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple):
            for extra in node.slice.elts[1:]:
                if isinstance(extra, ast.Call) and last_name(extra.func) in _INJECTORS:
                    return extra, frame
        case ast.Name() | ast.Attribute():
            for value in program.infer(node, frame):
                if isinstance(value, Display) and is_type(value.node):
                    return _annotated_injector(program, value.node, value.frame)
        case ast.Constant(value=str(text)):
            return _annotated_injector(program, program.frames.quoted(text, node), frame)
    return None
