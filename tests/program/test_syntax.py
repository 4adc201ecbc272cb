"""Syntax newer than the interpreter is read, and every call stays on its row and in its column."""

from __future__ import annotations

import ast
import re
from contextlib import suppress

import pytest

from bglint.program.syntax import downgrade, parse
from bglint.source import UnreadableSourceError


def calls(source: str) -> list[tuple[int, int, str]]:
    """Row, column and callee of every call."""
    found = [node for node in ast.walk(parse(source)) if isinstance(node, ast.Call)]
    return sorted((node.lineno, node.col_offset, ast.unparse(node.func)) for node in found)


def written_calls(source: str) -> list[tuple[int, int, str]]:
    """The same of the calls that are written in capitals, found in the text."""
    return [
        (row, len(line[: found.start()].encode()), found[1])
        for row, line in enumerate(source.replace("\r\n", "\n").split("\n"), 1)
        for found in re.finditer(r"(?<!\w)([A-Z]{2,})\(", line)
    ]


SERVICE = '''\
lazy import numpy as np
lazy from PIL import (
    Image,
    ImageOps as ops,
)
from collections.abc import AsyncIterator, Callable

type Size = tuple[int, int]
type Rows[K: str, *Ts, **P, V = bytes] = (
    dict[K, V]
    | Callable[P, tuple[*Ts]]
)


class Store[
    Key: (int, str),
    Value: Image.Image = Image.Image,
](Base[Key, Value], metaclass=REGISTERED("store")):
    type: str = "images"

    async def pages[T](self, key: Key, wanted: type[T] = LOAD(1)) -> AsyncIterator[list[T]]:
        try:
            rows = [*page async for page in self.stream(FETCH(f"{self.table["name"]}/{key!r}"))]
        except TimeoutError, OSError:
            LOG(t"no rows for {key} in {self.table["name"]:>{width}}")
            return
        yield rows


def thumbnails[T](paths: list[T], *sizes: *tuple[Size, ...]) -> str:
    merged = {**CONFIG(path) for path in paths}
    flat = [
        *SIZES(path)
        for path in paths
        if path
    ]
    RESIZE(*(path for path in paths), **merged)
    return f"""{
        # one line for each
        "\\n".join(name(path) for path in flat)
    }"""
'''


def test_an_application_of_the_newest_syntax_is_read_with_every_call_in_its_place() -> None:
    assert len(written_calls(SERVICE)) == 7
    assert set(written_calls(SERVICE)) - set(calls(SERVICE)) == set()


