"""Virtual time, and the servers that the tests start."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from bglint.runtime import threads
from bglint.runtime.clock import Clock

T = TypeVar("T")
APPS = Path(__file__).parent / "apps"


class VirtualTime:
    """Time that passes only when something waits for it or says that it used it."""

    def __init__(self) -> None:
        self.now_ns = 10**12
        self.used_ns = 0
        self.clock = Clock(lambda: self.now_ns, lambda: self.used_ns)

    def block(self, ms: float) -> None:
        """Do as `time.sleep` does."""
        self.now_ns += int(ms * 1e6)

    def compute(self, ms: float) -> None:
        """Do as a busy loop does."""
        self.block(ms)
        self.used_ns += int(ms * 1e6)

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run `main` on an event loop of this time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)


def _worker_threads_are_busy() -> bool:
    return any(isinstance(one, threads._WorkerThread) and one not in threads._idle for one in threading.enumerate())


class _VirtualSelector:
    def __init__(self, virtual: VirtualTime, selector: Any) -> None:
        self._virtual = virtual
        self._selector = selector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        if timeout is not None and timeout > 0:
            if _worker_threads_are_busy():  # they take real time, and virtual time is to pass only where all wait
                ready = self._selector.select(0.05)
                if ready:
                    return ready
            self._virtual.block(timeout * 1000 + 1e-3)
            timeout = 0
        return self._selector.select(timeout)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__()
        self._virtual = virtual
        self._selector: Any = _VirtualSelector(virtual, self._selector)

    def time(self) -> float:
        return self._virtual.now_ns / 1e9


@pytest.fixture
def virtual() -> VirtualTime:
    return VirtualTime()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(happened: Callable[[], T | None], what: str, within_s: float = 20.0) -> T:
    """Return the first true answer of `happened`, which is asked until then."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        answer = happened()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {within_s:g}s")


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A process that the test started, with what it has printed."""

    def __init__(self, process: subprocess.Popen[str], log: Path, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log

    @property
    def output(self) -> str:
        return self._log.read_text()

    def says(self, text: str) -> None:
        """Wait until it has printed `text`."""
        wait_until(lambda: text in self.output, f"{text!r} in the output of the server:\n{self.output}\n")

    def stop(self) -> str:
        """Ask it to end, as a deployment does, and return all its output."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"The server did not end:\n{self.output}") from None
        return self.output


@contextmanager
def started(command: list[str], log: Path, port: int, **environment: str) -> Iterator[Server]:
    env = {**os.environ, "PYTHONPATH": str(APPS), "PYTHONUNBUFFERED": "1", **environment}
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, text=True, env=env)
    server = Server(process, log, port)
    try:
        yield server
    finally:
        server.stop()


Serve = Callable[..., Server]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start `uvicorn` with an application of `apps/`, as `serve("fastapi_app:app", "--option")`."""
    with ExitStack() as stack:

        def start(app: str, *options: str, **environment: str) -> Server:
            port = free_port()
            command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", *options]
            server = stack.enter_context(started(command, tmp_path / f"{port}.log", port, **environment))
            wait_until(lambda: answers(port) or server.process.poll() is not None, f"start of {app}")
            assert server.process.poll() is None, server.output
            return server

        yield start


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis server of these tests alone."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.fail("The tests of the job queues need a Redis server: apt-get install redis-server")
    folder = tmp_path_factory.mktemp("redis")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with started(command, folder / "redis.log", port):
        wait_until(lambda: answers(port), "start of the Redis server")
        yield port


class Eventually(Protocol):
    def __call__(self, happened: Callable[[], T | None], what: str, within_s: float = ...) -> T: ...


@pytest.fixture
def eventually() -> Eventually:
    return wait_until


StartWorker = Callable[..., Server]


@pytest.fixture
def start_worker(tmp_path: Path) -> Iterator[StartWorker]:
    """Start a program of this environment in a process of its own, as `start_worker("celery", "-A", ...)`."""
    with ExitStack() as stack:

        def start(*command: str, **environment: str) -> Server:
            log = tmp_path / f"{command[-1].replace('/', '-')}.log"
            return stack.enter_context(started([sys.executable, "-m", *command], log, 0, **environment))

        yield start


StartProgram = Callable[..., Server]


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Start a Python file in a process of its own."""
    with ExitStack() as stack:

        def start(path: str, **environment: str) -> Server:
            log = tmp_path / f"{Path(path).stem}.log"
            return stack.enter_context(started([sys.executable, path], log, 0, **environment))

        yield start
