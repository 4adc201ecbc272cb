"""Fixes that reach beyond the registering call: parameters, returns, raises, imports."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fixes.conftest import Build

HEAD = """\
from typing import Annotated
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

app = FastAPI()

def store(row, *more): ...

"""


def expect(build: Build, code: str, before: str, after: str | None, applicability: str, head: str = HEAD) -> None:
    fixed = build(code, head + dedent(before))
    if after is None:
        assert fixed is None
        return
    assert fixed is not None
    assert fixed.text == head + dedent(after)
    assert fixed.applicability == applicability


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("t: BackgroundTasks = Depends()", "t: BackgroundTasks"),
        ("t: BackgroundTasks=Depends( )", "t: BackgroundTasks"),
        ("t: BackgroundTasks = Depends(BackgroundTasks)", "t: BackgroundTasks"),
        ("t=Depends(BackgroundTasks)", "t: BackgroundTasks"),
        ("x: int, t: 'BackgroundTasks' = Depends(), y: int = 1", "x: int, t: 'BackgroundTasks', y: int = 1"),
        ("x: int = 1, t: BackgroundTasks = Depends()", "x: int = 1, t: BackgroundTasks = BackgroundTasks()"),
        ("x: int = 1, *, t: BackgroundTasks = Depends()", "x: int = 1, *, t: BackgroundTasks"),
        ("t: Annotated[BackgroundTasks, Depends()]", "t: BackgroundTasks"),
    ],
)
def test_the_injection_is_left_to_the_annotation(build: Build, before: str, after: str) -> None:
    source = "@app.post('/')\ndef endpoint({}):\n    t.add_task(store, 1)\n"
    if before.startswith("t=") or "Annotated" in before:  # the finder may not know such a receiver by its type
        source = source.replace("t.add_task", "background_tasks.add_task")
        before, after = (f"background_tasks{text[1:]}" for text in (before, after))
    expect(build, "BG413", source.format(before), source.format(after), "safe")


def test_a_comment_in_a_default_keeps_it(build: Build) -> None:
    source = "def endpoint(t: BackgroundTasks = (  # why\n    Depends())):\n    t.add_task(store, 1)\n"
    expect(build, "BG413", source, None, "")


def test_hand_made_tasks_within_a_block_are_injected_as_well(build: Build) -> None:
    source = (
        "@app.post('/')\ndef endpoint(user{}):\n    if user:\n{}        tasks.add_task(store, user)\n    return 1\n"
    )
    made = source.format("", "        tasks = BackgroundTasks()\n")
    expect(build, "BG404", made, source.format(", tasks: BackgroundTasks", ""), "unsafe")


def test_a_type_that_only_the_function_imports_is_no_annotation(build: Build) -> None:
    made = "@app.post('/')\ndef endpoint():\n    {}tasks = {}()\n    tasks.add_task(store, 1)\n"
    imports = "from fastapi import BackgroundTasks as Tasks\n    "
    expect(build, "BG404", made.format(imports, "Tasks"), None, "")
    assert build("BG404", HEAD + made.format("", "BackgroundTasks")) is not None


def test_parameters_that_share_a_line_go_on_sharing_it(build: Build) -> None:
    before = """
        @app.post("/")
        async def endpoint(
            user: int, limit: int = 3
        ):
            tasks = BackgroundTasks()
            tasks.add_task(store, user)
    """
    after = """
        @app.post("/")
        async def endpoint(
            user: int, tasks: BackgroundTasks, limit: int = 3
        ):
            tasks.add_task(store, user)
    """
    expect(build, "BG404", before, after, "unsafe")


def test_hand_made_tasks_of_an_endpoint_are_injected_instead(build: Build) -> None:
    before = """
        @app.post("/")
        async def endpoint(
            user: int,  # whose
            limit: int = 3,
        ):
            tasks = BackgroundTasks()
            tasks.add_task(store, user)
            return {"ok": True}
    """
    after = """
        @app.post("/")
        async def endpoint(
            user: int,  # whose
            tasks: BackgroundTasks,
            limit: int = 3,
        ):
            tasks.add_task(store, user)
            return {"ok": True}
    """
    expect(build, "BG404", before, after, "unsafe")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("()", "(tasks: BackgroundTasks)"),
        ("(user: int)", "(user: int, tasks: BackgroundTasks)"),
        ("(user: int, *, limit: int)", "(user: int, tasks: BackgroundTasks, *, limit: int)"),
        ("(limit: int = 3)", "(tasks: BackgroundTasks, limit: int = 3)"),
        ("(\n    user: int,  # whose\n)", "(\n    user: int,  # whose\n    tasks: BackgroundTasks,\n)"),
        ("(\n    user: int\n)", "(\n    user: int,\n    tasks: BackgroundTasks\n)"),
        ("(*users)", None),
        ("(tasks)", None),
    ],
)
def test_the_parameter_goes_where_it_fits(build: Build, before: str, after: str | None) -> None:
    source = "@app.post('/')\nasync def endpoint{}:{}\n    tasks.add_task(store, 1)\n    return 1\n"
    made = source.format(before, "\n    tasks = BackgroundTasks()")
    expect(build, "BG404", made, after and source.format(after, ""), "unsafe")


def test_hand_made_tasks_elsewhere_are_given_to_the_response(build: Build) -> None:
    source = """
        def view(request):
            tasks = BackgroundTasks()
            tasks.add_task(store, request)
            if request:
                return FileResponse("a"ONE)
            return FileResponse(
                "b",
                headers={}TWO
            )
    """
    after = source.replace("ONE", ", background=tasks").replace("TWO", ",\n                background=tasks")
    expect(build, "BG404", source.replace("ONE", "").replace("TWO", ""), after, "unsafe")


def test_where_something_else_is_returned_nothing_is_clear(build: Build) -> None:
    source = "def view(request):\n    tasks = BackgroundTasks()\n    tasks.add_task(store, 1)\n    return request\n"
    expect(build, "BG404", source, None, "")


def test_tasks_that_a_module_made_are_injected_instead(build: Build) -> None:
    source = "tasks = BackgroundTasks()\n\n@app.post('/')\ndef endpoint({}):\n    tasks.add_task(store, 1)\n"
    expect(build, "BG404", source.format("user"), source.format("user, tasks: BackgroundTasks"), "unsafe")
    expect(build, "BG404", source.replace("@app.post('/')\n", "").format("user"), None, "")


def test_what_add_task_returns_is_no_task_and_one_takes_its_place(build: Build) -> None:
    source = """
        def view(request):
            return FileResponse("a", background={}(store, request, 1))
    """
    before, after = source.format("BackgroundTasks().add_task"), source.format("BackgroundTask")
    expect(build, "BG404", before, after, "unsafe")


@pytest.mark.parametrize("made", ["{}(store, user)  # later", "task = {}(store, user)"])
@pytest.mark.parametrize(
    ("before", "after", "name"),
    [("user", "user, background_tasks: BackgroundTasks", "background_tasks"), ("user, t: BackgroundTasks", None, "t")],
)
def test_a_task_that_nothing_takes_is_added_to_the_injected_ones(
    build: Build, made: str, before: str, after: str | None, name: str
) -> None:
    source = "@app.post('/')\ndef endpoint({}):\n    {}\n    return 1\n"
    mended = made.removeprefix("task = ").format(f"{name}.add_task")
    made = made.format("BackgroundTask")
    expect(build, "BG404", source.format(before, made), source.format(after or before, mended), "unsafe")


def test_a_task_that_nothing_takes_goes_with_the_response_elsewhere(build: Build) -> None:
    source = "def view(request):\n    task = BackgroundTask(store, 1)\n    return FileResponse('a'{})\n"
    expect(build, "BG404", source.format(""), source.format(", background=task"), "unsafe")
    expect(build, "BG404", source.format("").replace("task = ", ""), None, "")


def test_a_task_that_replaces_the_injected_ones_joins_them(build: Build) -> None:
    source = """
        @app.get("/")
        def endpoint(tasks: BackgroundTasks):
            tasks.add_task(store, 1)
            {}return FileResponse("a", background={})
    """
    before = source.format("", 'BackgroundTask(store, "a", 2)')
    expect(build, "BG407", before, source.format('tasks.add_task(store, "a", 2)\n            ', "tasks"), "unsafe")


LOST = """
    @app.get("/")
    def endpoint(tasks: BackgroundTasks, user: int):
        {}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("raise HTTPException(401)", 'return JSONResponse({"detail": "Unauthorized"}, 401, background=tasks)'),
        (
            "raise HTTPException(status_code=user, detail=f'no {user}', headers=user) from None",
            "return JSONResponse({\"detail\": f'no {user}'}, user, headers=user, background=tasks)",
        ),
        (
            "if user:\n            raise HTTPException(404, 'no')",
            "if user:\n            return JSONResponse({\"detail\": 'no'}, 404, background=tasks)",
        ),
        ("raise ValueError(user)", None),
        ("raise HTTPException(user)", None),
        ("try:\n            raise HTTPException(404)\n        except Exception:\n            pass", None),
        ("with user:\n            raise HTTPException(404)", None),
    ],
)
def test_instead_of_a_raise_the_response_is_returned(build: Build, before: str, after: str | None) -> None:
    imports = "from fastapi.responses import FileResponse\n"
    head = HEAD.replace(imports, "")
    source = LOST.format(f"tasks.add_task(store, user)\n        {before}")
    fixed = build("BG408", head + dedent(source))
    if after is None:
        assert fixed is None
        return
    expected = dedent(LOST.format(f"tasks.add_task(store, user)\n        {after}"))
    line = "from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException\n"
    assert fixed is not None
    assert fixed.text == head.replace(line, f"{line}from fastapi.responses import JSONResponse\n") + expected


