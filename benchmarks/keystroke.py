"""How long an editor waits for the language server: from a keystroke to the findings of the text as it then is.

    python benchmarks/keystroke.py [--keys N] [--lines N] [--tasks N]

A client of the protocol opens a module in a project that is made for it, and presses Enter on its first line: every
finding moves, so that each keystroke is answered by `publishDiagnostics`. The helpers that the tasks lead to lie in
modules of their own. Exits with 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from lsprotocol import types
from pygls.lsp.client import LanguageClient

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.made import make_project

TARGET_MS: Final = 50
PAUSE_S: Final = 0.15
"""Between two keystrokes: a fast typist's."""
DEADLINE_S: Final = 60


async def measure(folder: Path, module: Path, tasks: int, keys: int) -> list[float]:
    """The milliseconds that each keystroke waited."""
    client = LanguageClient("keystroke", "1")
    arrived: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)  # type: ignore[untyped-decorator]
    def published(params: types.PublishDiagnosticsParams) -> None:
        if params.uri == module.as_uri():
            arrived.put_nowait(params)

    await client.start_io(sys.executable, "-m", "bglint", "server")
    await client.initialize_async(
        types.InitializeParams(
            types.ClientCapabilities(), workspace_folders=[types.WorkspaceFolder(folder.as_uri(), "shop")]
        )
    )
    client.initialized(types.InitializedParams())
    text = module.read_text(encoding="utf-8")
    document = types.TextDocumentItem(module.as_uri(), "python", 0, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(document))

    async def findings(row: int) -> None:
        """Wait for the findings of a text whose first one lies in this row."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                shown = (await arrived.get()).diagnostics
                if len(shown) == tasks and shown[0].range.start.line == row:
                    return

    first = next(row for row, line in enumerate(text.splitlines()) if "add_task(" in line)
    await findings(first)
    waited = []
    for key in range(1, keys + 1):
        await asyncio.sleep(PAUSE_S)
        identifier = types.VersionedTextDocumentIdentifier(key, module.as_uri())
        change = types.TextDocumentContentChangeWholeDocument("\n" * key + text)
        started = time.perf_counter()
        client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, [change]))
        await findings(first + key)
        waited.append(1000 * (time.perf_counter() - started))
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    return waited


def main() -> int:
    """Run the benchmark and print what came out; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keys", type=int, default=40, help="keystrokes to measure [40]")
    parser.add_argument("--lines", type=int, default=1000, help="lines of the module [1000]")
    parser.add_argument("--tasks", type=int, default=10, help="background tasks in it [10]")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        module = make_project(folder, arguments.lines, arguments.tasks)
        rows = len(module.read_text(encoding="utf-8").splitlines())
        waited = sorted(asyncio.run(measure(folder, module, arguments.tasks, arguments.keys)))
    median, slow = statistics.median(waited), waited[int(0.95 * (len(waited) - 1))]
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print(f"{rows} lines, {arguments.tasks} tasks, {len(waited)} keystrokes")
    print(f"median {median:.0f} ms, 95 of 100 within {slow:.0f} ms, the fastest {waited[0]:.0f} ms")
    print(f"target: a median of at most {TARGET_MS} ms: {'met' if median <= TARGET_MS else 'missed'}")
    return int(median > TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
