"""The language server in a real editor: Neovim without a screen, with nothing of ours but the start of the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shop import API, LIGHT

from .conftest import DEADLINE_S

NVIM = shutil.which("nvim")
NON_ASCII = API.replace("    tasks", "    'é𝄞'; tasks").replace("path)\n", "path)  # ü\n")

SCRIPT = Path(__file__).with_name("neovim.lua")


@pytest.mark.skipif(NVIM is None, reason="needs Neovim (`apt install neovim`)")
def test_neovim_shows_findings_at_the_right_columns_also_after_non_ascii_text(shop: Path, tmp_path: Path) -> None:
    (shop / "shop/api.py").write_text(NON_ASCII, encoding="utf-8")
    seen = _in_neovim(shop, tmp_path)
    assert "problem" not in seen, seen["problem"]
    call = "tasks.add_task(make_previews, path)"
    assert seen["opened"] == [{"code": "BG101", "row": 5, "text": call}]
    assert seen["typed"] == [{"code": "BG101", "row": 6, "text": call}]
    assert seen["half_written"] == [{"code": "BG101", "row": 8, "text": call}]
    assert not seen["helper_made_light"]


def _in_neovim(shop: Path, tmp_path: Path) -> dict[str, Any]:
    """Run the script in Neovim and return what it saw."""
    assert NVIM is not None
    seen = tmp_path / "seen.json"
    environment = {
        **os.environ,
        "LC_ALL": "C.UTF-8",
        "HOME": str(tmp_path),
        "BGLINT_PYTHON": sys.executable,
        "BGLINT_FOLDER": str(shop),
        "BGLINT_SEEN": str(seen),
        "BGLINT_LIGHT": LIGHT,
        "BGLINT_DEADLINE_MS": str(DEADLINE_S * 1000),
    }
    subprocess.run(
        [NVIM, "--headless", "--clean", "-n", "-c", f"luafile {SCRIPT}"],
        env=environment,
        check=True,
        capture_output=True,
        timeout=DEADLINE_S * 5,
    )
    found: dict[str, Any] = json.loads(seen.read_text(encoding="utf-8"))
    return found
