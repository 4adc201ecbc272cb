"""Which entry of the catalogue stands for a call: some do something else with a keyword, or with data of any size."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from bglint import catalog
from bglint.program import lexical
from bglint.program.modules import last_name
from bglint.program.scopes import Binding, Kind
from bglint.program.values import Collection, Constant, Display, External, ExternalObject

if TYPE_CHECKING:
    from bglint.program.program import Program
    from bglint.program.values import Frame, Value

MAX_LINKS: Final = 8
"""Through how many names and calls data is followed to where it comes from."""
_PASSED_ON: Final = frozenset({
    "open", "BytesIO", "StringIO", "TextIOWrapper", "BufferedReader", "Path", "str", "iterdecode", "iter", "bytes",
    "SpooledTemporaryFile", "to_thread", "run_in_threadpool",
})  # fmt: skip
"""Callables whose result is as large as what they are handed."""
_OF_THE_SAME_SIZE: Final = frozenset(
    {"read", "decode", "splitlines", "readlines", "getvalue", "file", "stream", "name"}
)
"""Methods and attributes that give all that an object holds."""
_OUTSIDE: Final = re.compile(
    r"builtins\.(str|bytes)(\..*)? | pathlib\.Path | .*\bUploadFile(\.file)? | tempfile\..* | .*\.read\(\)", re.VERBOSE
)
"""What values are that come from outside: bytes, texts, uploads, temporary files, and what is read from something."""


def name_as_called(program: Program, name: str, call: ast.Call | None, frame: Frame | None) -> str:
    """The name of the entry for a call: `f(keyword)`, `f(many)` or `f(large)` where there is one that applies."""
    if call is None:
        return name
    for keyword in call.keywords:
        if keyword.arg is not None and catalog.exact(f"{name}({keyword.arg})") is not None:
            return f"{name}({keyword.arg})"
    many = f"{name}(many)"
    if frame is not None and call.args and catalog.exact(many) is not None and is_many(program, call.args[0], frame):
        return many
    large = f"{name}(large)"
    if frame is not None and catalog.exact(large) is not None:
        data = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg in _DATA), None)
        if data is not None and "nrows" not in {k.arg for k in call.keywords} and is_from_outside(program, data, frame):
            return large
    return name


_MANY_NAME: Final = re.compile(
    r"(^|_)(texts|chunks|sentences|documents|docs|passages|contents|paragraphs|segments|batch|corpus)(_[a-z]+)?$"
)
"""What lists of texts are called where nothing types them."""
_DATA: Final = frozenset({"filepath_or_buffer", "path_or_buf", "path", "f", "source", "csvfile", "io"})


def is_many(program: Program, node: ast.expr, frame: Frame) -> bool:
    """Whether an argument is a collection of which nothing in the code says how long it is."""
    values = program.infer(node, frame)
    if values:
        return any(map(_is_unbounded, values))
    return _MANY_NAME.search(last_name(node)) is not None


def _is_unbounded(value: Value) -> bool:
    match value:
        case Collection(ordered=ordered):
            return not ordered
        case Display(node=ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.List(elts=[])):
            return True
        case External(name):
            return name.endswith(("split_text()", "split_documents()", "tolist()"))
        case _:
            return False


def is_from_outside(program: Program, node: ast.expr, frame: Frame) -> bool:
    """Whether data is what a parameter names or holds, so that nothing in the code bounds its size."""
    for _ in range(MAX_LINKS):
        match node:
            case ast.Await(value=inner):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _OF_THE_SAME_SIZE:
                node = inner
            case ast.Call(func=callee, args=[first, *_]) if last_name(callee) in _PASSED_ON:
                node = first
            case ast.Attribute(value=inner, attr=attribute) if attribute in _OF_THE_SAME_SIZE:
                node = inner
            case ast.Name():
                bindings, holder = lexical.reaching(node, frame)
                if len(bindings) != 1:
                    return False
                binding = bindings[0]
                if binding.kind is Kind.PARAMETER:
                    return _is_given_from_outside(program, node, binding, holder)
                if binding.value is None or binding.unpack or binding.kind not in {Kind.VALUE, Kind.CONTEXT}:
                    return False
                node, frame = binding.value, holder
            case _:
                return False
    return False


def _is_given_from_outside(program: Program, node: ast.Name, binding: Binding, frame: Frame) -> bool:
    """Whether a parameter is bytes, a file or a path that is not written in the code."""
    scope = frame.scope
    own = scope.node
    if isinstance(own, ast.FunctionDef | ast.AsyncFunctionDef) and scope.parent is not None and scope.parent.is_class:
        arguments = [*own.args.posonlyargs, *own.args.args]
        if arguments and arguments[0].arg == node.id:
            return False
    if isinstance(binding.value, ast.Constant) and binding.value.value is not None:
        return False
    given = frame.arguments.get(binding.name, ())
    values = given or program.infer(node, frame)
    return all(_is_outside(value) for value in values)


def _is_outside(value: Value) -> bool:
    match value:
        case External(name) | ExternalObject(name):
            return _OUTSIDE.fullmatch(name) is not None
        case Constant(None):
            return True
        case _:
            return False
