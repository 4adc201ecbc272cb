"""The values that an expression can have, as far as reading tells.

An expression has several meanings where a name is bound in more than one way; none means that nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from bglint.program.modules import Class, Function, Module
    from bglint.program.scopes import Scope

Meanings = tuple["Value", ...]

MAX_MEANINGS = 64
"""How many values an expression may have, so that functions that call each other many times over end in good time."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One activation of a scope: what its parameters are bound to, and the frame it was defined in.

    `literals`: the parameters of which it is certain that they are one literal, given or by default.
    """

    scope: Scope
    parent: Frame | None = None
    arguments: Mapping[str, Meanings] = field(default_factory=dict)
    depth: int = 0
    literals: Mapping[str, Constant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the project by its dotted name: a module, class, function, or a member of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class ExternalObject:
    """An instance of a class outside the project; `made` where it is of use to know the call that made it."""

    type_name: str
    made: Construction | None = None


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function of the project; `receiver` where it is bound, `origin` the function it decorates."""

    function: Function
    frame: Frame
    receiver: Value | None = None
    origin: Function | None = None


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of the project, and the frame it was defined in."""

    cls: Class
    frame: Frame


@dataclass(frozen=True, slots=True)
class Construction:
    """The call that made an object, and the frame of its arguments."""

    call: ast.Call
    frame: Frame


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance of a class of the project; `made` where the constructing call is known."""

    cls: ClassValue
    made: Construction | None = None


@dataclass(frozen=True, slots=True)
class Super:
    """`super()`: the members of the classes after `cls` in the order of `receiver`'s."""

    cls: ClassValue
    receiver: Value


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial(target, …)`: the call that binds the arguments."""

    target: Value
    call: ast.Call
    frame: Frame


@dataclass(frozen=True, slots=True)
class Coroutine:
    """What calling an async function gives, before it is awaited."""

    function: FunctionValue
    call: ast.Call | None
    frame: Frame


@dataclass(frozen=True, slots=True)
class Generator:
    """What calling a generator function gives, before it is iterated."""

    function: FunctionValue
    call: ast.Call | None
    frame: Frame


@dataclass(frozen=True, slots=True)
class Display:
    """A list, tuple, set or dict display or comprehension, with the frame of its elements."""

    node: ast.expr
    frame: Frame


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection whose elements' meanings are known: by annotation, or packed arguments in order."""

    elements: tuple[Meanings, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: object


@dataclass(frozen=True, slots=True)
class Member:
    """An attribute that only means something with what it is taken from: `task.delay`, `mapping.get`."""

    owner: Value
    name: str


Value = (
    ModuleValue
    | External
    | ExternalObject
    | FunctionValue
    | ClassValue
    | Instance
    | Super
    | Partial
    | Coroutine
    | Generator
    | Display
    | Collection
    | Constant
    | Member
)


def merge(*groups: Meanings) -> Meanings:
    """All meanings of several groups, each once, in order; of more than `MAX_MEANINGS` the objects are widened."""
    found: Meanings = ()
    for group in groups:
        if group and group is not found:
            found = found + group if found else group
    if len(found) < 2:
        return found
    found = tuple(dict.fromkeys(found))
    return found if len(found) <= MAX_MEANINGS else _widened(found)


def _widened(values: Meanings) -> Meanings:
    """Few values in place of many: of the objects of one class a single one, of which no construction is known."""
    few = dict.fromkeys(Instance(value.cls) if isinstance(value, Instance) else value for value in values)
    return tuple(few)[:MAX_MEANINGS]


def telling(values: Meanings) -> Meanings:
    """The values without a None, which stands for "not yet"."""
    return tuple(value for value in values if not (isinstance(value, Constant) and value.value is None))
