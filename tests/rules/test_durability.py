"""What BG301 and BG302 say is lost is lost when the process is killed, and what they ask for instead is not."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import httpx
import pytest
from celery import signals
from celery.contrib.testing.worker import start_worker

from tests.rules.serve_example import celery_in, loaded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(__file__).with_name("serve_example.py")


@dataclass
class Receiver:
    """A web server that counts what is posted to it, and fails until it is told to work."""

    posted: list[bytes] = field(default_factory=list)
    works: threading.Event = field(default_factory=threading.Event)
    delivered: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            if not found.works.is_set():
                self.close_connection = True  # no answer: the client's library raises
                return
            self.send_response(204)
            self.end_headers()
            found.delivered.set()

        def log_message(self, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/"
    yield found
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def served(code: str, heading: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The example in a process of its own."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, str(SCRIPT), code, heading, str(port), str(folder)], cwd=root)
    try:
        until(lambda: answers(port))
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], object]) -> None:
    """Wait for something that comes in any case, if all is well."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def restarted(code: str, heading: str, folder: Path) -> None:
    """Start the example again, and end it as a deploy does, which waits for its tasks."""
    with served(code, heading, folder) as (process, _):
        process.terminate()
        process.wait()


@contextlib.contextmanager
def worker(code: str, folder: Path) -> Iterator[None]:
    """A worker for the example's queue, which is started when all other processes are gone."""
    app = celery_in(folder)
    loaded(code, "Use instead", folder)
    app.loader.import_default_modules()
    try:
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
            yield
    finally:
        del sys.modules["example"]


def test_the_attempts_of_a_task_end_with_the_process(receiver: Receiver, tmp_path: Path) -> None:
    with served("BG301", "Example", tmp_path) as (process, url):
        assert httpx.post(f"{url}/orders", params={"url": receiver.url}).status_code == 200
        until(lambda: receiver.posted)
        process.kill()
    attempts = len(receiver.posted)
    receiver.works.set()
    restarted("BG301", "Example", tmp_path)
    assert len(receiver.posted) == attempts
    assert not receiver.delivered.is_set()


def test_a_queue_goes_on_with_its_attempts(receiver: Receiver, tmp_path: Path) -> None:
    with served("BG301", "Use instead", tmp_path) as (process, url):
        assert httpx.post(f"{url}/orders", params={"url": receiver.url}).status_code == 200
        process.kill()
    retried = threading.Event()

    def note(**_: object) -> None:
        receiver.works.set()
        retried.set()

    signals.task_retry.connect(note, dispatch_uid="retried")
    try:
        with worker("BG301", tmp_path):
            assert receiver.delivered.wait(60)
    finally:
        signals.task_retry.disconnect(dispatch_uid="retried")
    assert retried.is_set()
    assert len(receiver.posted) == 2


def test_a_payment_in_a_task_is_lost_with_the_process(tmp_path: Path) -> None:
    with served("BG302", "Example", tmp_path) as (process, url):
        assert httpx.post(f"{url}/orders/7").status_code == 200
        until((tmp_path / "begun").exists)
        process.kill()
    (tmp_path / "go").touch()
    restarted("BG302", "Example", tmp_path)
    assert not (tmp_path / "printed").exists()


def test_a_payment_in_a_queue_is_captured_by_whoever_comes(tmp_path: Path) -> None:
    with served("BG302", "Use instead", tmp_path) as (process, url):
        assert httpx.post(f"{url}/orders/7").status_code == 200
        process.kill()
    (tmp_path / "go").touch()
    with worker("BG302", tmp_path):
        until((tmp_path / "printed").exists)
    assert (tmp_path / "printed").read_text() == "captured 7\n"
