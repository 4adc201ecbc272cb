"""Programs that Hypothesis makes up: functions over several modules that call one another, and their registrations.

A `Program` is the structure alone. `render` writes it down, given the names of its functions and the module that each
lies in, so that a renamed or moved function is the same program rendered otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES: Final = ("alpha", "beta", "pack.gamma", "pack.delta")
NAMES: Final = (
    "one", "two", "three", "four", "five", "six", "seven", "process_video", "resize_image", "send_mail", "enqueue_job",
    "generate_pdf", "compress", "log", "naïve", "delay",
)  # fmt: skip
"""The names that functions are given; what they seem to promise is nothing where the body can be read."""

EFFECTS: Final = (
    "time.sleep(2)", "time.sleep(0.01)", 'requests.get("https://example.org")', "asyncio.sleep(0)",
    'PIL.Image.open("a.png").resize((100, 100)).save("b.png")', 'subprocess.run(["true"])', "hashlib.sha256(b'x')",
    'bcrypt.hashpw(b"x", bcrypt.gensalt())', 'pandas.read_csv("a.csv").groupby("a").sum()', "unknown_library.go()",
    'print("x")', "sum(number * number for number in range(10_000_000))", 'open("a.txt").read()',
)  # fmt: skip
IMPORTS: Final = "import asyncio\nimport functools\nimport hashlib\nimport subprocess\nimport time\n"
LIBRARIES: Final = "import PIL.Image\nimport bcrypt\nimport pandas\nimport requests\nimport unknown_library\n"
BLOCKS: Final = (
    "for number in range(3):", "for number in range(1_000):", "while True:", "if time:", "with open('a') as file:",
    "try:", "for number in unknown_library.numbers():",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """A call of the function with that number."""

    function: int
    awaited: bool
    through: str
    """How it is reached: `name`, `module` or `inside`, by an import in the function itself."""


@dataclass(frozen=True)
class Effect:
    """A call of a library."""

    text: str
    awaited: bool


@dataclass(frozen=True)
class Block:
    """A compound statement."""

    head: str
    body: tuple[Statement, ...]


Statement = Call | Effect | Block


@dataclass(frozen=True)
class Function:
    """A function without parameters."""

    is_async: bool
    body: tuple[Statement, ...]


@dataclass(frozen=True)
class Registration:
    """A task of the endpoint; `form` has `{}` for the target."""

    form: str
    function: int


@dataclass(frozen=True)
class Program:
    """Functions, by number, and the tasks that are made of them."""

    functions: tuple[Function, ...]
    registrations: tuple[Registration, ...]
    is_async: bool


FORMS: Final = (
    "tasks.add_task({})", "tasks.add_task(func={})", "tasks.add_task(functools.partial({}))",
    "tasks.add_task(lambda: {}())",
    "BackgroundTask({})", "tasks.add_task({} if tasks else {})", "[tasks.add_task(each) for each in ({},)]",
    "tasks.add_task({}())", "tasks.add_task(*[{}])", "tasks.add_task({}, 1, key=2)",
    "tasks.add_task(asyncio.to_thread, {})",
)  # fmt: skip


def _statements(count: int) -> st.SearchStrategy[Statement]:
    calls = st.builds(Call, st.integers(0, count - 1), st.booleans(), st.sampled_from(("name", "module", "inside")))
    effects = st.builds(Effect, st.sampled_from(EFFECTS), st.booleans())
    simple: st.SearchStrategy[Statement] = calls | effects
    return st.recursive(
        simple,
        lambda inner: st.builds(Block, st.sampled_from(BLOCKS), st.lists(inner, min_size=1, max_size=3).map(tuple)),
        max_leaves=4,
    )


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Programs of up to seven functions, which may call themselves and one another."""
    count = draw(st.integers(1, 7))
    bodies = st.lists(_statements(count), min_size=1, max_size=4).map(tuple)
    functions = draw(st.lists(st.builds(Function, st.booleans(), bodies), min_size=count, max_size=count))
    registrations = st.builds(Registration, st.sampled_from(FORMS), st.integers(0, count - 1))
    return Program(tuple(functions), tuple(draw(st.lists(registrations, min_size=1, max_size=4))), draw(st.booleans()))


