"""The hook under the real pre-commit: from a clone of this repository, in an application's repository."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integrations.conftest import FINDING, ROOT, Repository, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

CI_PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Where pre-commit keeps the environment of the hook, which is made once."""
    return environment(PRE_COMMIT_HOME=str(tmp_path_factory.mktemp("pre-commit")))


@pytest.fixture
def hooked(application: Repository, clone: Repository, home: Mapping[str, str]) -> Repository:
    """The application with the hook as the documentation has it, installed and committed."""
    (config,) = re.findall(r"^```yaml\n(repos:\n.*?)^```$", CI_PAGE, re.MULTILINE | re.DOTALL)
    application.write(".pre-commit-config.yaml", re.sub(r"https://\S+/bglint\b.*", str(clone.folder), config))
    assert pre_commit(application, home, "install").returncode == 0
    application.git("add", "-A")
    assert commit(application, home).returncode == 0
    return application


def pre_commit(repository: Repository, home: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=repository.folder,
        env=home,
        check=False,
        capture_output=True,
        text=True,
    )


def commit(repository: Repository, home: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Commit what is staged, the hooks included."""
    return subprocess.run(
        ["git", "commit", "-m", "x"], cwd=repository.folder, env=home, check=False, capture_output=True, text=True
    )


def test_a_commit_that_makes_a_task_slow_fails_where_the_task_is_registered(
    hooked: Repository, home: Mapping[str, str]
) -> None:
    hooked.make_slow()
    hooked.git("add", "app/previews.py")
    refused = commit(hooked, home)
    assert refused.returncode == 1
    assert FINDING in refused.stderr
    assert "make_previews" in refused.stderr

    hooked.make_fast()
    hooked.write("app/previews.py", (hooked.folder / "app/previews.py").read_text(encoding="utf-8") + "\n\nWIDTH = 1\n")
    hooked.git("add", "app/previews.py")
    passed = commit(hooked, home)
    assert passed.returncode == 0, passed.stderr
    assert re.search(r"^bglint\.+Passed$", passed.stderr, re.MULTILINE)


def test_what_is_not_staged_and_what_is_old_elsewhere_stops_no_commit(
    hooked: Repository, home: Mapping[str, str]
) -> None:
    hooked.make_slow()
    hooked.write("app/names.py", "NAMES = ()\n")
    hooked.git("add", "app/names.py")
    passed = commit(hooked, home)
    assert passed.returncode == 0, passed.stderr
    hooked.git("commit", "-q", "--no-verify", "-a", "-m", "slow")
    hooked.write("app/names.py", "NAMES = ('a',)\n")
    hooked.git("add", "app/names.py")
    passed = commit(hooked, home)
    assert passed.returncode == 0, passed.stderr


def test_all_files_are_linted_where_all_are_asked_for(hooked: Repository, home: Mapping[str, str]) -> None:
    assert pre_commit(hooked, home, "run", "--all-files").returncode == 0
    hooked.make_slow()
    hooked.git("commit", "-q", "--no-verify", "-a", "-m", "slow")
    outcome = pre_commit(hooked, home, "run", "--all-files")
    assert outcome.returncode == 1
    assert outcome.stdout.count(FINDING) == 1


def test_what_the_project_excludes_stays_excluded(hooked: Repository, home: Mapping[str, str]) -> None:
    hooked.write("bglint.toml", 'extend-exclude = ["app/api.py"]\n')
    hooked.make_slow()
    hooked.git("add", "-A")
    passed = commit(hooked, home)
    assert passed.returncode == 0, passed.stderr


def test_arguments_of_the_hook_reach_bglint(hooked: Repository, home: Mapping[str, str]) -> None:
    config = hooked.folder / ".pre-commit-config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("- id: bglint\n", "- id: bglint\n        args: [--ignore, BG1]\n"),
        encoding="utf-8",
    )
    hooked.make_slow()
    hooked.git("add", "-A")
    passed = commit(hooked, home)
    assert passed.returncode == 0, passed.stderr


def test_the_manifest_is_valid(home: Mapping[str, str]) -> None:
    manifest = Path(".pre-commit-hooks.yaml")
    outcome = pre_commit(Repository(ROOT), home, "validate-manifest", str(manifest))
    assert outcome.returncode == 0, outcome.stdout
