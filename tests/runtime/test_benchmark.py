from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "runtime_overhead.py"


def test_the_benchmark_compares_with_starlettes_own_and_a_queued_task_is_no_larger_than_twice_its() -> None:
    command = [sys.executable, str(BENCHMARK), "--rounds", "3", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    results = {case["name"]: case for case in json.loads(result.stdout)}
    assert {"await step", "async task, in a row", "queued task"} <= results.keys(), result.stderr
    assert results["queued task"]["met"]