def test_a_raise_in_the_handler_of_another_error_is_one_as_well(build: Build) -> None:
    body = (
        "try:\n            store(1)\n        except OSError:\n            tasks.add_task(store, user)\n            {}"
    )
    raised = LOST.format(body.format("raise HTTPException(404, 'no')"))
    returned = LOST.format(body.format("return JSONResponse({\"detail\": 'no'}, 404, background=tasks)"))
    head = HEAD.replace("import FileResponse", "import JSONResponse")
    expect(build, "BG408", raised, returned, "unsafe", head)


@pytest.mark.parametrize("around", ["if user:", "for user in range(user):", "with open('a'):"])
def test_a_raise_behind_the_block_of_the_registration_is_one_as_well(build: Build, around: str) -> None:
    body = f"{around}\n            tasks.add_task(store, user)\n        {{}}"
    raised = LOST.format(body.format("raise HTTPException(404, 'no')"))
    returned = LOST.format(body.format("return JSONResponse({\"detail\": 'no'}, 404, background=tasks)"))
    head = HEAD.replace("import FileResponse", "import JSONResponse")
    expect(build, "BG408", raised, None if around.startswith("with") else returned, "unsafe", head)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('"""Doc."""\n\nfrom __future__ import annotations\n\nimport fastapi\nfrom fastapi import X\nimport os\n', 6),
        ("# a comment\nfrom x import (\n    y,\n)\nimport fastapi\n", 5),
        ("import fastapi\nX = 1\nfrom fastapi import y\n", 1),
    ],
)
def test_an_import_goes_to_its_own(build: Build, head: str, expected: int) -> None:
    source = f"{head}def run(): ...\n@fastapi.FastAPI().get('/')\ndef e(t: fastapi.BackgroundTasks):\n"
    fixed = build("BG408", f"{source}    t.add_task(run)\n    raise fastapi.HTTPException(404)\n")
    assert fixed is not None
    assert fixed.text.split("\n").index("from fastapi.responses import JSONResponse") == expected


def test_a_name_that_means_something_else_is_not_taken(build: Build) -> None:
    head = HEAD.replace("app = FastAPI()", "app = FastAPI()\nJSONResponse = dict")
    source = LOST.format("tasks.add_task(store, user)\n        raise HTTPException(404)")
    expect(build, "BG408", source, None, "", head)


def test_an_import_by_another_name_is_used(build: Build) -> None:
    head = HEAD.replace("import FileResponse", "import JSONResponse as Json")
    source = LOST.format("tasks.add_task(store, user)\n        {}")
    raised, returned = "raise HTTPException(404)", 'return Json({{"detail": "Not Found"}}, 404, background=tasks)'
    expect(build, "BG408", source.format(raised), source.format(returned.format()), "unsafe", head)
