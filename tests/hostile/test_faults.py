"""What the system does to a run: full disks, closed streams, signals, folders that go away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.trees import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.trees import Tree

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and devices of Unix")
BGLINT = [sys.executable, "-P", "-m", "bglint"]
FIXABLE = APPLICATION.replace("tasks.add_task(work)", "await tasks.add_task(work)")


def shell(made: Tree, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in which `$BGLINT` stands for the tool."""
    environment = {**os.environ, "BGLINT": " ".join(BGLINT)}
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        cwd=made.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        ("$BGLINT . > /dev/full", 2, "error: No space left on device"),
        ("$BGLINT --output-format sarif . > /dev/full", 2, "error: No space left on device"),
        ("$BGLINT rule BG101 > /dev/full", 2, "error: No space left on device"),
        ("$BGLINT -q . 2> /dev/full", 1, ""),
        ("$BGLINT -q . >&-", 1, ""),
        ("$BGLINT . 2>&-", 1, ""),
        ("$BGLINT . >&- 2>&-", 1, ""),
        ("$BGLINT -q --stdin-filename app.py - <&-", 0, ""),
        ("mkdir gone; cd gone; rmdir ../gone; $BGLINT .", 2, "error: the working directory is gone"),
        ("env -i $BGLINT -q .", 1, ""),
        ("ulimit -f 0; $BGLINT -q --write-baseline base.json .", 2, "error: Could not open file 'base.json'"),
        ("ulimit -f 0; $BGLINT -q --output-file out.txt .", 2, "error: Could not open file 'out.txt'"),
    ],
)
def test_faults_are_one_line_and_the_right_status(
    command: str, status: int, error: str, tree: Callable[..., Tree]
) -> None:
    done = shell(tree({"app.py": APPLICATION}), command)
    assert done.returncode == status, done.stderr
    assert done.stderr.startswith(error)
    assert len(done.stderr.splitlines()) <= 1


def test_a_reader_that_goes_away_ends_the_run_without_a_word(tree: Callable[..., Tree]) -> None:
    made = tree({f"{number}.py": APPLICATION for number in range(200)})
    done = shell(made, "$BGLINT -q . | head -1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (141, "")
    assert len(done.stdout.splitlines()) == 1


def test_too_few_file_descriptors_are_no_crash(tree: Callable[..., Tree]) -> None:
    made = tree({"app.py": APPLICATION, "package/app.py": APPLICATION})
    for number in range(3, 12):
        done = shell(made, f"ulimit -n {number}; exec $BGLINT --output-format concise .")
        if "bglint" in done.stderr or number > 8:  # with fewer Python itself does not start
            assert "Traceback" not in done.stderr
            assert "internal error" not in done.stderr


@pytest.mark.parametrize("options", [["--fix"], ["--write-baseline", "base.json"], ["--add-ignores"]])
def test_a_killed_run_leaves_the_old_file_or_the_new(options: list[str], tree: Callable[..., Tree]) -> None:
    made = tree({f"{number}.py": FIXABLE for number in range(30)})
    baseline = made.folder / "base.json"
    command = [*BGLINT, "check", "--isolated", "-q", *options, "."]
    subprocess.run(
        [*BGLINT, "check", "--isolated", "-q", "--write-baseline", "base.json", "."], cwd=made.folder, check=False
    )
    known = baseline.read_bytes()
    copy = made.folder / "copy"
    copy.mkdir()
    for number in range(30):
        (copy / f"{number}.py").write_text(FIXABLE)
    subprocess.run([*BGLINT, "check", "--isolated", "-q", *options, "."], cwd=copy, capture_output=True, check=False)
    done = {path.name: path.read_bytes() for path in copy.iterdir()}
    for path in copy.iterdir():
        path.unlink()
    copy.rmdir()
    for delay in (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0):
        process = subprocess.Popen(command, cwd=made.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in made.folder.glob("*.py"):
            assert path.read_bytes() in (FIXABLE.encode(), done[path.name])
        assert baseline.read_bytes() == known


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.4])
def test_an_interrupted_run_says_nothing(delay: float, tree: Callable[..., Tree]) -> None:
    made = tree({f"{number}.py": APPLICATION for number in range(500)})
    process = subprocess.Popen(
        [*BGLINT, "-q", "."], cwd=made.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    error = process.stderr.read()
    status = process.wait()
    # Before bglint's first line runs, and after its last, the interpreter itself answers the signal.
    assert status in (130, 1, -signal.SIGINT)
    if status == 130:
        assert "Traceback" not in error


MARK = "import pathlib; pathlib.Path(__file__).parent.joinpath('EXECUTED').touch()\nraise SystemExit('executed')\n"


def test_nothing_of_the_project_is_imported_or_run(tree: Callable[..., Tree]) -> None:
    """Whatever name Python, its libraries or a plugin would import by lies in the working directory."""
    names = [
        "sitecustomize", "usercustomize", "conftest", "setup", "noxfile", "click", "libcst", "rich", "json", "ast",
        "pathspec", "tomllib", "logging", "bglint_plugin", "bglint/__init__", "typing_extensions", "fastapi",
    ]  # fmt: skip
    text = APPLICATION.replace("import time", "import time\nimport bglint_plugin\nfrom conftest import *")
    made = tree({f"{name}.py": MARK for name in names} | {"app.py": MARK + text})
    made.write({
        "pyproject.toml": "[project]\nname='x'\n[project.entry-points.bglint]\nx='bglint_plugin'\n"
        "[tool.pytest.ini_options]\naddopts='-p bglint_plugin'\n[build-system]\nbuild-backend='setup'\n",
        "x.pth": "import bglint_plugin\n",
        "setup.cfg": "[options]\nzip_safe=False\n",
    })  # fmt: skip
    script = str(Path(sys.executable).with_name("bglint"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    for command in (BGLINT, [script], [sys.executable, "-m", "bglint"]):
        if "-P" not in command:  # what `python -m bglint` takes for bglint is for Python to say
            (made.folder / "bglint" / "__init__.py").unlink(missing_ok=True)
        for arguments in (["check"], ["tasks"], ["check", "--fix", "--diff"], ["check", "--show-settings"]):
            done = subprocess.run(
                [*command, *arguments, "."],
                check=False,
                cwd=made.folder,
                env=environment,
                capture_output=True,
                text=True,
            )
            assert done.returncode in (0, 1), done.stderr
            assert "executed" not in done.stderr
    assert not list(made.folder.rglob("EXECUTED"))
    assert not list(made.folder.rglob("__pycache__"))
