from __future__ import annotations

import asyncio
import functools
import importlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, Place, TaskReport, TaskTimeout, task_options
from bglint.runtime.offload import OffloadError, ProcessPool, WorkerDied, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from tests.runtime.conftest import Eventually

POOL = ProcessPool(workers=2)


@pytest.fixture
def process_tasks(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "apps"))
    yield importlib.import_module("process_tasks")
    POOL.close()


def run(*calls: tuple[Callable[..., Any], Any], together: bool = False, **options: Any) -> list[TaskReport]:
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append)
        for function, args in calls:
            tasks.with_options(offload=POOL, **options).add_task(function, *args)
        if together:
            tasks.start()
            await tasks.join()
        else:
            await tasks()

    asyncio.run(main())
    return reports


def test_a_task_runs_in_another_process_and_is_measured_there(process_tasks: ModuleType, tmp_path: Path) -> None:
    completed: list[bool] = []
    reports = run(
        (process_tasks.write, [str(tmp_path / "a")]),
        (process_tasks.write_async, [str(tmp_path / "b")]),
        (process_tasks.compute, [3_000_000]),
        on_complete=lambda: completed.append(True),
    )
    here, sync, asynchronous = os.getpid(), (tmp_path / "a").read_text(), (tmp_path / "b").read_text()
    assert sync.startswith("ran in ")
    assert asynchronous.startswith("async in ")
    assert sync != f"ran in {here}"
    assert sync.split()[-1] == asynchronous.split()[-1], "the process is kept"
    assert [(report.outcome, report.place) for report in reports] == [(Outcome.FINISHED, Place.PROCESS)] * 3
    assert 5 < reports[2].cpu_ms <= reports[2].duration_ms + 1
    assert completed == [True] * 3


def test_heavy_work_there_is_no_slow_task(process_tasks: ModuleType, recwarn: pytest.WarningsRecorder) -> None:
    (report,) = run((process_tasks.wait, [0.15]))
    assert report.duration_ms > 149
    assert not report.is_slow
    assert not recwarn.list


