"""Call graphs, imports, lists of paths and patterns that are built to take for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.trees import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trees import Tree

FINDING = ("app.py", "BG201")


def layered(layers: int, width: int, keyword: str = "async def", parameter: str = "") -> str:
    """A module in which every function of a layer calls all of the next: `width ** layers` ways to its one sleep."""
    rows = ["import time", ""]
    for layer in range(layers):
        last = layer == layers - 1
        for number in range(width):
            rows.append(f"{keyword} f{layer}_{number}({parameter}):")
            callees = [f"f{layer + 1}_{callee}" for callee in range(width)]
            awaits = "await " if keyword.startswith("async") else ""
            rows += ["    time.sleep(5)"] if last else [f"    {awaits}{callee}({parameter})" for callee in callees]
    return "\n".join(rows) + "\n"


def application(name: str, arguments: str = "") -> str:
    """The application, with `graph.name` as its task."""
    text = APPLICATION.replace("import time\n", "import time\n\nimport graph\n")
    return text.replace("add_task(work)", f"add_task(graph.{name}{arguments})")


def lint(made: Tree) -> list[tuple[str, str]]:
    """The findings where calls are followed as far as they go."""
    made.write({"deep.toml": "max-depth = 400\n"})
    outcome = made.run("check", "--config", "deep.toml", "--select", "ALL", "--output-format", "json")
    return outcome.found


@pytest.mark.parametrize(
    ("parameter", "arguments"), [("", ""), ("call", ", print"), ("*a, **k", "")], ids=["plain", "callback", "star"]
)
def test_a_graph_of_fifty_to_the_tenth_ways_is_followed(
    parameter: str, arguments: str, tree: Callable[..., Tree]
) -> None:
    made = tree({"app.py": application("f0_0", arguments), "graph.py": layered(10, 50, parameter=parameter)})
    assert lint(made) == [FINDING]


def test_functions_that_call_each_other_in_circles_are_followed(tree: Callable[..., Tree]) -> None:
    count = 60
    rows = ["import time", ""]
    for number in range(count):
        others = [f"    await f{other}()" for other in range(count) if other % 7 == number % 7]
        rows += [f"async def f{number}():", *others, f"    await f{(number + 1) % count}()"]
    rows += ["    time.sleep(5)"]
    assert tree({"app.py": application("f59"), "graph.py": "\n".join(rows) + "\n"}).lint().found == [FINDING]


def test_methods_that_hand_themselves_on_are_followed(tree: Callable[..., Tree]) -> None:
    graph = """\
        import time

        class Node:
            def __init__(self, inner=None):
                self.inner = inner or Node(self)

            async def go(self, then=None):
                await self.inner.go(self.go)
                await Node(Node(self)).go(lambda: self.go(then))
                if then:
                    await then(self.go)
                time.sleep(5)

        node = Node()
        go = node.go
        """
    text = "\n".join(line.removeprefix(" " * 8) for line in graph.splitlines()) + "\n"
    assert tree({"app.py": application("go"), "graph.py": text}).lint().found == [FINDING]


def test_modules_that_import_each_other_and_themselves_are_read(tree: Callable[..., Tree]) -> None:
    count = 8
    files = {"app.py": application("work0"), "graph.py": "from graph import *\nfrom ring0 import *\nimport graph\n"}
    for number in range(count):
        after = (number + 1) % count
        rows = [f"from ring{number} import *", f"from ring{after} import *", f"import ring{after}, ring{number}"]
        rows += [f"async def work{number}():", f"    await ring{after}.work{after}()"]
        files[f"ring{number}.py"] = "\n".join(rows) + "\n"
    files[f"ring{count - 1}.py"] = (
        f"import time\nfrom ring0 import *\nasync def work{count - 1}():\n    time.sleep(5)\n"
    )
    made = tree(files)
    assert lint(made) == [FINDING]


def test_a_long_way_through_modules_is_followed_to_its_end(tree: Callable[..., Tree]) -> None:
    files = {"app.py": application("f0"), "deep.toml": "max-depth = 400\n", "graph.py": "from m0 import *\n"}
    for number in range(200):
        after = f"from m{number + 1} import f{number + 1}\n"
        files[f"m{number}.py"] = f"{after}async def f{number}():\n    await f{number + 1}()\n"
    made = tree({**files, "m200.py": "import time\nasync def f200():\n    time.sleep(5)\n"})
    (task,) = made.run("tasks", "--config", "deep.toml", "--output-format", "json").json()
    assert task["trace"][-1]["symbol"] == "time.sleep"


def test_a_name_that_is_imported_in_a_circle_is_nothing(tree: Callable[..., Tree]) -> None:
    files = {"a.py": "from b import ghost\n", "b.py": "from a import ghost\nfrom b import ghost as spirit\n"}
    text = APPLICATION.replace("import time\n", "import time\nfrom a import ghost\n")
    text = text.replace("    tasks.add_task(work)", "    tasks.add_task(ghost)\n    tasks.add_task(work)")
    assert tree({"app.py": text, **files}).lint().found == [FINDING]


def test_very_many_paths_are_linted(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION, **{f"{number}.py": "" for number in range(50)}})
    paths = [f"{number % 50}.py" for number in range(100_000)]
    assert made.lint(*paths, "app.py").found == [FINDING]


def test_a_long_list_of_files_in_very_many_folders_is_linted(tree: Callable[..., Tree]) -> None:
    folders = [f"{number}/" for number in range(3000)]
    listing = "\n".join(f"{folder}{name}.py" for folder in folders for name in "ab" * 10)
    files = {f"{folder}{name}.py": "" for folder in folders for name in "ab"}
    made = tree({"app.py": APPLICATION, "list.txt": f"{listing}\napp.py\n", **files})
    assert made.lint("--files-from", "list.txt").found == [FINDING]


@pytest.mark.parametrize("key", ["exclude", "per-file-ignores"])
@pytest.mark.parametrize(
    "glob", ["*a" * 100 + "b", "**/a*/" * 60 + "b", "{*a,*aa}" * 8 + "b", "[a-z]*" * 100 + "!", "?*" * 120 + "!"]
)
def test_globs_that_would_take_ages_do_not(key: str, glob: str, tree: Callable[..., Tree]) -> None:
    value = f"['{glob}']" if key == "exclude" else f"{{'{glob}' = ['BG2']}}"
    name = "a" * 240 + ".py"
    made = tree({"bglint.toml": f"{key} = {value}\n", name: APPLICATION, "a/" * 40 + "c.py": APPLICATION})
    outcome = made.run("check", "--output-format", "concise")
    assert (outcome.status, outcome.out.count(b"BG201")) == (1, 2)


def test_a_glob_that_stands_for_too_many_is_refused(tree: Callable[..., Tree]) -> None:
    outcome = tree({"bglint.toml": f"exclude = ['{'{a,b}' * 40}']\n", "app.py": APPLICATION}).run("check")
    assert outcome.status == 2
    (line,) = outcome.err.decode().splitlines()
    assert line.endswith("expected a glob that can be looked for: its braces stand for more than 256 globs")


def test_an_object_that_is_made_in_very_many_places_is_followed(tree: Callable[..., Tree]) -> None:
    """There are more of them than an expression may have values; they are one then, and its method is found."""
    rows = ["import time", "", "class Node:", "    def __init__(self, *parts): ...", "    def run(self): time.sleep(5)"]
    for layer in range(3):
        rows.append(f"def make{layer}(kind):")
        rows += [
            f"    if kind == {number}: return {f'make{layer - 1}' if layer else 'Node'}(Node(kind, {number}))"
            for number in range(30)
        ]
    rows += ["async def work(kind):", "    make2(kind).run()"]
    made = tree({"app.py": application("work", ", kind"), "graph.py": "\n".join(rows) + "\n"})
    assert FINDING in lint(made)
