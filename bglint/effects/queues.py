"""Job queues: which calls only hand work over, and which only look as if they did.

Forms from the queues' own sources (celery 5.7, rq 3.0, arq 0.28, dramatiq 2.2, taskiq 0.13, huey 3.5, saq 0.26,
bullmq 3.4, procrastinate 3.10, prefect 3.9, temporalio 1.35, pydocket 0.27, django 6.1 and others).
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from bglint.contract import JOB_QUEUES
from bglint.program.modules import last_name
from bglint.program.values import External

if TYPE_CHECKING:
    from bglint.program.program import Program
    from bglint.program.values import FunctionValue

METHODS_THAT_ENQUEUE = frozenset({
    "delay", "apply_async", "send", "send_with_options", "kiq", "kicker", "defer", "defer_async", "batch_defer",
    "batch_defer_async", "configure", "enqueue", "aenqueue", "using", "schedule", "map", "s", "si", "signature",
    "schedule_by_time", "schedule_by_cron", "schedule_by_interval", "remote", "run_no_wait", "aio_run_no_wait",
    "async_schedule", "message", "delay_on_commit", "retry", "starmap", "chunks", "spawn", "options",
})  # fmt: skip
"""Methods of a queue's task that hand it over."""

METHODS_THAT_RUN_HERE = frozenset({
    "apply", "call_local", "call", "acall", "fn", "run", "__wrapped__", "original_func", "func", "local", "__call__",
})  # fmt: skip
"""Methods of a queue's task that run it in this process."""

TELLING_METHODS = frozenset({
    "apply_async", "enqueue_job", "send_task", "kiq", "defer_async", "enqueue_call", "enqueue_in", "enqueue_at",
    "send_with_options", "addBulk", "enqueue_many", "delay", "delay_on_commit", "aio_run_no_wait", "run_no_wait",
})  # fmt: skip
"""Methods that hand work over whatever they are called on: no other library has them."""

_ENQUEUE = re.compile(
    r"""
      celery\.(.*\.)?(send_task|apply_async|delay|signature|group|chain|chord|chunks)(\.\w+)*
    | celery\..*\.(apply_async|delay)
    | rq\.(queue\.)?Queue\.(enqueue\w*|parse_args)
    | rq_scheduler\..*\.(enqueue_\w+|schedule|cron)
    | django_rq\.(enqueue|get_queue\.enqueue\w*)
    | arq\.(connections\.)?(ArqRedis|create_pool)\.enqueue_job
    | saq\..*\.enqueue
    | bullmq\.(Queue|FlowProducer)\.(add|addBulk)
    | dramatiq\..*\.(send|send_with_options|enqueue|run)
    | taskiq\..*\.(kiq|kick)
    | huey\..*\.(enqueue|schedule)
    | procrastinate\..*\.(defer|defer_async|configure_task.*)
    | django_q\.tasks\.(async_task|schedule|async_iter|async_chain)
    | django\.tasks\..*\.(enqueue|aenqueue)
    | prefect\.deployments\.(.*\.)?arun_deployment
    | temporalio\.client\..*\.(start_workflow|signal)
    | docket\.Docket\.(add|replace|add_many)
    | streaq\..*\.(enqueue|enqueue_many)
    | dbos\..*\.(enqueue|enqueue_async|start_workflow|start_workflow_async)
    | hatchet_sdk\..*\.(run_no_wait|aio_run_no_wait)
    | inngest\..*\.(send|send_sync)
    | pgqueuer\..*\.enqueue
    | ray\..*\.remote
    | dask\.distributed\.Client\.(submit|map) | distributed\.Client\.(submit|map)
    | boto3\.client\.send_message(_batch)?
    | aiokafka\.AIOKafkaProducer\.send(_and_wait)? | kafka\.KafkaProducer\.send | confluent_kafka\.Producer\.produce
    | aio_pika\..*\.publish | pika\..*\.basic_publish
    | bglint\.runtime\..*\.offload
    """,
    re.VERBOSE,
)

_WAITS = re.compile(
    r"""
      prefect\.deployments\.(.*\.)?run_deployment
    | temporalio\.client\..*\bexecute_workflow
    | saq\..*\.(apply|map)
    | celery\..*\.get
    """,
    re.VERBOSE,
)

_DECORATORS = re.compile(
    r"""
      celery\..*task | dramatiq\.actor | rq\.(decorators\.)?job | django_rq\.job | taskiq\..*\.task
    | huey\..*\.(task|periodic_task) | procrastinate\..*\.task | django\.tasks\.task | django_tasks\.task
    | prefect\.(task|flow) | ray\.remote | streaq\..*\.task | hatchet_sdk\..*\.task | dbos\.DBOS\.\w+
    | modal\..*\.function
    """,
    re.VERBOSE,
)
_TELLING_DECORATORS = {"shared_task", "actor", "celery_task", "periodic_task", "db_task"}
_TASK_OWNERS = {"celery", "celery_app", "huey", "broker", "dramatiq", "procrastinate_app", "taskiq_broker", "streaq"}
_QUEUES = {package.partition(".")[0]: queue.name for queue in JOB_QUEUES for package in queue.packages}
_QUEUES |= {"django_rq": "RQ", "ray": "Ray", "modal": "Modal"}  # a task of Django RQ is one of RQ


@cache
def enqueues(name: str) -> bool:
    """Whether a library call by its dotted name hands work to a queue and does not wait for it."""
    return _ENQUEUE.fullmatch(name.replace("()", "")) is not None


@cache
def waits_for_queue(name: str) -> bool:
    """Whether a library call hands work over and waits for its result."""
    return _WAITS.fullmatch(name.replace("()", "")) is not None


def queue_of_decorator(name: str | None, written: str, owner: str) -> str | None:
    """The queue whose task a decorator makes, by its dotted name, or else by how it is written."""
    plain = (name or "").removesuffix("()")
    if plain and _DECORATORS.fullmatch(plain):
        return _QUEUES.get(plain.partition(".")[0], "Celery")
    if written in _TELLING_DECORATORS:
        return "Dramatiq" if written == "actor" else "Huey" if written == "db_task" else "Celery"
    if written == "task" and owner in _TASK_OWNERS:
        return {"huey": "Huey", "broker": "Taskiq", "taskiq_broker": "Taskiq"}.get(owner, "Celery")
    return None


def queue_task(program: Program, value: FunctionValue) -> str | None:
    """The queue whose task a function is, by its decorators."""
    function = value.origin or value.function
    for decorator in function.decorators:
        plain = decorator.func if isinstance(decorator, ast.Call) else decorator
        owner = last_name(plain.value) if isinstance(plain, ast.Attribute) else ""
        frame = program.frame_of(function.parent)
        dotted = [program.qualified_name(v) for v in program.infer(plain, frame) if isinstance(v, External)]
        found = queue_of_decorator(dotted[0] if dotted else None, last_name(plain), owner)
        if found is not None:
            return found
    return None