def test_an_application_of_the_newest_syntax_keeps_its_structure() -> None:
    tree = parse(SERVICE)
    rows = {node.name: node.lineno for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert rows == {"Store": 15, "thumbnails": 30}
    imported = [
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    ]
    assert imported == ["numpy", "Image", "ImageOps", "AsyncIterator", "Callable"]
    (store,) = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert ast.unparse(store.bases[0]) == "Base[Key, Value]"
    assert [node.name for node in store.body if isinstance(node, ast.AsyncFunctionDef)] == ["pages"]


@pytest.mark.parametrize(
    "source",
    [
        # PEP 695 and 696: type parameters
        "def first[T](items: list[T]) -> T:\n    return PICK(items)\n",
        "async def first[T: (A, B), *Ts, **P, D = int](x: T = NEW(1)) -> T:\n    SEND(x)\n",
        "@TASK(retries=3)\ndef f[\n    T,\n    U,\n](x): return GO(x)\n",
        "class Box[T: Hashable = list[str]](Base[T], metaclass=META(1)):\n    def get[U](self): LOAD(1)\n",
        "type Ids[T] = dict[str, list[T]]\nUSE(1)\n",
        "type Long = \\\n    int\nUSE(1)\n",
        "if typing:\n    type A = int; USE(1)\n",
        "type = 3\ntype[int]\nprint(type)\ntype: str\nUSE(type)\n",
        # PEP 701: f-strings
        'x = f"{d["key"]}"; USE(x)\n',
        "x = f\"{'\\n'.join(rows)}\"; USE(x)\n",
        'x = f"{\n    1  # why\n}"\nUSE(x)\n',
        'x = f"{f"{f"{1}"}"}"; USE(x)\n',
        'x = f"{d["date"]:%H:%M}"; USE(d["date"])\n',
        "x = f'''{d['a']} {d[\"b\"]}'''; USE(x)\n",
        'USE(f"{d["a"]=}", LEN(1))\n',
        # PEP 750: template strings
        'RUN(t"select {find(1)}")\n',
        "RUN(rt'a\\d{y}', T\"{z!r:>{w}}\", tr'{y}')\n",
        # PEP 758: exceptions without parentheses
        "try:\n    AA()\nexcept ValueError, TypeError:\n    BB()\n",
        "try:\n    AA()\nexcept* a.b, c.d:  # both: yes\n    BB()\n",
        "try: AA()\nexcept ValueError, TypeError: BB()\n",
        "try:\n    AA()\nexcept subprocess.CalledProcessError, FileNotFoundError, PermissionError:\n    BB()\n",
        # PEP 798: unpacking in comprehensions
        "USE([*x for x in y], {*x for x in y}, {**x for x in y}, 1)\n",
        "USE([*LOAD(x) for x in y])\n",
        "USE([*d['x'] for d in ds])\n",
        "rows = [\n    *page\n    for page in pages\n    if page\n]\nUSE(rows)\n",
        "merged = {\n    **layer\n    for layer in layers\n}\nUSE(merged)\n",
        "USE(*x for x in xs)\n",
        # PEP 810: lazy imports
        "lazy import numpy as np\nUSE(np)\n",
        "lazy from . import (\n    a,\n    b as c,\n)\nUSE(a)\n",
        "lazy = 1\nlazy.do(1)\nUSE(lazy)\n",
        # PEP 765, and what has always been there beside something new
        "type X = int\ndef f():\n    try: AA()\n    finally: return BB()\n",
        "type X = int\nUSE(*a, *[BB(q) for q in w], **{k: v for k, v in z}, key=[a for a in b])\n",
        "type X = int\nz = [*a, [q for q in w]]; USE({**a, 'b': [q for q in w]})\n",
        "type X = int\nf = lambda *a, **k: [BB(b) for b in a]\n",
        "type X = int\nmatch x:\n    case type(): AA()\n    case {'type': type, **rest}: BB()\n",
        "type X = int\n# don't [\ns = 'type Y = 1'\n'''\nexcept A, B:\nlazy import z\n'''\nUSE(s)\n",
        "type X = int\nx = rb'\\x00{a'; y = Rb\"{\"; z = f'{{}}'\nUSE(x)\n",
        "type A = int\r\ndef f[T](x):\r\n    return USE(f\"{d[\"a\"]}\")\r\n",
        "type A = int\ns = 'é😀'; USE(s)\n",
    ],
)  # fmt: skip
def test_newer_constructs_are_read_and_calls_keep_their_places(source: str) -> None:
    assert written_calls(source)
    assert set(written_calls(source)) - set(calls(source)) == set()
    assert len(downgrade(source).split("\n")) == len(source.split("\n"))


def test_what_the_interpreter_reads_is_left_as_it_is() -> None:
    source = "try:\n    pass\nexcept (A, B):\n    pass\nx = [*a, *b]\ny = f'{a[\"b\"]}'\n"
    assert downgrade(source) == source


@pytest.mark.parametrize(
    ("source", "row"),
    [("x = (\n", 1), ("def f(:\n    pass\n", 1), ("a = 1\nb = = 2\n", 2), ("print 'hello'\n", 1), ("class A[T:\n", 1)],
)
def test_what_no_version_reads_is_refused_with_its_row(source: str, row: int) -> None:
    with pytest.raises(UnreadableSourceError, match=rf"does not parse: .* \(line {row}\)"):
        parse(source)


@pytest.mark.parametrize(
    "source", ["(" * 3000 + ")" * 3000, "-" * 50_000 + "1", "a" + ".b" * 20_000, "[" * 90 + "]" * 90]
)
def test_deep_nesting_is_read_or_refused_and_nothing_else(source: str) -> None:
    with suppress(UnreadableSourceError):
        parse(source)


def test_warnings_of_the_parser_are_not_the_users(recwarn: pytest.WarningsRecorder) -> None:
    parse("x = '\\d'\nassert (1, 'a')\n1 is 1\n")
    assert [*recwarn] == []
