"""The cache: a run that takes over what others found says what one without says, whatever happened in between."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint import advice, versions
from bglint.cache import FOLDER, ShapeError, marks, snapshot
from bglint.cache.codec import decoded, encoded
from bglint.cache.store import FILE, Entry, Store
from bglint.cli.session import open_session
from bglint.diagnostics import Report
from bglint.engine import Session as EngineSession
from bglint.engine import run
from bglint.noting import noting
from bglint.project_root import project_root
from bglint.registrations.scan import scan
from bglint.settings import SettingsResolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from bglint.outcomes import Outcome

ROOT = Path(__file__).parents[2]
PROJECTS = ("settled_branches", "guide", "forms_runtime", "many_implementations")
EDITED = os.environ.get("BGLINT_CACHE_PROJECTS", "").split() or PROJECTS
"""The folders that are edited at random, fixtures where no others are named."""
STEPS = int(os.environ.get("BGLINT_CACHE_STEPS", "6"))
TICK_S = 0.02
"""Longer than the clock of a file system takes to go on."""
OPTIONS: dict[str, Any] = {
    "select": ["ALL"],
    "min_confidence": "low",
    "config": None,
    "isolated": False,
    "quiet": True,
    "verbose": False,
    "jobs": 1,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    name = getattr(request, "param", PROJECTS[0])
    folder = Path(shutil.copytree(ROOT / "fixtures" / name, tmp_path / "project"))
    (folder / ".git").mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("BGLINT_NO_CACHE", raising=False)
    monkeypatch.setattr(snapshot, "SETTLED_S", TICK_S / 2)
    monkeypatch.setattr(snapshot, "TICK_S", TICK_S / 4)
    time.sleep(TICK_S)
    return folder


def forget() -> None:
    """Be a process of its own."""
    advice.forget_dependencies()
    versions.forget_versions()


def cold(*paths: str) -> Report:
    """What a run without a cache finds."""
    forget()
    return open_session(paths or (".",), {**OPTIONS, "no_cache": True}).run()


class Runs:
    """Runs with a cache, which count how many files had to be checked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checked: list[str] = []
        outcome = EngineSession.outcome

        def counted(session: EngineSession, path: str) -> Outcome:
            self.checked.append(path)
            return outcome(session, path)

        monkeypatch.setattr(EngineSession, "outcome", counted)

    def warm(self, *paths: str) -> Report:
        forget()
        return open_session(paths or (".",), OPTIONS).run()

    def checked_by(self, run: Callable[[], object]) -> set[str]:
        """The names of the files that a run checks."""
        before = len(self.checked)
        run()
        return {Path(path).name for path in self.checked[before:]}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def _append(path: Path, chance: random.Random) -> None:
    path.write_text(path.read_text(encoding="utf-8") + f"\n# {chance.random()}\n", encoding="utf-8")


def _swap_a_character(path: Path, chance: random.Random) -> None:
    text = path.read_text(encoding="utf-8")
    at = chance.randrange(len(text) or 1)
    path.write_text(text[:at] + chance.choice("#x \n") + text[at + 1 :], encoding="utf-8")


def _swap_a_line(path: Path, chance: random.Random) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if lines:
        at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
        path.write_text("".join(lines), encoding="utf-8")


def _swap_behind_the_clock(path: Path, chance: random.Random) -> None:
    """Change the content, neither the size nor the time of it."""
    before = path.stat()
    _swap_a_character(path, chance)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _remove(path: Path, _chance: random.Random) -> None:
    path.unlink()


def _rename(path: Path, chance: random.Random) -> None:
    path.rename(path.with_name(f"renamed{chance.randrange(100)}.py"))


def _shadow(path: Path, chance: random.Random) -> None:
    name = chance.choice(["fastapi", "PIL", "helpers", "requests", path.stem])
    folder = path.parent if chance.random() < 0.5 else path.parent.parent
    if folder.is_relative_to(Path.cwd()):
        (folder / f"{name}.py").write_text("def open(*args): ...\nBackgroundTasks = int\n", encoding="utf-8")


def _put_a_package_between(path: Path, chance: random.Random) -> None:
    package = path.parent / chance.choice([path.parent.name, path.stem, "PIL", "helpers"])
    if not package.exists():
        package.mkdir()
        if chance.random() < 0.7:
            shutil.copy(path, package / chance.choice(["__init__.py", path.name]))


