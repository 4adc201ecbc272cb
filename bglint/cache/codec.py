"""Values of `bglint.diagnostics` as JSON, and back: what does not have their shape is refused."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from functools import cache
from typing import Any

from bglint.cache import ShapeError


def encoded(value: object) -> Any:
    """A value as JSON has it: a dataclass is the list of its fields."""
    if dataclasses.is_dataclass(value):
        return [encoded(getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, tuple):
        return [encoded(each) for each in value]
    return int(value) if isinstance(value, enum.IntEnum) else value


def decoded(kind: Any, value: Any) -> Any:
    """The value of a type that JSON stands for; raises `ShapeError` where it stands for none."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = _fields(kind)
        if not isinstance(value, list) or len(value) != len(hints):
            raise ShapeError(kind.__name__)
        return kind(*map(decoded, hints, value))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(decoded(arguments[0], each) for each in value)
    if origin in {types.UnionType, typing.Union}:
        return None if value is None else decoded(arguments[0], value)
    if origin is typing.Literal and value in arguments:
        return value
    if isinstance(kind, type) and issubclass(kind, enum.IntEnum) and value in kind.__members__.values():
        return kind(value)
    if type(value) is kind:
        return value
    raise ShapeError(str(kind))


@cache
def _fields(kind: type) -> tuple[Any, ...]:
    hints = typing.get_type_hints(kind)
    return tuple(hints[field.name] for field in dataclasses.fields(kind))
