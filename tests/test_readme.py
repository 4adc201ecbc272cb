"""What the README shows is what the program does."""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from bglint.cli.main import run
from bglint.reporters import DIAGNOSTIC_FORMATS, TASK_FORMATS
from bglint.settings import SettingsResolver
from bglint.settings.model import config_keys, documentation_of, kind_of
from docs.generate import pages
from tests.want import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

SAMPLE: Mapping[str, str] = {
    "requirements.txt": "celery\nfastapi\npillow\n",
    "app/__init__.py": "",
    "app/api/__init__.py": "",
    "app/api/uploads.py": '''\
from fastapi import APIRouter, BackgroundTasks, UploadFile

from app.services import mail, media

router = APIRouter()


@router.post("/uploads")
async def upload(file: UploadFile, owner: str, background_tasks: BackgroundTasks):
    path = await media.store(file)
    background_tasks.add_task(mail.send_receipt, owner)
    background_tasks.add_task(media.make_previews, path)
    return {"path": path}
''',
    "app/services/__init__.py": "",
    "app/services/mail.py": '''\
from email.message import EmailMessage

import aiosmtplib


async def send_receipt(owner: str) -> None:
    message = EmailMessage()
    message["To"] = owner
    message.set_content("We have your picture.")
    await aiosmtplib.send(message, hostname="localhost", timeout=10)
''',
    "app/services/media.py": '''\
from pathlib import Path

from fastapi import UploadFile
from PIL import Image

WIDTHS = (2560, 1280, 640)


async def store(file: UploadFile) -> str:
    path = f"uploads/{file.filename}"
    Path(path).write_bytes(await file.read())
    return path


async def make_previews(path: str) -> None:
    original = Image.open(path)
    for width in WIDTHS:
        save_preview(original, path, width)


def save_preview(original: Image.Image, path: str, width: int) -> None:
    preview = original.resize((width, width * 3 // 4), Image.Resampling.LANCZOS)
    preview.save(f"{path}.{width}.jpg")
''',
}  # fmt: skip


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands(name: str) -> str:
    """The command that CI takes from the README under a name."""
    (command,) = re.findall(rf"^<!-- ci: {name} -->\n```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return str(command)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, its own head left out."""
    section = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    table = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in cells] for cells in table[2:]]


def test_what_it_looks_like_is_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in SAMPLE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (session,) = blocks("console")
    lines = []
    for command in re.findall(r"^\$ bglint (.*)$", session, re.MULTILINE):
        run(shlex.split(command))
        printed = capsys.readouterr()
        lines.append(f"$ bglint {command}\n{printed.out}{printed.err}")
    assert session == "".join(lines)


def test_the_first_command_lints_a_sample_and_the_second_runs_the_tests() -> None:
    assert re.search(r"bglint check --exit-zero (\S+)", commands("lint"))
    sample = commands("lint").split()[-1]
    assert (ROOT / sample).is_dir()
    assert "redis-server" in commands("test")
    assert "pytest" in commands("test")


def test_the_table_of_the_configuration_is_that_of_the_settings() -> None:
    defaults = SettingsResolver(isolated=True).for_directory("/")
    expected = []
    for key, item in config_keys().items():
        value = getattr(defaults, item.name)
        shown = "" if value in (None, (), {}) else _toml(kind_of(item).show(value))
        shown = "what tools and version control leave behind" if key == "exclude" else shown
        expected.append(
            f"| `{key}` | {f'`{shown}`' if shown and key != 'exclude' else shown} | {documentation_of(item)} |"
        )
    section = README.partition("\n## Configuration\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("| `")]
    assert table == expected, "the table of keys in README.md is to be:\n" + "\n".join(expected)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace("'", '"') if not isinstance(value, str) else f'"{value}"'


def test_the_configuration_that_is_shown_is_valid(tmp_path: Path) -> None:
    (example,) = blocks("toml")
    assert tomllib.loads(example)
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")
    assert SettingsResolver().for_directory(tmp_path).slow_task_ms == 200


def test_every_verdict_is_explained() -> None:
    assert {row[0] for row in rows("Verdicts")} == VERDICTS


def test_options_and_formats_that_are_named_exist(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--help"])
    known = set(re.findall(r"--[\w-]+", capsys.readouterr().out)) | {"--group"}
    text = "\n".join(line for line in README.splitlines() if "pip install" not in line)
    assert set(re.findall(r"(?<![\w!-])--[a-z][\w-]+", text)) <= known
    assert set(re.findall(r"--output-format (\w+)", text)) <= {*DIAGNOSTIC_FORMATS, *TASK_FORMATS}


def test_the_links_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            made = page.parent.name == "docs" and target in pages()
            assert made or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_python_that_is_shown_runs(tmp_path: Path) -> None:
    for number, example in enumerate(blocks("python")):
        program = tmp_path / f"readme_{number}.py"
        program.write_text(example, encoding="utf-8")
        runpy.run_path(str(program))


def test_the_changelog_has_the_version() -> None:
    from bglint import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
