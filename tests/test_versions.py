"""Which version of a library a project runs with, by its own files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bglint.versions import versions_of

if TYPE_CHECKING:
    from pathlib import Path

POETRY_LOCK = '[[package]]\nname = "FastAPI"\nversion = "0.110.2"\n'
PIPFILE_LOCK = '{"default": {"fastapi": {"version": "==0.110.2"}}}'


def found(root: Path, files: dict[str, str], module: str = "app/main.py") -> str | None:
    """What is found for a module, in a project of these files."""
    for name, text in {**files, module: ""}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    versions = versions_of("fastapi", str((root / module).parent), str(root))
    return None if versions is None else str(versions)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("requirements.txt", "uvicorn\nfastapi[all]==0.110.2  # pinned\n", "0.110.2"),
        ("requirements-dev.in", "FastAPI>=0.106,<0.118\n", ">=0.106,<0.118"),
        ("requirements/base.txt", "fastapi~=0.110.0\n", ">=0.110.0,<0.111"),
        ("constraints.txt", "fastapi==0.110.2\n", "0.110.2"),
        ("environment.yml", "dependencies:\n  - fastapi=0.110.2\n", "0.110.2"),
        ("pyproject.toml", '[project]\ndependencies = ["fastapi>=0.118"]\n', ">=0.118"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nfastapi = "^0.110"\n', ">=0.110,<0.111"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nfastapi = {version = "^0.110", extras = ["all"]}\n',
         ">=0.110,<0.111"),
        ("pyproject.toml", '[tool.poetry.dependencies.fastapi]\nversion = "^0.110"\n', ">=0.110,<0.111"),
        ("pyproject.toml", '[tool.poetry.group.web.dependencies]\nfastapi = "~0.110"\n', ">=0.110,<0.111"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nfastapi = [{version = "^0.110", python = ">=3.8"}, '
         '{version = "^0.95", python = "<3.8"}]\n', ">=0.95,<0.111"),
        ("pyproject.toml", '[dependency-groups]\nweb = ["FastAPI[all]==0.110.2"]\n', "0.110.2"),
        ("pyproject.toml", '[project.optional-dependencies]\nweb = ["fastapi>0.105,<=0.117.1"]\n', ">0.105,<=0.117.1"),
        ("pyproject.toml", '[project]\ndependencies = ["fastapi (>=0.115,<1.0)"]\n', ">=0.115,<1.0"),
        ("pyproject.toml", '[project]\ndependencies = ["fastapi>=0.100,<0.120 ; python_version < \'3.9\'"]\n',
         ">=0.100,<0.120"),
        ("pyproject.toml", '[project]\ndependencies = ["fastapi @ git+https://x/fastapi@0.110.0"]\n', None),
        ("pyproject.toml", '[project]\ndescription = "fastapi 0.90"\nkeywords = ["fastapi"]\n', None),
        ("pyproject.toml", '[tool.pdm.dev-dependencies]\nweb = ["fastapi==0.110.2"]\n', "0.110.2"),
        ("pyproject.toml", '[tool.uv]\nconstraint-dependencies = ["fastapi<0.106"]\n', "<0.106"),
        ("pyproject.toml", 'dependencies = ["fastapi==0.110.2"\n', "0.110.2"),
        ("Pipfile", '[packages]\nfastapi = "==0.110.2"\n', "0.110.2"),
        ("Pipfile", '[packages]\nfastapi = {version = "~=0.110.0", extras = ["all"]}\n', ">=0.110.0,<0.111"),
        ("Pipfile", '[packages]\nfastapi = "*"\n', None),
        ("pixi.toml", '[pypi-dependencies]\nfastapi = "0.110.*"\n', ">=0.110,<0.111"),
        ("setup.cfg", "[options]\ninstall_requires =\n    fastapi>=0.110,<0.112\n", ">=0.110,<0.112"),
        ("setup.py", 'setup(install_requires=["fastapi>=0.110,<0.112"])\n', ">=0.110,<0.112"),
        ("environment.yml", "dependencies:\n  - conda-forge::fastapi=0.110.2\n", "0.110.2"),
        ("requirements.txt", "fastapi==0.110.0rc1\n", "0.110.0"),
        ("requirements.txt", "fastapi==0.110.2 \\\n    --hash=sha256:00\n", "0.110.2"),
        ("requirements.txt", "fastapi==0.110.*\n", ">=0.110,<0.111"),
        ("requirements.txt", "fastapi!=0.110.0\n", None),
        ("requirements.lock", "fastapi==0.110.2\n", "0.110.2"),
        ("pdm.lock", POETRY_LOCK, "0.110.2"),
        ("pylock.toml", POETRY_LOCK.replace("package", "packages"), "0.110.2"),
        ("uv.lock", POETRY_LOCK + POETRY_LOCK.replace("0.110", "0.95"), ">=0.95.2,<=0.110.2"),
        ("poetry.lock", POETRY_LOCK, "0.110.2"),
        ("uv.lock", POETRY_LOCK, "0.110.2"),
        ("Pipfile.lock", PIPFILE_LOCK, "0.110.2"),
        ("requirements.txt", "fastapi\n", None),
        ("requirements.txt", "fastapi-users==12.0\nmy-fastapi==3.0\n", None),
        ("requirements.txt", "fastapi==soon\n", None),
        ("poetry.lock", "not = [toml", None),
        ("Pipfile.lock", "[]", None),
    ],
)  # fmt: skip
def test_files_that_speak_of_a_version(tmp_path: Path, name: str, text: str, expected: str | None) -> None:
    assert found(tmp_path, {name: text}) == expected


def test_a_lock_file_is_believed_before_a_declaration(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[project]\ndependencies = ["fastapi>=0.90"]\n', "uv.lock": POETRY_LOCK}
    assert found(tmp_path, files) == "0.110.2"


@pytest.mark.parametrize(
    ("declared", "constraint", "expected"),
    [
        ("fastapi\n", "fastapi==0.110.2\n", "0.110.2"),
        ("fastapi>=0.100\n", "fastapi<0.106\n", ">=0.100,<0.106"),
        ("fastapi>=0.100\n", "fastapi==0.110.2\n", "0.110.2"),
        ("fastapi>=0.100\n", "fastapi<0.90\n", ">=0.100"),
    ],
)
def test_constraints_narrow_what_is_declared(
    tmp_path: Path, declared: str, constraint: str, expected: str | None
) -> None:
    assert found(tmp_path, {"requirements.txt": declared, "constraints.txt": constraint}) == expected


def test_what_the_application_runs_with_counts_before_what_its_tests_do(tmp_path: Path) -> None:
    files = {"requirements.txt": "fastapi==0.110.2\n", "requirements-dev.txt": "fastapi==0.118.0\n"}
    assert found(tmp_path, files) == "0.110.2"


def test_the_nearest_upwards_counts(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "fastapi==0.90.0\n",
        "web/requirements.txt": "fastapi==0.110.0\n",
        "web/docker/requirements.txt": "fastapi==0.118.0\n",
    }
    assert found(tmp_path, files, "web/app/main.py") == "0.110.0"


@pytest.mark.parametrize("name", ["dockerfiles/web/requirements.txt", "docker/uv.lock", "deploy/requirements/prod.txt"])
def test_a_file_elsewhere_in_the_project_counts_where_none_lies_upwards(tmp_path: Path, name: str) -> None:
    text = POETRY_LOCK if name.endswith("lock") else "fastapi==0.110.2\n"
    assert found(tmp_path, {name: text, "requirements.txt": "uvicorn\n"}) == "0.110.2"


def test_of_those_elsewhere_the_nearest_counts(tmp_path: Path) -> None:
    files = {"a/docker/requirements.txt": "fastapi==0.110.0\n", "b/requirements.txt": "fastapi==0.90.0\n"}
    assert found(tmp_path, files, "a/app/main.py") == "0.110.0"


def test_where_several_elsewhere_differ_all_that_they_allow_counts(tmp_path: Path) -> None:
    files = {"docker/a/requirements.txt": "fastapi==0.100.0\n", "docker/b/requirements.txt": "fastapi>=0.110,<0.112\n"}
    assert found(tmp_path, files) == ">=0.100.0,<0.112"


@pytest.mark.parametrize("folder", ["tests", "docs", "examples/shop", "venv/lib", ".tox", "node_modules/x"])
def test_what_is_not_the_application_does_not_count(tmp_path: Path, folder: str) -> None:
    assert found(tmp_path, {f"{folder}/requirements.txt": "fastapi==0.110.0\n"}) is None
