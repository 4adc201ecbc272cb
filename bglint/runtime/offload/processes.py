"""`ProcessPool`: runs tasks in other processes of this machine, without a broker."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import pickle
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bglint.runtime.limits import Deadline, Stopped
from bglint.runtime.offload.base import Handover, Offload, OffloadError
from bglint.runtime.offload.names import check_main_script
from bglint.runtime.offload.process_worker import Reply, serve
from bglint.runtime.options import name_of
from bglint.runtime.per_loop import PerLoop
from bglint.runtime.report import Outcome, Place
from bglint.runtime.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from bglint.runtime.clock import Clock
    from bglint.runtime.limits import Named
    from bglint.runtime.measure import Usage

# A fork copies whatever locks the server's threads hold at that moment.
_SPAWN: Final = multiprocessing.get_context("spawn")


class WorkerDied(RuntimeError):  # noqa: N818  it says what happened
    """The process that ran a task ended before the task did; the other tasks are not touched."""


@dataclass(frozen=True, slots=True)
class ProcessPool(Offload):
    """Runs tasks in processes of their own, where they hold neither the event loop nor the GIL.

    The processes are started when they are first needed, at most `workers` (default: the CPUs) at a time, and kept.
    Pools of the same size are one, so that `ProcessPool()` may be written wherever it is needed. A task is awaited as
    one that runs here; past its time limit its process is killed, and one that crashes takes no other with it.

    The function must be importable and the arguments picklable, else `add_task` raises `OffloadError`.
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers must be 1 or more, not {self.workers}")

    def prepare(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handover:
        """Pickle the call."""
        check_main_script(function)
        try:
            payload = pickle.dumps((function, args, dict(kwargs)))
        except Exception as error:
            raise OffloadError(f"{name_of(function)!r} cannot be sent to another process: {error}") from error
        return _Call(payload, self._processes())

    def close(self) -> None:
        """End the processes that have nothing to do; they are started again when they are needed."""
        self._processes().close()

    def _processes(self) -> _Processes:
        size = self.workers or os.cpu_count() or 1
        with _pools_lock:
            return _pools.setdefault(size, _Processes(size))


class _Worker:
    """One process, which runs one call after the other."""

    def __init__(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=serve, args=(theirs,), name="bglint task worker", daemon=True)
        self._process.start()
        theirs.close()

    def call(self, payload: bytes) -> Reply:
        """Run a pickled call there; raises `WorkerDied`."""
        try:
            self._pipe.send_bytes(payload)
            reply: Reply = pickle.loads(self._pipe.recv_bytes())  # noqa: S301  it comes from our own child
        except (EOFError, OSError) as error:
            self._pipe.close()
            self._process.join(1)
            code = self._process.exitcode
            raise WorkerDied(f"The worker process ended with exit code {code} before the task did") from error
        return reply

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """End the process whatever it does; a `call` under way raises."""
        self._process.kill()

    def close(self) -> None:
        """End a process that waits for its next call."""
        self._pipe.close()
        self._process.join()
        self._process.close()


class _Processes:
    """The workers of one pool size, one for each of the `turns` taken; for several threads and event loops."""

    def __init__(self, size: int) -> None:
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()
        self.turns = PerLoop(lambda: asyncio.Semaphore(size))

    def take(self) -> _Worker:
        """Return a worker that has nothing to do."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.is_alive():
                    return worker
        return _Worker()

    def give_back(self, worker: _Worker) -> None:
        with self._lock:
            self._idle.append(worker)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()


_pools: dict[int, _Processes] = {}
_pools_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pools.clear)  # the workers are the parent's, and so are their pipes


class _Attempt:
    """One call in one worker, made in a thread, that the event loop may give up."""

    def __init__(self, payload: bytes, processes: _Processes) -> None:
        self._payload = payload
        self._processes = processes
        self._worker: _Worker | None = None
        self._given_up = False
        self._lock = threading.Lock()

    def run(self) -> Reply:
        worker = self._processes.take()
        with self._lock:
            self._worker = worker
            if self._given_up:
                worker.kill()
        reply = worker.call(self._payload)
        with self._lock:
            self._worker = None
            if not self._given_up:
                self._processes.give_back(worker)
        return reply

    def give_up(self) -> None:
        """Kill what is still running."""
        with self._lock:
            self._given_up = True
            if self._worker is not None:
                self._worker.kill()


async def _within(timeout: float | None, named: Named, running: Awaitable[Reply]) -> Reply:
    if timeout is None:
        return await running
    with Deadline(timeout, named, Stopped.KILLED) as deadline:
        deadline.start()
        return await running


class _Call(Handover):
    place = Place.PROCESS
    outcome = Outcome.FINISHED

    def __init__(self, payload: bytes, processes: _Processes) -> None:
        self._payload = payload
        self._processes = processes

    async def run(self, usage: Usage, clock: Clock, timeout: float | None, named: Named) -> None:
        async with self._processes.turns.get():
            usage.started_ns = clock.wall_ns()
            attempt = _Attempt(self._payload, self._processes)
            try:
                reply = await _within(timeout, named, run_in_thread(attempt.run, lambda _error: None))
            finally:
                attempt.give_up()
        usage.cpu_ns = reply.cpu_ns
        usage.ended_ns = usage.started_ns + reply.wall_ns
        if reply.error is not None:
            raise reply.error