def _make_a_package(path: Path, chance: random.Random) -> None:
    init = path.with_name("__init__.py")
    if init.exists():
        init.unlink()
    else:
        init.write_text(chance.choice(["", "raise"]), encoding="utf-8")


def _call(path: Path, chance: random.Random) -> None:
    """Use a name that another file defines, as a call or as a base."""
    other = chance.choice(sorted(Path.cwd().rglob("*.py"))).read_text(encoding="utf-8")
    names = re.findall(r"^(?:def|class) (\w+)", other, re.MULTILINE)
    if names:
        name = chance.choice(names)
        text = chance.choice([f"{name}(1)", f"class Other({name}):\n    def run(self): open('x')"])
        path.write_text(path.read_text(encoding="utf-8") + f"\n{text}\n", encoding="utf-8")


def _configure(path: Path, chance: random.Random) -> None:
    texts = ["slow-task-ms = 1\n", "max-depth = 1\n", 'ignore = ["BG1"]\n', f'exclude = ["{path.name}"]\n', ""]
    text = chance.choice(texts)
    path.with_name("bglint.toml").write_text(text, encoding="utf-8")


def _require(path: Path, chance: random.Random) -> None:
    text = chance.choice(["celery\n", "fastapi==0.100\n", "fastapi==0.110\n", ""])
    path.with_name("requirements.txt").write_text(text, encoding="utf-8")


def _ignore(path: Path, chance: random.Random) -> None:
    path.with_name(".gitignore").write_text(chance.choice([path.name, "*.py", ""]), encoding="utf-8")


def _touch(path: Path, _chance: random.Random) -> None:
    path.touch()


def _litter(path: Path, _chance: random.Random) -> None:
    (path.parent / "__pycache__").mkdir(exist_ok=True)
    path.with_suffix(".log").touch()


EDITS: tuple[Callable[[Path, random.Random], None], ...] = (
    _append, _append, _swap_a_character, _swap_a_character, _swap_a_line, _swap_behind_the_clock, _remove, _rename,
    _shadow, _put_a_package_between, _make_a_package, _call, _call, _configure, _require, _ignore, _touch, _litter,
)  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("project", EDITED, indirect=True)
def test_after_any_edits_a_warm_run_says_what_a_cold_one_does(project: Path, seed: int, runs: Runs) -> None:
    chance = random.Random(seed)
    original = project.parent / "original"
    shutil.copytree(project, original)
    for _ in range(STEPS):
        files = sorted(project.rglob("*.py"))
        if len(files) < 3 or chance.random() < 0.05:
            for path in project.rglob("*.*"):
                if path.is_file() and FOLDER not in path.parts:
                    path.unlink()
            shutil.copytree(original, project, dirs_exist_ok=True)
        else:
            for _ in range(chance.choice([1, 1, 1, 2, 5])):
                chance.choice(EDITS)(chance.choice(sorted(project.rglob("*.py")) or files), chance)
        if chance.random() < 0.8:  # else the times of what was changed say nothing
            time.sleep(TICK_S)
        expected = cold()
        assert runs.warm() == expected
        time.sleep(TICK_S)
        assert runs.warm() == expected
        assert runs.checked_by(runs.warm) == set(), "nothing has changed"
    assert runs.checked


def write_application(folder: Path) -> None:
    """Two modules that register a task each, one of which leads to a third."""
    (folder / "app.py").write_text(
        "from fastapi import BackgroundTasks\nfrom helper import work\n\n\n"
        "def handler(tasks: BackgroundTasks):\n    tasks.add_task(work)\n",
        encoding="utf-8",
    )
    (folder / "other.py").write_text(
        "from fastapi import BackgroundTasks\n\n\ndef work():\n    print()\n\n\n"
        "def other_handler(tasks: BackgroundTasks):\n    tasks.add_task(work)\n",
        encoding="utf-8",
    )
    time.sleep(TICK_S)


def verdict(report: Report) -> str:
    (task,) = (task for task in report.tasks if task.span.filename.endswith("/app.py"))
    return task.verdict


