from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint.runtime import BackgroundTasks, Outcome, Place, TaskReport, TaskTimeout, task_options
from bglint.runtime.offload import OffloadError, ProcessPool, WorkerDied

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
    assert [report.outcome for report in reports] == [Outcome.FAILED] * 4
    assert [type(report.error) for report in reports] == [ValueError, RuntimeError, SystemExit, ValueError]
    assert "UnpicklableError: not to be made again" in str(reports[1].error)
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


def test_a_crash_takes_no_other_task_with_it(process_tasks: ModuleType, tmp_path: Path) -> None:
    calls: list[tuple[Callable[..., Any], Any]] = [(process_tasks.crash, [])]
    calls += [(process_tasks.write, [str(tmp_path / str(n))]) for n in range(5)]
    reports = run(*calls, together=True)
    assert sorted(report.outcome for report in reports) == [Outcome.FAILED] + [Outcome.FINISHED] * 5
    (crashed,) = [report for report in reports if report.outcome is Outcome.FAILED]
    assert isinstance(crashed.error, WorkerDied)
    assert "exit code 11" in str(crashed.error)
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


def test_the_workers_end_with_the_process_that_started_them(eventually: Eventually, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, os, process_tasks\n"
        "from bglint.runtime import BackgroundTasks\n"
        "from bglint.runtime.offload import ProcessPool\n"
        "async def main():\n"
        "    tasks = BackgroundTasks()\n"
        "    tasks.with_options(offload=ProcessPool(1)).add_task(process_tasks.write, 'worker')\n"
        "    await tasks()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "apps")}
    subprocess.run([sys.executable, str(program)], cwd=tmp_path, env=env, check=True, timeout=30)
    worker = int((tmp_path / "worker").read_text().split()[-1])
    eventually(lambda: not is_running(worker), "end of the worker")


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
