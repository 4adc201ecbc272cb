"""The kinds of value that a configuration key can have: how each is read, and its JSON Schema."""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

from bglint.diagnostics import Confidence, Severity
from bglint.settings.errors import did_you_mean
from bglint.settings.globs import alternatives

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    Codes: TypeAlias = Collection[str] | None

T = TypeVar("T")

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
CONFIDENCES: Final = tuple(confidence.label for confidence in Confidence)

_CODE = re.compile(r"ALL|BG\d{0,3}")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_TOML_NAMES: Final[dict[type, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class RegistrationForm:
    """A call that registers a background task in the user's own code.

    `call` is its dotted name; `target` says which argument is the callable, by position or by keyword.
    """

    call: str
    target: int | str


class WrongValueError(Exception):
    """A value that its key cannot take; `found` holds each mistake as (part of the value, message)."""

    def __init__(self, *found: tuple[str, str]) -> None:
        self.found = found
        super().__init__(*found)


class _Mistakes:
    """Collects what is wrong with the parts of one value."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    @contextlib.contextmanager
    def at(self, part: str) -> Iterator[None]:
        """Take the mistakes of one part: `[2]`, `.call`."""
        try:
            yield
        except WrongValueError as error:
            self._found += [(part + deeper, message) for deeper, message in error.found]

    def raise_any(self) -> None:
        """Raise what was collected, if anything."""
        if self._found:
            raise WrongValueError(*self._found)


def _wrong(message: str) -> WrongValueError:
    return WrongValueError(("", message))


def _check_glob(glob: str) -> None:
    try:
        alternatives(glob)
    except ValueError as error:
        raise _wrong(f"expected a glob that can be looked for: {error}") from None


def _expected(what: str, value: object) -> WrongValueError:
    return _wrong(f"expected {what}, found {_TOML_NAMES.get(type(value), f'a {type(value).__name__}')}")


class Kind(ABC, Generic[T]):
    """One kind of value."""

    @abstractmethod
    def read(self, value: object, known_codes: Codes, /) -> T:
        """Return the value as the settings hold it; raise `WrongValueError` with all that is wrong with it."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the value as written."""

    def show(self, value: T) -> object:
        """Return the value as TOML has it; the inverse of `read`."""
        return value


class Flag(Kind[bool]):
    """`true` or `false`."""

    def read(self, value: object, _codes: Codes, /) -> bool:
        """Take a boolean."""
        if isinstance(value, bool):
            return value
        raise _expected("true or false", value)

    def schema(self) -> dict[str, Any]:
        """Return the schema of a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Number(Kind[float]):
    """A number that is not below `minimum`."""

    minimum: float

    def read(self, value: object, _codes: Codes, /) -> float:
        """Take a finite number; booleans are none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _expected("a number", value)
        if not self.minimum <= value < float("inf"):
            raise _wrong(f"expected a number of at least {self.minimum:g}, found {value}")
        return float(value)

    def schema(self) -> dict[str, Any]:
        """Return the schema of a bounded number."""
        return {"type": "number", "minimum": self.minimum}


@dataclass(frozen=True, slots=True)
class Integer(Kind[int]):
    """A whole number that is not below `minimum`."""

    minimum: int

    def read(self, value: object, _codes: Codes, /) -> int:
        """Take an integer; booleans are none."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise _expected("an integer", value)
        if value < self.minimum:
            raise _wrong(f"expected an integer of at least {self.minimum}, found {value}")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the schema of a bounded integer."""
        return {"type": "integer", "minimum": self.minimum}


class Text(Kind[str]):
    """A string that is not empty."""

    def read(self, value: object, _codes: Codes, /) -> str:
        """Take a string."""
        if not isinstance(value, str):
            raise _expected("a string", value)
        if not value.strip():
            raise _wrong("expected a string that is not empty")
        return value

    def schema(self) -> dict[str, Any]:
        """Return the schema of a string that is not empty."""
        return {"type": "string", "minLength": 1}


class Glob(Text):
    """A file glob."""

    def read(self, value: object, codes: Codes, /) -> str:
        """Take a glob whose braces stand for no more globs than can be looked for."""
        glob = super().read(value, codes)
        _check_glob(glob)
        return glob


@dataclass(frozen=True, slots=True)
class Choice(Kind[T]):
    """One of several words, each standing for a value."""

    values: dict[str, T]

    def read(self, value: object, _codes: Codes, /) -> T:
        """Take one of the words."""
        words = ", ".join(self.values)
        if not isinstance(value, str):
            raise _expected(f"one of {words}", value)
        if value not in self.values:
            raise _wrong(f"{value!r} is none of {words}{did_you_mean(value, self.values)}")
        return self.values[value]

    def schema(self) -> dict[str, Any]:
        """Return the schema of the words."""
        return {"enum": list(self.values)}

    def show(self, value: T) -> object:
        """Return the word for the value."""
        return next((word for word, meaning in self.values.items() if meaning == value), value)


@dataclass(frozen=True, slots=True)
class ListOf(Kind[tuple[T, ...]]):
    """A list, each item of the same kind."""

    item: Kind[T]

    def read(self, value: object, known_codes: Codes, /) -> tuple[T, ...]:
        """Take a list, reporting every item that is wrong."""
        if not isinstance(value, list | tuple):
            raise _expected("a list", value)
        items: list[T] = []
        mistakes = _Mistakes()
        for index, item in enumerate(value):
            with mistakes.at(f"[{index}]"):
                items.append(self.item.read(item, known_codes))
        mistakes.raise_any()
        return tuple(items)

    def schema(self) -> dict[str, Any]:
        """Return the schema of the list."""
        return {"type": "array", "items": self.item.schema()}

    def show(self, value: tuple[T, ...]) -> object:
        """Return the list of the items as written."""
        return [self.item.show(item) for item in value]


class Code(Kind[str]):
    """A rule code, a prefix of one, or `ALL`."""

    def read(self, value: object, known_codes: Codes, /) -> str:
        """Take a code or prefix that selects at least one known rule."""
        if not isinstance(value, str):
            raise _expected("a rule code", value)
        code = value.strip().upper()
        if known_codes is not None and code != "ALL" and not any(rule.startswith(code or "?") for rule in known_codes):
            families = {rule[: len("BG1")] for rule in known_codes}
            hint = did_you_mean(code, (*families, *known_codes)) or "; see `bglint rule --all`"
            raise _wrong(f"unknown rule code {value!r}{hint}")
        if not _CODE.fullmatch(code):
            raise _wrong(f"{value!r} is not a rule code; expected BG101, a prefix such as BG1, or ALL")
        return code

    def schema(self) -> dict[str, Any]:
        """Return the schema of a code."""
        return {"type": "string", "pattern": f"^({_CODE.pattern})$"}


@dataclass(frozen=True, slots=True)
class CodesByGlob(Kind[tuple[tuple[str, tuple[str, ...]], ...]]):
    """A table from file globs to rule codes."""

    codes: ListOf[str]

    def read(self, value: object, known_codes: Codes, /) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Take a table whose values are lists of codes."""
        if not isinstance(value, dict):
            raise _expected("a table of globs and lists of rule codes", value)
        entries: list[tuple[str, tuple[str, ...]]] = []
        mistakes = _Mistakes()
        for glob, codes in value.items():
            with mistakes.at(f".{glob!r}"):
                _check_glob(glob)
                entries.append((glob, self.codes.read(codes, known_codes)))
        mistakes.raise_any()
        return tuple(entries)

    def schema(self) -> dict[str, Any]:
        """Return the schema of the table."""
        return {"type": "object", "additionalProperties": self.codes.schema()}

    def show(self, value: tuple[tuple[str, tuple[str, ...]], ...]) -> object:
        """Return the table as written."""
        return {glob: list(codes) for glob, codes in value}


class SeverityByCode(Kind[dict[str, Severity]]):
    """A table from rule codes (or prefixes) to severities."""

    _severity = Choice({severity: severity for severity in SEVERITIES})

    def read(self, value: object, known_codes: Codes, /) -> dict[str, Severity]:
        """Take a table whose keys are codes and whose values are severities."""
        if not isinstance(value, dict):
            raise _expected("a table of rule codes and severities", value)
        found: dict[str, Severity] = {}
        mistakes = _Mistakes()
        for code, severity in value.items():
            with mistakes.at(f".{code}"):
                found[Code().read(code, known_codes)] = self._severity.read(severity, known_codes)
        mistakes.raise_any()
        return found

    def schema(self) -> dict[str, Any]:
        """Return the schema of the table."""
        return {
            "type": "object",
            "propertyNames": {"pattern": Code().schema()["pattern"]},
            "additionalProperties": self._severity.schema(),
        }

    def show(self, value: dict[str, Severity]) -> object:
        """Return the table as written."""
        return dict(value)


class Registration(Kind[RegistrationForm]):
    """A table `{call = "app.jobs.Runner.submit", target = 0}`."""

    _keys: Final = ("call", "target")

    def read(self, value: object, _codes: Codes, /) -> RegistrationForm:
        """Take a table with the call's dotted name, and the position or keyword of its target."""
        if not isinstance(value, dict):
            raise _expected('a table such as {call = "app.jobs.Runner.submit", target = 0}', value)
        call, target = value.get("call"), value.get("target", 0)
        mistakes = _Mistakes()
        for key in value:
            with mistakes.at(f".{key}"):
                if key not in self._keys:
                    raise _wrong(f"unknown key{did_you_mean(key, self._keys)}")
        with mistakes.at(".call"):
            if not isinstance(call, str) or not _DOTTED.fullmatch(call):
                raise _wrong('expected the dotted name of a callable, such as "app.jobs.Runner.submit"')
        with mistakes.at(".target"):
            keyword = isinstance(target, str) and target.isidentifier()
            position = isinstance(target, int) and not isinstance(target, bool) and target >= 0
            if not keyword and not position:
                raise _wrong("expected the position of the callable from 0, or its keyword")
        mistakes.raise_any()
        return RegistrationForm(str(call), target)

    def schema(self) -> dict[str, Any]:
        """Return the schema of the table."""
        return {
            "type": "object",
            "properties": {
                "call": {"type": "string", "pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"},
                "target": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "minLength": 1}]},
            },
            "required": ["call"],
            "additionalProperties": False,
        }

    def show(self, value: RegistrationForm) -> object:
        """Return the table as written."""
        return {"call": value.call, "target": value.target}