def test_only_what_a_change_can_reach_is_checked_again(project: Path, runs: Runs) -> None:
    write_application(project)
    (project / "helper.py").write_text("def work():\n    print()\n", encoding="utf-8")
    (project / "unrelated.py").write_text("x = 1\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == "light"
    time.sleep(TICK_S)

    (project / "unrelated.py").write_text("x = 2\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.checked_by(runs.warm) == set()

    (project / "helper.py").write_text("import time\n\n\ndef work():\n    time.sleep(9)\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.checked_by(runs.warm) == {"app.py"}
    assert verdict(runs.warm()) != "light"

    (project / "unrelated.py").write_text("from other import work\nwork()\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.warm() == cold()

    (project / "newcomer.py").write_text("y = 2\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.checked_by(runs.warm) == set()


def test_a_helper_module_that_comes_into_being_or_goes_counts(project: Path, runs: Runs) -> None:
    write_application(project)
    assert verdict(runs.warm()) == "unknown"
    (project / "helper.py").write_text("def work():\n    print()\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.checked_by(lambda: verdict(runs.warm())) == {"app.py"}
    assert verdict(runs.warm()) == "light"
    (project / "helper.py").unlink()
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == "unknown"


def test_a_package_that_comes_between_a_file_and_what_it_imports_counts(project: Path, runs: Runs) -> None:
    folder = project / "service"
    folder.mkdir()
    write_application(folder)
    (project / "helper.py").write_text("def work():\n    print()\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == "light"
    (folder / "helper").mkdir()
    (folder / "helper" / "__init__.py").write_text("import time\ndef work():\n    time.sleep(9)\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == verdict(cold()) != "light"


def test_a_version_that_is_pinned_otherwise_counts(project: Path, runs: Runs) -> None:
    pins = project / "requirements.txt"
    for version in ("0.100.0", "0.110.0", "0.100.0"):
        pins.write_text(f"fastapi=={version}\ncelery\n", encoding="utf-8")
        time.sleep(TICK_S)
        assert runs.warm() == cold()


def test_what_changed_just_before_a_run_is_compared_by_its_content(
    project: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_application(project)
    helper = project / "helper.py"
    helper.write_text("def work():\n    print(1)\n", encoding="utf-8")
    time.sleep(TICK_S)
    monkeypatch.setattr(snapshot, "SETTLED_S", 3600.0)
    assert verdict(runs.warm()) == "light"
    assert runs.checked_by(runs.warm) == set()
    times = marks.marks_of([str(helper)])
    helper.write_text("def work():\n    input(1)\n", encoding="utf-8")
    monkeypatch.setattr(snapshot, "marks_of", _frozen(str(helper), times))  # no clock tells the difference
    assert runs.checked_by(runs.warm) == {"app.py"}


def _frozen(path: str, mark: Any) -> Callable[..., Any]:
    """The marks of files, that of one as it was."""
    look = marks.marks_of

    def marks_of(paths: Any, *, regular: bool = False) -> Any:
        paths = list(paths)
        found = look(paths, regular=regular)
        for at, each in enumerate(paths):
            if each == path:
                found[4 * at : 4 * at + 4] = mark
        return found

    return marks_of


def test_a_link_that_leads_elsewhere_counts(project: Path, runs: Runs) -> None:
    write_application(project)
    hidden = project.parent / "elsewhere"
    hidden.mkdir()
    (project / "helper").symlink_to(hidden)
    time.sleep(TICK_S)
    assert verdict(runs.warm()) == "unknown"
    (hidden / "__init__.py").write_text("def work():\n    print()\n", encoding="utf-8")
    time.sleep(TICK_S)
    assert runs.warm() == cold()
    hidden.rename(project.parent / "gone")
    time.sleep(TICK_S)
    assert runs.warm() == cold()


def test_what_was_warned_of_is_said_again(
    project: Path, runs: Runs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "large.py").write_text("#" * 2_000_000, encoding="utf-8")
    monkeypatch.setattr("bglint.discovery.MAX_FILE_BYTES", 1_500_000)
    time.sleep(TICK_S)
    said = []
    for _ in range(2):
        open_session((".",), {**OPTIONS, "quiet": False}).run()
        said.append(capsys.readouterr().err)
    assert "large.py" in said[0]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["settled_branches", "guide", "helpers", "misuse", "forms_runtime"])
def test_nothing_is_read_or_listed_that_is_not_noted(name: str) -> None:
    """Python itself tells of every file that is opened and every folder that is listed."""
    events: list[tuple[str, str]] = []
    resolver = SettingsResolver({"select": ["ALL"]})
    folder = str(ROOT / "fixtures" / name)
    run([folder], resolver)  # imports what is imported on demand
    sys.addaudithook(
        lambda event, arguments: (
            events.append((event, arguments[0]))
            if event in {"open", "os.listdir", "os.scandir"} and isinstance(arguments[0], str)
            else None
        )
    )
    files, candidates = scan([folder], resolver)
    root = project_root([folder], resolver)
    for candidate in candidates:
        forget()
        session = EngineSession(root, files, resolver)
        del events[:]
        with noting() as noted:
            session.outcome(candidate)
        opened = {path for event, path in events if event == "open" and path.startswith(folder)}
        listed = {path for event, path in events if event != "open" and path.startswith(folder)}
        ground = session.ground()
        assert opened <= noted.files
        assert listed <= noted.folders
        assert {path for path in opened if path.endswith(".py") and path not in files} <= set(ground.modules)
    events.clear()


@pytest.mark.parametrize("name", ["settled_branches", "guide", "helpers", "misuse", "forms_runtime", "broken"])
def test_what_is_found_in_a_file_does_not_depend_on_what_was_checked_before(name: str) -> None:
    resolver = SettingsResolver({"select": ["ALL"], "min-confidence": "low"})
    folder = str(ROOT / "fixtures" / name)
    files, candidates = scan([folder], resolver)
    root = project_root([folder], resolver)
    together = EngineSession(root, files, resolver)
    shared = [(together.outcome(path), together.ground()) for path in candidates]
    for path, found in zip(candidates, shared, strict=True):
        alone = EngineSession(root, files, resolver)
        assert (alone.outcome(path), alone.ground()) == found


@pytest.mark.parametrize("damage", ["text", "half", "empty", "folder", "table", "row"])
def test_a_spoilt_cache_is_made_anew(project: Path, runs: Runs, damage: str) -> None:
    first = runs.warm()
    path = project / FOLDER / FILE
    data = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage in {"table", "row"}:
        path.unlink() if damage == "table" else None
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE runs(other)" if damage == "table" else "UPDATE runs SET report = x'5b5d'")
        database.close()
    else:
        path.write_bytes({"text": b"no database" * 1000, "half": data[: len(data) // 2], "empty": b""}[damage])
    time.sleep(TICK_S)
    assert runs.warm() == first
    if damage != "folder":
        time.sleep(TICK_S)
        assert runs.warm() == first
        assert runs.checked_by(runs.warm) == set()


def test_an_entry_of_another_shape_is_passed_over(project: Path, runs: Runs) -> None:
    first = runs.warm()
    store = Store(str(project / FOLDER))
    with sqlite3.connect(project / FOLDER / FILE) as database:
        (key,) = database.execute("SELECT key FROM runs").fetchone()
    database.close()
    whole = store.get(key)
    assert whole is not None
    foreign = (b"", b"{}", b"[]", b"[1, 2]", b"[[], []]", b"[[], [[], [], 3, []], 4]", b"\xff", b"[[1], [], [], {}]")
    for part in ("head", "marks", "names", "report", "outcomes"):
        for value in foreign:
            changed: dict[str, Any] = {part: value}
            store.put(key, whole._replace(**changed))
            (project / "unrelated.py").write_text(f"x = {value!r}\n", encoding="utf-8")
            time.sleep(TICK_S)
            assert runs.warm().diagnostics == first.diagnostics


def test_a_folder_that_cannot_be_made_is_done_without(project: Path, runs: Runs) -> None:
    (project / FOLDER).write_text("a file", encoding="utf-8")
    assert runs.warm() == runs.warm() == cold()


def test_the_folder_is_tagged_as_a_cache_and_ignored_by_git(project: Path, runs: Runs) -> None:
    runs.warm()
    folder = project / FOLDER
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert (folder / ".gitignore").read_text() == "*\n"


def test_the_store_stays_within_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bglint.cache.store.MAX_BYTES", 5000)
    store = Store(str(tmp_path))
    for number in range(20):
        store.put(str(number), Entry("", b"h" * 300, b"", b"", b"", b"o" * number))
    kept = [number for number in range(20) if store.get(str(number)) is not None]
    assert kept
    assert kept == list(range(kept[0], 20))
    assert kept[0] > 0


@pytest.mark.parametrize("name", PROJECTS)
def test_a_report_comes_back_from_json_as_it_was(name: str) -> None:
    report = run([str(ROOT / "fixtures" / name)], SettingsResolver({"select": ["ALL"]}), decisions=True)
    assert report.tasks
    assert decoded(Report, json.loads(json.dumps(encoded(report)))) == report


@pytest.mark.parametrize("value", [None, {}, [1, 2], [[], [], "3", []], [[], [], True, []], [[[]], [], 3, []]])
def test_json_of_another_shape_is_refused(value: object) -> None:
    with pytest.raises(ShapeError):
        decoded(Report, value)


def bglint(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "bglint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)


def test_the_command_line_takes_over_what_it_found_and_prints_the_very_same(project: Path) -> None:
    for command in (["check", "--select", "ALL"], ["tasks", "--output-format", "json"]):
        outcomes = [bglint(*command, "-v", *each, ".") for each in ([], [], ["--no-cache"])]
        assert [("that of an earlier run" in outcome.stderr) for outcome in outcomes] == [False, True, False]
        assert len({(outcome.returncode, outcome.stdout) for outcome in outcomes}) == 1
    assert (project / FOLDER / "CACHEDIR.TAG").exists()


def test_text_from_stdin_is_taken_over_while_it_and_what_it_leads_to_are_the_same(project: Path) -> None:
    write_application(project)
    helper = project / "helper.py"
    helper.write_text("def work():\n    print()\n", encoding="utf-8")
    text = (project / "app.py").read_text(encoding="utf-8")
    command = ["check", "-v", "--select", "ALL", "--stdin-filename", "app.py", "-"]
    outcomes = [bglint(*command, stdin=each) for each in (text, text, text + "# more\n", text)]
    assert [("that of an earlier run" in outcome.stderr) for outcome in outcomes] == [False, True, False, True]
    assert len({outcome.stdout for outcome in outcomes}) == 1
    helper.write_text("import time\ndef work():\n    time.sleep(99)\n", encoding="utf-8")
    assert (
        bglint(*command, stdin=text).stdout == bglint(*command, "--no-cache", stdin=text).stdout != outcomes[0].stdout
    )


@pytest.mark.parametrize("command", [["check", "--select", "ALL"], ["tasks"], ["--output-format", "sarif"]])
def test_what_was_printed_is_printed_again_while_all_is_as_it_was(project: Path, command: list[str]) -> None:
    write_application(project)
    helper = project / "helper.py"
    helper.write_text("import time\n\n\ndef work():\n    time.sleep(98)  # one\n", encoding="utf-8")
    time.sleep(TICK_S)
    first = bglint(*command, ".")
    imported = [sys.executable, "-P", "-X", "importtime", "-m", "bglint", *command, "."]
    second = subprocess.run(imported, capture_output=True, text=True, check=False)
    assert not re.search(r"\| +click$", second.stderr, re.MULTILINE), "the arguments are not read"
    assert (second.returncode, second.stdout) == (first.returncode, first.stdout)
    unrelated = project / "unrelated.py"
    unrelated.write_text("x = 1\n", encoding="utf-8")
    bglint(*command, ".")
    for text, replayed in (("x = 2\n", True), ("from fastapi import BackgroundTasks\nx.add_task(y)\n", False)):
        unrelated.write_text(text, encoding="utf-8")
        again = subprocess.run(imported, capture_output=True, text=True, check=False)
        assert (re.search(r"\| +click$", again.stderr, re.MULTILINE) is None) is replayed, text
        assert again.stdout == bglint(*command, "--no-cache", ".").stdout
    helper.write_text("import time\n\n\ndef work():\n    time.sleep(98)  # two\n", encoding="utf-8")
    for edit in (lambda: None, lambda: (project / "bglint.toml").write_text('ignore = ["BG2"]\n', encoding="utf-8")):
        edit()
        warm, cold = bglint(*command, "."), bglint(*command, "--no-cache", ".")
        assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)


def test_runs_at_the_same_time_share_the_cache(project: Path) -> None:
    expected = bglint("check", "--select", "ALL", "--no-cache", ".").stdout
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: bglint("check", "--select", "ALL", ".").stdout, range(4)))
    assert set(found) == {expected}
    with sqlite3.connect(project / FOLDER / FILE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
