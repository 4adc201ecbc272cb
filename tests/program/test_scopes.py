"""Scopes: what binds a name, which bindings can reach a use, and what a scope's own code does."""

from __future__ import annotations

import ast
import re

import pytest

from bglint.program.modules import Module
from bglint.program.scopes import END, Kind, Scope
from bglint.program.syntax import parse
from bglint.source import Source


def module(text: str) -> Module:
    return Module("m", "/m.py", Source("/m.py", text.encode()), parse(text))


def scope_of(text: str, name: str = "f") -> Scope:
    """The scope of a top-level function or class."""
    inside = module(text)
    node = next(node for node in inside.scope.nested if node.name == name)
    return inside.scope_of(node, inside.scope)


def reaching(text: str, *, in_function: bool = False) -> list[str]:
    """What `x` can be at the line with `# here`: the words that stand on the lines of its bindings."""
    lines = text.strip("\n").split("\n")
    row = next(number for number, line in enumerate(lines, 1) if "# here" in line)
    source = "\n".join(lines)
    scope = scope_of(source) if in_function else module(source).scope
    bound = scope.reaching("x", (row, len(lines[row - 1])))
    return [re.findall(r"[A-Z]+", lines[getattr(b.node, "lineno", 1) - 1])[0] for b in bound]


# which bindings can reach a use


def test_the_last_binding_before_a_use_holds() -> None:
    assert reaching("x = A\nx = B\nuse(x)  # here\nx = C\n") == ["B"]


def test_both_arms_of_a_condition_reach_what_follows() -> None:
    assert reaching("if c:\n    x = B\nelse:\n    x = C\nuse(x)  # here\n") == ["B", "C"]


def test_an_arm_that_may_not_run_leaves_what_was_before() -> None:
    assert reaching("x = A\nif c:\n    x = B\nuse(x)  # here\n") == ["A", "B"]


def test_within_an_arm_its_own_binding_holds() -> None:
    assert reaching("x = A\nif c:\n    x = B\n    use(x)  # here\nelse:\n    x = C\n") == ["B"]


def test_the_other_arm_does_not_reach_this_one() -> None:
    assert reaching("x = A\nif c:\n    x = B\nelse:\n    use(x)  # here\n") == ["A"]
    assert reaching("x = A\nif c:\n    x = B\nelif d:\n    x = C\nelse:\n    use(x)  # here\n") == ["A"]


def test_a_binding_after_the_arms_replaces_them() -> None:
    assert reaching("if c:\n    x = A\nelse:\n    x = B\nx = C\nuse(x)  # here\n") == ["C"]


def test_a_fallback_of_an_import_reaches_as_well() -> None:
    text = "try:\n    from A import x\nexcept ImportError:\n    x = B\nuse(x)  # here\n"
    assert sorted(reaching(text)) == ["A", "B"]


def test_a_match_has_arms() -> None:
    text = "match c:\n    case 1:\n        x = A\n    case 2:\n        x = B\n        use(x)  # here\n"
    assert reaching(text) == ["B"]


def test_a_loop_may_not_run() -> None:
    assert reaching("x = A\nfor i in y:\n    x = B\nuse(x)  # here\n") == ["A", "B"]


def test_a_name_that_is_bound_later_only_is_taken_from_there() -> None:
    assert reaching("use(x)  # here\nx = A\n") == ["A"]


def test_when_the_scope_has_run_the_last_bindings_hold() -> None:
    scope = module("x = 1\nx = 2\nif c:\n    x = 3\n").scope
    assert [binding.place[0] for binding in scope.reaching("x", END)] == [2, 4]


def test_a_declaration_is_no_binding_that_replaces_another() -> None:
    assert reaching("x = A\nx: B\nuse(x)  # here\n") == ["A", "B"]


def test_in_a_function_parameters_come_first() -> None:
    assert reaching("def f(x=A):\n    use(x)  # here\n    x = B\n", in_function=True) == ["A"]
    assert reaching("def f(x=A):\n    x = B\n    use(x)  # here\n", in_function=True) == ["B"]


def test_an_unknown_name_has_no_binding() -> None:
    assert module("x = 1\n").scope.reaching("y", END) == []


