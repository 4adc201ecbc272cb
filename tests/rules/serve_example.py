"""Serves a documented example: `serve_example.py CODE HEADING PORT FOLDER`; its `print` waits for FOLDER/go."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from types import ModuleType

import uvicorn
from celery import Celery

from bglint.rules.registry import RULES


def celery_in(folder: Path) -> Celery:
    """A Celery application whose messages are files of a folder."""
    for name in ("messages", "processed"):
        (folder / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "processed_folder": str(folder / "processed"),
        "control_folder": str(folder / "control"),
    }
    return Celery("example", broker="filesystem://", broker_transport_options=options, set_as_current=True)


def loaded(code: str, heading: str, folder: Path) -> ModuleType:
    """The example as a module; what it prints goes to FOLDER/printed once FOLDER/go is there."""

    def held(*words: object) -> None:
        (folder / "begun").touch()
        while not (folder / "go").exists():
            time.sleep(0.01)
        with (folder / "printed").open("a") as file:
            print(*words, file=file)

    section = RULES[code].documentation.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    source, *_ = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    module = ModuleType("example")
    sys.modules["example"] = module
    module.print = held  # type: ignore[attr-defined]
    exec(compile(source, "example.py", "exec"), module.__dict__)
    return module


if __name__ == "__main__":
    code, heading, port, folder = sys.argv[1:]
    celery_in(Path(folder))
    uvicorn.run(loaded(code, heading, Path(folder)).app, port=int(port), log_level="warning")
