from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from bglint.runtime import BackgroundTasks, TaskReport, task_options


def names(tasks: BackgroundTasks) -> list[str]:
    return [task.name for task in tasks.tasks]


def test_options_hold_for_the_tasks_of_their_view_alone() -> None:
    tasks = BackgroundTasks()
    view = tasks.with_options(name="mail", timeout=5)
    view.add_task(print, 1)
    view.with_options(timeout=None).add_task(print, 2)
    tasks.add_task(print, 3)
    assert names(tasks) == ["mail", "mail", "print"]
    assert [task.options.timeout for task in tasks.tasks] == [5, None, 30.0]


def test_options_fixed_to_a_function_hold_wherever_it_goes_and_with_options_wins() -> None:
    @task_options(name="report", timeout=60, slow_task_ms=500)
    def make_report() -> str:
        return "still the function"

    assert make_report() == "still the function"
    tasks = BackgroundTasks(timeout=1)
    tasks.add_task(make_report)
    tasks.add_task(functools.partial(make_report))
    tasks.with_options(timeout=2).add_task(make_report)
    assert names(tasks) == ["report"] * 3
    assert [task.options.timeout for task in tasks.tasks] == [60, 60, 2]


def test_options_fixed_to_a_method_hold_for_it() -> None:
    class Service:
        @task_options(name="service")
        def work(self) -> None: ...

    tasks = BackgroundTasks()
    tasks.add_task(Service().work)
    assert names(tasks) == ["service"]


def test_options_fixed_to_a_partial_come_on_top_of_its_functions() -> None:
    @task_options(name="report", timeout=5)
    def make_report(_day: int) -> None: ...

    tasks = BackgroundTasks()
    tasks.add_task(task_options(timeout=7)(functools.partial(make_report, 1)))
    tasks.add_task(make_report, 2)
    assert [(task.name, task.options.timeout) for task in tasks.tasks] == [("report", 7), ("report", 5)]


@pytest.mark.parametrize("function", [print, "".join], ids=["builtin", "method"])
def test_what_can_carry_no_options_is_refused_with_the_way_out(function: Any) -> None:
    with pytest.raises(TypeError, match=r"No options can be fixed to '\w+.*': give them by with_options"):
        task_options(timeout=7)(function)


def test_a_task_without_a_name_is_called_as_its_function() -> None:
    class Service:
        def __call__(self) -> None: ...

        def work(self) -> None: ...

    tasks = BackgroundTasks()
    tasks.add_task(functools.partial(print, 1))
    tasks.add_task(Service())
    tasks.add_task(Service().work)
    tasks.add_task(lambda: None)
    assert [name.rpartition("name.")[2].rpartition("_function.")[2] for name in names(tasks)] == [
        "print",
        "Service",
        "Service.work",
        "<lambda>",
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"timout": 3}, TypeError, "'timout' is no option of a background task; did you mean 'timeout'?"),
        ({"retries": 3}, TypeError, "the options are name, timeout, on_complete"),
        ({"timeout": 0}, ValueError, "timeout must be more than 0 seconds, or None"),
        ({"timeout": float("nan")}, ValueError, "timeout must be more than 0 seconds"),
        ({"timeout": float("inf")}, ValueError, "None for no limit, not inf"),
        ({"timeout": "30"}, TypeError, "timeout must be a number of seconds or None, not '30'"),
        ({"slow_task_ms": -1}, ValueError, "slow_task_ms must be 0 or more milliseconds"),
        ({"name": ""}, ValueError, "name must be a text that says something"),
        ({"on_error": 3}, TypeError, "on_error must be callable, not int"),
        ({"offload": "celery"}, TypeError, "offload must be one of bglint.runtime.offload's"),
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_refused_at_once(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        BackgroundTasks().with_options(**options)
    with pytest.raises(error, match=message):
        task_options(**options)


def test_the_object_refuses_options_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="timeout must be more than 0"):
        BackgroundTasks(timeout=0)


def test_no_option_steals_an_argument_of_the_function() -> None:
    seen: list[object] = []
    tasks = BackgroundTasks()
    tasks.with_options(name="task", timeout=5).add_task(lambda **kwargs: seen.append(kwargs), name="x", timeout=1)
    asyncio.run(tasks())
    assert seen == [{"name": "x", "timeout": 1}]


def test_slow_task_ms_none_switches_the_warning_off(recwarn: pytest.WarningsRecorder) -> None:
    reports: list[TaskReport] = []
    tasks = BackgroundTasks(slow_task_ms=None, on_report=reports.append)
    tasks.add_task(len, "")
    tasks.with_options(slow_task_ms=0).add_task(len, "")
    asyncio.run(tasks())
    assert [report.is_slow for report in reports] == [False, True]
    assert len(recwarn.list) == 1
