"""`ProcessPool`: runs tasks in other processes of this machine, without a broker."""

from __future__ import annotations

import asyncio
import atexit
import multiprocessing
import os
import pickle
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bglint.runtime.limits import Deadline, Stopped
from bglint.runtime.offload.base import Handover, Offload, OffloadError
from bglint.runtime.offload.names import check_main_script
from bglint.runtime.offload.process_worker import BEGUN, Reply, serve
from bglint.runtime.options import name_of
from bglint.runtime.per_loop import PerLoop
from bglint.runtime.report import Outcome, Place
from bglint.runtime.threads import run_in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bglint.runtime.clock import Clock
    from bglint.runtime.limits import Named
    from bglint.runtime.measure import Usage

# A fork copies whatever locks the server's threads hold at that moment.
_SPAWN: Final = multiprocessing.get_context("spawn")

READY_S: Final = 120.0
"""Seconds that a new process has to start and to import the function it is to call."""


class WorkerDied(RuntimeError):  # noqa: N818  it says what happened
    """The process that ran a task ended before the task did; the other tasks are not touched."""


@dataclass(frozen=True, slots=True)
class ProcessPool(Offload):
    """Runs tasks in processes of their own, where they hold neither the event loop nor the GIL.

    The processes are started when they are first needed, at most `workers` (default: the CPUs) at a time, and kept.
    Pools of the same size are one, so that `ProcessPool()` may be written wherever it is needed. A task is awaited as
    one that runs here; past its time limit its process is killed, with the programs it runs, and one that crashes takes
    no other with it. Its time counts from the call of the function, when its module has been imported.

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
        size = self.workers or _cpus()
        with _pools_lock:
            return _pools.setdefault(size, _Processes(size))


def _cpus() -> int:
    """How many this process may use: a container may be given fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Worker:
    """One process, which runs one call after the other."""

    def __init__(self) -> None:
        self._pipe, theirs = _SPAWN.Pipe()
        # No daemon, for those may have no processes of their own; `_kill_all` is what ends it with this one.
        self._process = _SPAWN.Process(target=serve, args=(theirs,), name="bglint task worker")
        self._process.start()
        theirs.close()
        _keep(self)

    def begin(self, payload: bytes) -> Reply | None:
        """Send a pickled call, and wait until it begins; the reply is that it could not. Raises `WorkerDied`."""
        try:
            self._pipe.send_bytes(payload)
        except OSError:
            raise self._died() from None
        received = self._receive()
        return None if received == BEGUN else _reply(received)

    def finish(self) -> Reply:
        """Wait until what was begun has ended; raises `WorkerDied`."""
        return _reply(self._receive())

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """End the process whatever it does, and what it has started with it; whoever waits for it is told."""
        if hasattr(os, "killpg") and self._process.pid is not None:
            with suppress(ProcessLookupError, PermissionError):  # it leads no group yet
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()

    def close(self) -> None:
        """End a process that waits for its next call."""
        self._pipe.close()
        self._process.join()

    def _receive(self) -> bytes:
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._died() from None

    def _died(self) -> WorkerDied:
        self._pipe.close()
        self._process.join(1)
        return WorkerDied(f"The worker process ended with exit code {self._process.exitcode} before the task did")


def _reply(received: bytes) -> Reply:
    reply: Reply = pickle.loads(received)  # noqa: S301  it comes from our own child
    return reply


_workers: set[_Worker] = set()
"""The processes that are to end with this one."""


def _keep(worker: _Worker) -> None:
    with _pools_lock:
        _workers.difference_update([known for known in _workers if not known.is_alive()])
        if not _workers:
            # Once a process has been started, so that it comes before multiprocessing waits for that process.
            atexit.unregister(_kill_all)
            atexit.register(_kill_all)
        _workers.add(worker)


def _kill_all() -> None:
    for worker in list(_workers):
        worker.kill()


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


def _forget_processes() -> None:
    _pools.clear()  # the workers are the parent's, and so are their pipes
    _workers.clear()
    _pools_lock.release()


_pools: dict[int, _Processes] = {}
_pools_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_pools_lock.acquire, after_in_parent=_pools_lock.release, after_in_child=_forget_processes
    )


class _Attempt:
    """One call in one worker, made in threads, that the event loop may give up."""

    def __init__(self, payload: bytes, processes: _Processes) -> None:
        self._payload = payload
        self._processes = processes
        self._worker: _Worker | None = None
        self._given_up = False
        self._lock = threading.Lock()

    def begin(self) -> Reply | None:
        """Get a worker to begin; the reply is that it could not."""
        worker = self._processes.take()
        with self._lock:
            self._worker = worker
            if self._given_up:
                worker.kill()
        return self._ended(worker, worker.begin(self._payload))

    def finish(self) -> Reply:
        """Wait for the end of what was begun."""
        worker = self._worker
        assert worker is not None, "begin() has returned"
        reply = worker.finish()
        self._ended(worker, reply)
        return reply

    def give_up(self) -> None:
        """Kill what is still running."""
        with self._lock:
            self._given_up = True
            if self._worker is not None:
                self._worker.kill()

    def _ended(self, worker: _Worker, reply: Reply | None) -> Reply | None:
        with self._lock:
            if reply is not None and not self._given_up:
                self._worker = None
                self._processes.give_back(worker)
        return reply


class _Call(Handover):
    place = Place.PROCESS
    outcome = Outcome.FINISHED

    def __init__(self, payload: bytes, processes: _Processes) -> None:
        self._payload = payload
        self._processes = processes

    async def run(self, usage: Usage, clock: Clock, timeout: float | None, named: Named) -> None:
        async with self._processes.turns.get():
            attempt = _Attempt(self._payload, self._processes)
            try:
                reply = await _begun(attempt)
                usage.started_ns = clock.wall_ns()
                if reply is None:
                    reply = await _finished(attempt, timeout, named)
            finally:
                attempt.give_up()
        usage.cpu_ns = reply.cpu_ns
        usage.ended_ns = usage.started_ns + reply.wall_ns
        if reply.error is not None:
            raise reply.error


async def _begun(attempt: _Attempt) -> Reply | None:
    """Wait until it begins: the time that a new process takes to start and to import is not the task's."""
    try:
        async with asyncio.timeout(READY_S) as limit:
            return await run_in_thread(attempt.begin, _ignore)  # type: ignore[no-any-return]
    except TimeoutError:
        if not limit.expired():
            raise
        raise WorkerDied(f"The worker process had not imported what it needs after {READY_S:g}s") from None


async def _finished(attempt: _Attempt, timeout: float | None, named: Named) -> Reply:
    running = run_in_thread(attempt.finish, _ignore)
    if timeout is None:
        return await running  # type: ignore[no-any-return]
    with Deadline(timeout, named, Stopped.KILLED) as deadline:
        deadline.start()
        reply: Reply = await running
    deadline.check_duration(reply.wall_ns, reply.error)
    return reply


def _ignore(_error: BaseException | None) -> None:
    """Hear of the end of a thread that was given up: its process has been killed."""
