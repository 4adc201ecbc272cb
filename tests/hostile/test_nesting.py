"""Code nested deeper than a parser or a stack can bear: never a crash, never a lost finding elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trees import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trees import Tree

FINDING = ("app.py", "BG201")
UNREADABLE = ("app.py", "BG901")


def body(statement: str) -> str:
    """The application, its task with one more statement."""
    return APPLICATION.replace("    time.sleep(5)", f"    {statement}\n    time.sleep(5)")


def target(expression: str) -> str:
    """The application, with another expression as the target."""
    return APPLICATION.replace("add_task(work)", f"add_task({expression})")


FOLLOWED = {
    "attributes": body("time" + ".b" * 2500),
    "calls": body("work" + "()" * 900),
    "subscripts": body("x = work" + "[0]" * 2500),
    "sum": body("x = 1" + " + 1" * 2500),
    "concatenation": body("x = 'a'" + " + 'b'" * 2500),
    "unary operators": body("x = " + "not " * 2500 + "1"),
    "conditional expressions": target("work if a else " * 2500 + "work"),
    "elif": body("if a: pass\n" + "    elif b: work()\n" * 450),
    "assignments of itself": body("x = work\n" + "    x = x.y\n" * 900),
    "decorators": APPLICATION.replace("async def work", "@wraps(work)\n" * 2500 + "async def work"),
    "union in an annotation": APPLICATION.replace("BackgroundTasks)", "BackgroundTasks" + " | None" * 2500 + ")"),
    "quoted annotation": APPLICATION.replace("BackgroundTasks)", "'BackgroundTasks" + " | None" * 2500 + "')"),
    "brackets that a parser reads": body("x = " + "[" * 150 + "]" * 150),
    "arguments": body("work(" + "1, " * 20_000 + ")"),
    "comprehension": body("x = [1 " + "for i in y " * 400 + "]"),
}
UNPARSED = {
    "brackets": body("x = " + "[" * 10_000 + "]" * 10_000),
    "open brackets": body("x = " + "(" * 10_000),
    "attributes": body("x = a" + ".b" * 50_000),
    "calls": body("x = a" + "()" * 50_000),
    "elif": body("if a: pass\n" + "    elif b: pass\n" * 10_000),
    "elif that only the parser bears": body("if a: pass\n" + "    elif b: pass\n" * 2500),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_deep_code_is_followed(name: str, tree: Callable[..., Tree]) -> None:
    assert FINDING in tree({"app.py": FOLLOWED[name]}).lint().found


@pytest.mark.parametrize("name", UNPARSED)
def test_what_is_too_deep_is_said_to_be_and_the_other_files_are_judged(name: str, tree: Callable[..., Tree]) -> None:
    outcome = tree({"app.py": UNPARSED[name], "good.py": APPLICATION}).lint()
    assert outcome.found == [UNREADABLE, ("good.py", "BG201")]
    assert outcome.status == 1


@pytest.mark.parametrize("links", [2500, 10_000])
@pytest.mark.parametrize("form", ["tasks{}.add_task(work)", "tasks.add_task(work{})", "x{}\n    tasks.add_task(work)"])
def test_chains_around_a_registration_do_not_end_the_process(form: str, links: int, tree: Callable[..., Tree]) -> None:
    """The concrete parser's stack overflows here, which no handler catches: it must not be asked."""
    for link in (".b", ".b()", "[0]"):
        text = APPLICATION.replace("tasks.add_task(work)", form.replace("{}", link * links))
        outcome = tree({"app.py": text, "good.py": APPLICATION}).lint()
        assert ("good.py", "BG201") in outcome.found


@pytest.mark.parametrize("links", [2500, 10_000])
@pytest.mark.parametrize("link", [".b", ".b()", "[0]"])
def test_a_fix_of_a_long_chain_does_not_end_the_process(link: str, links: int, tree: Callable[..., Tree]) -> None:
    """It is found, and has no fix: the stack of the concrete parser would overflow, which no handler catches."""
    text = APPLICATION.replace("tasks.add_task(work)", f"tasks.add_task(work(x{link * links}))")
    outcome = tree({"app.py": text, "good.py": APPLICATION}).lint()
    assert ("good.py", "BG201") in outcome.found
    called = [each for each in outcome.json() if each["code"] == "BG401"]
    assert all(each["fix"] is None for each in called)
    assert called or UNREADABLE in outcome.found


@pytest.mark.parametrize("depth", [200, 3000])
def test_f_strings_within_f_strings_do_not_end_the_process(depth: int, tree: Callable[..., Tree]) -> None:
    text = APPLICATION.replace("add_task(work)", "add_task(work, " + 'f"{' * depth + "1" + '}"' * depth + ")")
    outcome = tree({"app.py": text, "good.py": APPLICATION}).lint()
    assert ("good.py", "BG201") in outcome.found
    assert any(name == "app.py" for name, _ in outcome.found)


def test_the_place_of_what_is_too_deep_is_named(tree: Callable[..., Tree]) -> None:
    helper = "def other(): pass\n\ndef deep():\n    if a: pass\n" + "    elif b: pass\n" * 2500
    made = tree({"helper.py": helper, "app.py": "import helper\n" + body("helper.deep()"), "good.py": APPLICATION})
    unreadable = [each for each in made.lint().json() if each["code"] == "BG901"]
    assert [(each["filename"], each["location"]["row"]) for each in unreadable] == [(str(made.folder / "helper.py"), 3)]
    assert "nested too deeply" in unreadable[0]["message"]
