"""What a type checker says of code that uses the runtime."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

CODE: Final = """
from typing import Annotated, assert_type
from fastapi import Depends
from starlette.responses import Response
from bglint.runtime import BackgroundTasks, TaskReport, background_tasks, drain, task_options, watch
from bglint.runtime.offload import ProcessPool

def render(path: str, size: int = 3) -> None: ...
async def mail(address: str) -> None: ...

tasks = BackgroundTasks(timeout=None, on_report=lambda report: print(report.duration_ms))
tasks.add_task(render, "a", size=3)
tasks.add_task(mail, "a@b.c")
tasks.add_task(render, 3)                                                        # error: arg-type
tasks.add_task(mail)                                                             # error: call-arg
tasks.add_task(render, "a", sise=3)                                              # error: call-arg
tasks.add_task(mail("a"))                                                        # error: arg-type
tasks.with_options(name="x", timeout=3, offload=ProcessPool()).add_task(render, "a")
tasks.with_options(timeout=3).add_task(render, 3)                                # error: arg-type
tasks.with_options(timeout="3")                                                  # error: typeddict-item|arg-type
tasks.with_options(timout=3)                                                     # error: call-arg

@task_options(name="report", slow_task_ms=500)
def report(day: int) -> str:
    return str(day)

assert_type(report(1), str)
report("x")                                                                      # error: arg-type
tasks.add_task(report, "x")                                                      # error: arg-type

Response(background=tasks)

def endpoint(tasks: Annotated[BackgroundTasks, Depends(background_tasks)]) -> None:
    tasks.add_task(mail, "a@b.c")

async def lifespan() -> None:
    with watch():
        assert_type((await drain(3)).lost, tuple[str, ...])
"""


def test_a_type_checker_accepts_what_is_right_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(CODE)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(program)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = CODE.splitlines()
    expected = {number: line.partition("# error: ")[2] for number, line in enumerate(lines, 1) if "# error: " in line}
    reported: dict[int, str] = {}
    for line in result.stdout.splitlines():
        found = re.match(r".*program\.py:(\d+): error: .*\[([\w-]+)\]$", line)
        if found:
            reported[int(found[1])] = found[2]
    assert reported.keys() == expected.keys(), result.stdout
    for number, code in reported.items():
        assert code in expected[number].split("|"), (lines[number - 1], code)