def namings(count: int) -> st.SearchStrategy[Sequence[str]]:
    """Different names for so many functions."""
    return st.permutations(NAMES).map(lambda names: names[:count])


def placements(count: int) -> st.SearchStrategy[Sequence[str]]:
    """The modules that so many functions lie in."""
    return st.lists(st.sampled_from(MODULES), min_size=count, max_size=count)


def render(program: Program, names: Sequence[str], modules: Sequence[str]) -> dict[str, str]:
    """Write the program down: the texts by file name; `app.py` is the application."""
    files = {"pack/__init__.py": ""}
    for module in MODULES:
        inside = [number for number, where in enumerate(modules) if where == module]
        rows = [IMPORTS, LIBRARIES, *_imports(program, inside, names, modules)]
        for number in inside:
            rows += ["", "", *_function(program.functions[number], names[number], names, modules, module)]
        files[module.replace(".", "/") + ".py"] = "\n".join(rows) + "\n"
    files["app.py"] = "\n".join(_application(program, names, modules)) + "\n"
    return files


def _application(program: Program, names: Sequence[str], modules: Sequence[str]) -> list[str]:
    used = sorted({registration.function for registration in program.registrations})
    keyword = "async def" if program.is_async else "def"
    rows = [IMPORTS, "from fastapi import BackgroundTasks, FastAPI", "from starlette.background import BackgroundTask"]
    rows += [f"from {modules[number]} import {names[number]}" for number in used]
    rows += ["", "app = FastAPI()", "", '@app.post("/")', f"{keyword} endpoint(tasks: BackgroundTasks):"]
    for registration in program.registrations:
        rows.append("    " + registration.form.replace("{}", names[registration.function]))
    return rows


def _imports(program: Program, inside: Sequence[int], names: Sequence[str], modules: Sequence[str]) -> list[str]:
    rows = []
    for call in (call for number in inside for call in _calls(program.functions[number].body)):
        there = modules[call.function]
        if there != modules[inside[0]]:
            rows.append(
                f"import {there}" if call.through == "module" else f"from {there} import {names[call.function]}"
            )
    return sorted(set(rows))


def _calls(body: Sequence[Statement]) -> list[Call]:
    found = []
    for statement in body:
        if isinstance(statement, Call):
            found.append(statement)
        elif isinstance(statement, Block):
            found += _calls(statement.body)
    return [call for call in found if call.through != "inside"]


def _function(function: Function, name: str, names: Sequence[str], modules: Sequence[str], here: str) -> list[str]:
    head = f"async def {name}():" if function.is_async else f"def {name}():"
    return [head, *_body(function.body, function.is_async, names, modules, here, "    ")]


def _body(
    body: Sequence[Statement], is_async: bool, names: Sequence[str], modules: Sequence[str], here: str, indent: str
) -> list[str]:
    rows = []
    for statement in body:
        if isinstance(statement, Block):
            rows.append(indent + statement.head)
            rows += _body(statement.body, is_async, names, modules, here, indent + "    ")
            if statement.head == "try:":
                rows += [f"{indent}except ValueError:", f"{indent}    pass"]
            continue
        expression = statement.text if isinstance(statement, Effect) else ""
        if isinstance(statement, Call):
            name, there = names[statement.function], modules[statement.function]
            if statement.through == "inside" and there != here:
                rows.append(f"{indent}from {there} import {name}")
            expression = f"{there}.{name}()" if statement.through == "module" and there != here else f"{name}()"
        rows.append(f"{indent}{'await ' if statement.awaited and is_async else ''}{expression}")
    return rows
