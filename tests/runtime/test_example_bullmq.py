"""The example, end to end: a real Redis server, the API under uvicorn, the worker in a process of its own."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.runtime.conftest import Eventually, Serve, StartProgram

EXAMPLE = Path(__file__).parents[2] / "examples" / "bullmq"
HEAVY = {"passphrase": "correct horse"}


def processor_time(process: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_after_the_api_answers_while_the_worker_works(
    serve: Serve, start_program: StartProgram, redis_port: int, eventually: Eventually
) -> None:
    redis_url = f"redis://127.0.0.1:{redis_port}/1"
    api = serve("api:app", "--app-dir", str(EXAMPLE / "after"), REDIS_URL=redis_url)
    worker = start_program(str(EXAMPLE / "after" / "worker.py"), REDIS_URL=redis_url)
    worker.says("Working on heavy-tasks")

    processing = runpy.run_path(str(EXAMPLE / "after" / "processing.py"))
    before = time.process_time()
    key = processing["stretch_key"](HEAVY["passphrase"])
    cost_of_one = time.process_time() - before

    with httpx.Client(base_url=api.url, timeout=30) as client:
        begun = time.monotonic()
        used_before = processor_time(api.process.pid)
        replies = [client.post("/heavy-operation", json=HEAVY) for _ in range(3)]
        assert [(reply.status_code, reply.json()["status"]) for reply in replies] == [(202, "queued")] * 3
        assert client.get("/health").json() == {"status": "ok"}
        answered_after = time.monotonic() - begun
        used = processor_time(api.process.pid) - used_before

        def results() -> list[dict[str, object]] | None:
            answers = [client.get(f"/heavy-operation/{reply.json()['id']}").json() for reply in replies]
            return answers if all(answer.get("status") == "completed" for answer in answers) else None

        found = eventually(results, "completion of the jobs", 60)
        worked_for = time.monotonic() - begun
        assert client.get("/heavy-operation/no-such-id").status_code == 404

    assert answered_after < worked_for
    assert [answer["key"] for answer in found] == [key] * 3
    assert worker.stop().count("completed") == 3
    # Time of the processor: on a loaded machine even a light task may wait for longer than it may take.
    assert used < cost_of_one
    warned = re.findall(r"Background task .*", api.stop())
    assert not [line for line in warned if "It used" in line]


def test_before_the_api_answers_nobody_while_it_works(serve: Serve) -> None:
    api = serve("api:app", "--app-dir", str(EXAMPLE / "before"))
    with httpx.Client(base_url=api.url, timeout=60) as client:
        operation = client.post("/heavy-operation", json=HEAVY).json()
        client.get("/health")
        # The health check came second, and had to wait until the heavy operation was over.
        assert client.get(f"/heavy-operation/{operation['id']}").json()["status"] == "completed"


def test_bglint_tells_the_two_apart() -> None:
    def check(folder: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "bglint",
            "check",
            "--isolated",
            "--no-cache",
            "--output-format",
            "concise",
            folder,
        ]
        return subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)

    before, after = check("before"), check("after")
    assert before.returncode == 1
    assert "before/api.py:" in before.stdout
    assert "`process_heavy_data`" in before.stdout
    assert after.returncode == 0, after.stdout