# what binds


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import x", Kind.IMPORT),
        ("import x.y.z", Kind.IMPORT),
        ("import a.b as x", Kind.IMPORT),
        ("from a import x", Kind.FROM),
        ("from . import b as x", Kind.FROM),
        ("lazy from a import x", Kind.FROM),
        ("def x(): ...", Kind.FUNCTION),
        ("async def x[T](): ...", Kind.FUNCTION),
        ("class x: ...", Kind.CLASS),
        ("x = 1", Kind.VALUE),
        ("x: int = 1", Kind.VALUE),
        ("a, (b, *x) = 1", Kind.VALUE),
        ("print(x := 1)", Kind.VALUE),
        ("type x = int", Kind.VALUE),
        ("x: int", Kind.DECLARED),
        ("for a, x in y: ...", Kind.ELEMENT),
        ("[1 for x in y]", Kind.ELEMENT),
        ("with a as x: ...", Kind.CONTEXT),
        ("with a as (b, x): ...", Kind.CONTEXT),
        ("try: ...\nexcept E as x: ...", Kind.OPAQUE),
        ("match a:\n    case [1, x]: ...", Kind.OPAQUE),
        ("match a:\n    case {'b': x}: ...", Kind.OPAQUE),
    ],
)
def test_every_way_to_bind_a_name_is_seen(text: str, kind: Kind) -> None:
    assert [binding.kind for binding in module(text + "\n").scope.bindings["x"]] == [kind]


def test_a_binding_knows_its_value_its_annotation_and_its_place_in_a_tuple() -> None:
    bindings = module("a, (b, x) = pair\ny: int = 3\n").scope.bindings
    (x,), (y,) = bindings["x"], bindings["y"]
    assert x.unpack == (1, 1)
    assert isinstance(x.value, ast.Name)
    assert isinstance(y.annotation, ast.Name)


def test_all_kinds_of_parameters_are_bound_with_their_defaults() -> None:
    scope = scope_of("def f(a, /, b=1, *c, d=2, e: int, **g): ...\n")
    defaults = {name: bound[0].value is not None for name, bound in scope.bindings.items()}
    assert defaults == {"a": False, "b": True, "c": False, "d": True, "e": False, "g": False}


def test_star_imports_and_outer_names_are_noted() -> None:
    assert [node.module for node in module("from a import *\n").scope.star_imports] == ["a"]
    assert scope_of("def f():\n    global x, y\n    nonlocal_ = 1\n").outer_names == {"x", "y"}


# what a scope's own code does


WORK = """
async def f(rows):
    before()
    for row in rows:
        with_row(row)
        while more():
            inner(row)
    result = [cell(c) for r in source() for c in columns(r) if wanted(c)]
    await waited(argument())
    try:
        risky()
    except Exception:
        failed()
        raise
    def nested():
        not_ours()
    run = lambda: not_ours_either()
    yield result
    return
"""


def test_the_calls_of_a_scope_are_its_own_with_the_loops_around_them() -> None:
    loops = {ast.unparse(site.node.func): len(site.loops) for site in scope_of(WORK).calls}
    assert loops == {
        "before": 0,
        "with_row": 1,
        "more": 2,
        "inner": 2,
        "source": 0,
        "columns": 1,
        "wanted": 2,
        "cell": 2,
        "waited": 0,
        "argument": 0,
        "risky": 0,
        "failed": 0,
    }


def test_a_call_knows_whether_it_is_awaited() -> None:
    awaited = {ast.unparse(site.node.func) for site in scope_of(WORK).calls if site.awaited}
    assert awaited == {"waited"}


def test_a_scope_knows_its_yields_returns_raises_awaits_and_nested_scopes() -> None:
    scope = scope_of(WORK)
    counts = [len(part) for part in (scope.yields, scope.returns, scope.raises, scope.awaits, scope.nested)]
    assert counts == [1, 1, 1, 1, 1]


def test_attributes_of_self_are_found_in_every_method() -> None:
    cls = module(
        "class f:\n    def a(self):\n        self.x = 1\n"
        "    def b(this):\n        this.y, z.w = 2, 3\n        this.v: int = 4\n"
    )
    node = cls.scope.nested[0]
    assert isinstance(node, ast.ClassDef)
    assert {*cls.class_(node, cls.scope).instance_attributes} == {"x", "y", "v"}


def test_the_scopes_around_a_place_are_found_from_the_outside_in() -> None:
    text = "class A:\n    def b(self, c=1):\n        def d():\n            pass\n        return d\nx = 1\n"
    inside = module(text)

    def names(row: int, column: int) -> list[str]:
        return [scope.qualname for scope in inside.scopes_at(row, column)]

    assert names(4, 12) == ["", "A", "A.b", "A.b.d"]
    assert names(5, 8) == ["", "A", "A.b"]
    assert names(2, 18) == ["", "A"], "a default belongs to the scope around"
    assert names(6, 0) == [""]