def test_a_failure_comes_back_with_its_traceback(process_tasks: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = []
    reports = run((process_tasks.fail, []), (process_tasks.fail_oddly, []), (process_tasks.exit_, []))
    reports += run((process_tasks.fail, []), on_error=errors.append)
    reports += run((process_tasks.interrupted, []), (process_tasks.fail_unspeakably, []))
    assert [report.outcome for report in reports] == [Outcome.FAILED] * 6
    assert [type(report.error) for report in reports] == [
        ValueError, RuntimeError, SystemExit, ValueError, KeyboardInterrupt, RuntimeError,
    ]  # fmt: skip
    assert "UnpicklableError: not to be made again" in str(reports[1].error)
    assert str(reports[5].error) == "UnspeakableError: it says nothing that could be sent"
    assert str(errors) == "[ValueError('the task broke')]"
    assert 'raise ValueError("the task broke")' in caplog.text


def test_past_its_time_the_process_is_killed_and_the_next_task_gets_another(
    process_tasks: ModuleType, tmp_path: Path
) -> None:
    begun = time.monotonic()
    errors: list[Exception] = []
    (late,) = run((process_tasks.wait, [600]), timeout=1, on_error=errors.append)
    (following,) = run((process_tasks.write, [str(tmp_path / "a")]))
    assert time.monotonic() - begun < 20
    assert (late.outcome, following.outcome) == (Outcome.TIMED_OUT, Outcome.FINISHED)
    assert isinstance(errors[0], TaskTimeout)
    assert str(errors[0]) == "Background task 'wait' timed out after 1s and its process was killed"


def test_the_programs_of_a_task_are_killed_with_it(
    process_tasks: ModuleType, tmp_path: Path, eventually: Eventually
) -> None:
    (late,) = run((process_tasks.run_program, [str(tmp_path / "a")]), timeout=3)
    assert late.outcome is Outcome.TIMED_OUT
    program = int((tmp_path / "a").read_text())
    eventually(lambda: not is_running(program), "end of the program")


def test_the_start_of_a_process_and_its_imports_are_not_the_tasks_time(
    process_tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_slowly.py").write_text("import time\ntime.sleep(1.5)\ndef function() -> None: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    (report,) = run((importlib.import_module("imported_slowly").function, []), timeout=1)
    assert (report.outcome, report.is_slow) == (Outcome.FINISHED, False)
    assert report.queued_ms > 1500


def test_a_process_that_does_not_get_ready_is_given_up(
    process_tasks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "import time, multiprocessing as m\nm.parent_process() and time.sleep(600)\ndef function() -> None: ...\n"
    (tmp_path / "never_imported.py").write_text(slow)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(processes, "READY_S", 2.0)
    (report,) = run((importlib.import_module("never_imported").function, []), timeout=None)
    assert report.outcome is Outcome.FAILED
    assert str(report.error) == "The worker process had not imported what it needs after 2s"


def test_a_task_may_have_processes_of_its_own(process_tasks: ModuleType, tmp_path: Path) -> None:
    (report,) = run((process_tasks.compute_in_processes, [str(tmp_path / "a")]))
    assert report.outcome is Outcome.FINISHED, report.error
    assert (tmp_path / "a").read_text() == "[1, 2]"


def test_whatever_can_be_pickled_can_be_called_there(process_tasks: ModuleType, tmp_path: Path) -> None:
    writers = [process_tasks.Writer(str(tmp_path / name)) for name in "ab"]
    reports = run(
        (writers[0], []),
        (writers[1].method, []),
        (process_tasks.Writer.static, [str(tmp_path / "c")]),
        (functools.partial(process_tasks.write, str(tmp_path / "d")), ["partial"]),
    )
    assert [report.name for report in reports] == ["Writer", "Writer.method", "Writer.static", "write"]
    written = [(tmp_path / name).read_text().partition(" ")[0] for name in "abcd"]
    assert written == ["called", "method", "static", "partial"]


def test_closing_a_pool_leaves_what_runs_alone_and_it_can_be_used_again(
    process_tasks: ModuleType, tmp_path: Path, eventually: Eventually
) -> None:
    reports: list[TaskReport] = []

    async def main() -> None:
        tasks = BackgroundTasks(on_report=reports.append)
        view = tasks.with_options(offload=POOL)
        view.add_task(process_tasks.write_and_wait, str(tmp_path / "a"), 0.5)
        tasks.start()
        await asyncio.to_thread(eventually, (tmp_path / "a").exists, "start of the task")
        POOL.close()
        await tasks.join()
        POOL.close()
        view.add_task(process_tasks.write, str(tmp_path / "b"))
        await tasks()

    asyncio.run(main())
    assert [report.outcome for report in reports] == [Outcome.FINISHED] * 2
    first, second = [(tmp_path / name).read_text().split()[-1] for name in "ab"]
    assert first != second


@pytest.mark.parametrize(("crash", "code"), [("crash", "11"), ("killed", "-9")])
def test_a_crash_takes_no_other_task_with_it(process_tasks: ModuleType, tmp_path: Path, crash: str, code: str) -> None:
    calls: list[tuple[Callable[..., Any], Any]] = [(getattr(process_tasks, crash), [])]
    calls += [(process_tasks.write, [str(tmp_path / str(n))]) for n in range(5)]
    reports = run(*calls, together=True)
    assert sorted(report.outcome for report in reports) == [Outcome.FAILED] + [Outcome.FINISHED] * 5
    (crashed,) = [report for report in reports if report.outcome is Outcome.FAILED]
    assert isinstance(crashed.error, WorkerDied)
    assert str(crashed.error) == f"The worker process ended with exit code {code} before the task did"
    assert len(list(tmp_path.iterdir())) == 5


def test_no_more_than_the_workers_run_at_a_time(process_tasks: ModuleType, tmp_path: Path) -> None:
    run(*[(process_tasks.write, [str(tmp_path / str(n))]) for n in range(8)], together=True)
    assert 1 <= len({path.read_text() for path in tmp_path.iterdir()}) <= 2


def test_pools_of_one_size_are_one() -> None:
    assert ProcessPool() == ProcessPool()
    assert ProcessPool()._processes() is ProcessPool()._processes()
    with pytest.raises(ValueError, match="workers must be 1 or more"):
        ProcessPool(workers=0)


def test_what_cannot_be_sent_is_refused_at_add_task(process_tasks: ModuleType) -> None:
    def nested() -> None: ...

    view = BackgroundTasks().with_options(offload=POOL)
    for function in (nested, lambda: None):
        with pytest.raises(OffloadError, match="cannot be sent to another process"):
            view.add_task(function)
    with pytest.raises(OffloadError, match="'write' cannot be sent to another process"):
        view.add_task(process_tasks.write, sys.stdout)


def test_arguments_are_sent_as_they_were_when_the_task_was_added(process_tasks: ModuleType, tmp_path: Path) -> None:
    @task_options(offload=POOL)
    def unused() -> None: ...

    path = [str(tmp_path / "a")]
    options = {"text": "before"}

    async def main() -> None:
        tasks = BackgroundTasks()
        tasks.with_options(offload=POOL).add_task(process_tasks.write, *path, **options)
        options["text"] = "after"
        await tasks()

    asyncio.run(main())
    assert (tmp_path / "a").read_text().startswith("before")


PROGRAM = """
import asyncio, pathlib, process_tasks
from bglint.runtime import BackgroundTasks
from bglint.runtime.offload import ProcessPool

class OwnError(Exception): ...

def of_the_script(path):
    process_tasks.write(path)
    raise OwnError("comes back")

async def main():
    tasks = BackgroundTasks()
    view = tasks.with_options(offload=ProcessPool(1), on_error=lambda error: print(repr(error), flush=True))
    view.add_task(of_the_script, "worker")
    await tasks()
    {rest}

if __name__ == "__main__":
    asyncio.run(main())
"""
EXITS = {
    "idle": "",
    "busy": "view.add_task(process_tasks.run_program, 'program')\n    tasks.start()\n"
    "    while not pathlib.Path('program').exists(): await asyncio.sleep(0.01)",
}


@pytest.mark.parametrize("rest", EXITS.values(), ids=EXITS.keys())
def test_the_workers_and_their_programs_end_with_the_process_that_started_them(
    eventually: Eventually, tmp_path: Path, rest: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(rest=rest))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "apps")}
    command = [sys.executable, str(program)]
    ran = subprocess.run(command, cwd=tmp_path, env=env, check=True, timeout=60, stdout=subprocess.PIPE, text=True)
    assert ran.stdout == "OwnError('comes back')\n"
    begun = [int(path.read_text().split()[-1]) for name in ("worker", "program") if (path := tmp_path / name).exists()]
    assert len(begun) == (2 if rest else 1)
    eventually(lambda: not any(map(is_running, begun)), "end of the worker and its program")


def test_what_was_typed_in_is_refused(tmp_path: Path) -> None:
    program = (
        "from bglint.runtime import BackgroundTasks\nfrom bglint.runtime.offload import ProcessPool\n"
        "def function(): ...\nBackgroundTasks().with_options(offload=ProcessPool()).add_task(function)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "OffloadError: 'function' was typed in, and no process can load it: put it in a module" in ran.stderr


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
