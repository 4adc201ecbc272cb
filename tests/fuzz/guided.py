"""Fuzzes what reads bytes of others, guided by the code that they reach (atheris).

    python -m tests.fuzz.guided [TARGET...] [--seconds N] [--runs N] [--corpus FOLDER]

The targets are `parser`, `comments`, `config`, `cache`, `editor` (the texts that it holds) and `wire` (the bytes that
it sends); without one all take turns, chosen by the first byte. An input fails where it raises what its target does not
foresee, or takes longer than ten seconds; libFuzzer then writes it to a file in the corpus, and ends with a status
other than 0.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import atheris

READERS: Final = [
    "bglint.cache",
    "bglint.comments",
    "bglint.language_server.wire",
    "bglint.program.syntax",
    "bglint.settings",
    "bglint.source",
]
"""What guides: what only works on what these have read would take long to be instrumented."""

with atheris.instrument_imports(include=READERS, enable_loader_override=False):
    from bglint.cache import ShapeError
    from bglint.cache.codec import decoded
    from bglint.cache.findings import Findings
    from bglint.cache.snapshot import Snapshot
    from bglint.comments import Suppressions
    from bglint.diagnostics import Report
    from bglint.engine import run
    from bglint.language_server.analysis import Analysis, Document, News
    from bglint.program.syntax import parse
    from bglint.settings import ConfigError, SettingsResolver
    from bglint.source import UnreadableSourceError, decode
    from tests.fuzz.conversation import answered, framed, request, started

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS: Final[dict[str, tuple[bytes, ...]]] = {
    "parser": (
        b"import time\nfrom fastapi import BackgroundTasks\n\ndef work():\n    time.sleep(5)\n\n"
        b"def end(tasks: BackgroundTasks):\n    tasks.add_task(work)\n",
        b"# -*- coding: latin-1 -*-\nmatch x:\n    case [*_]: type X[T] = f'{x!r:{y}}'\n",
    ),
    "comments": (b"x = 1  # bglint: ignore[BG101, BG2]\n# noqa: BG101\n# bglint: ignore-file\n",),
    "config": (
        b'select = ["BG1"]\nslow-task-ms = 5\nregistrations = [{call = "a.b", target = 0}]\n[per-file-ignores]\n',
    ),
    "cache": (
        b'[[["/a","b.py"]],[],["/a"],{}]',
        b'[["b.py"],["t"],{"b.py":[[],[],[],false,[],[]]},null]',
        b"[[],[],1,[]]",
    ),
    "editor": (b"file:///tmp/none/a.py\nfrom starlette.background import BackgroundTask\nBackgroundTask(print)\n",),
    "wire": (
        framed(request(1, "textDocument/hover", {"textDocument": {"uri": "file:///a.py"}})),
        b"X: 1\r\ncontent-length : 2\n\n[]" + framed({"jsonrpc": "2.0", "method": "exit"}),
        framed({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 1}}),
    ),
}
FOLDER: Final = Path(tempfile.gettempdir()) / "bglint-guided"


def parser(data: bytes) -> None:
    """A file, from its bytes to all findings."""
    path = str(FOLDER / "app.py")
    run([path], SettingsResolver({"select": ("ALL",)}, isolated=True), stdin=(path, data))
    try:
        parse(decode(data))
    except UnreadableSourceError:
        return


def comments(data: bytes) -> None:
    """The comments of a file that may be no Python."""
    found = Suppressions.parse(data.decode("utf-8", "replace"))
    for comment in found.comments:
        found.match("BG101", comment.row, comment.row)


def config(data: bytes) -> None:
    """A configuration file: it holds, or is refused with what is wrong."""
    path = FOLDER / "fuzzed.toml"
    path.write_bytes(data)
    try:
        SettingsResolver(config=path).for_file(str(FOLDER / "app.py")).selects("BG101", False, str(FOLDER / "app.py"))
    except ConfigError:
        return


def cache(data: bytes) -> None:
    """What another has written into the cache."""
    for read in (
        lambda: Snapshot.decoded(data, data, data),
        lambda: decoded(Report, json.loads(data)),
        lambda: Findings.decoded(zlib.compress(data)),
    ):
        try:
            read()
        except (ShapeError, TypeError, ValueError, KeyError, IndexError, AttributeError, zlib.error, RecursionError):
            continue


def editor(data: bytes) -> None:
    """A document that an editor holds: its address, then its text."""
    address, _, text = data.decode("utf-8", "replace").partition("\n")
    Analysis().turn(News(documents={address: Document(text, 1)}))


def wire(data: bytes) -> None:
    """What a client says after it has introduced itself; all that the server says is read."""
    assert answered(started() + data)[0]["id"] == "first"


class _Raised(logging.Handler):
    """Makes an error of what an error is logged of: an editor's analysis goes on whatever happens."""

    def emit(self, record: logging.LogRecord) -> None:
        raise AssertionError(record.getMessage()) from sys.exc_info()[1]


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    each.__name__: each for each in (parser, comments, config, cache, editor, wire)
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("targets", nargs="*", metavar="TARGET", choices=[[], *TARGETS])
    options.add_argument("--seconds", type=int, default=0)
    options.add_argument("--runs", type=int, default=-1)
    options.add_argument("--corpus", type=Path, default=FOLDER / "corpus")
    given = options.parse_args()
    logging.getLogger("bglint").addHandler(_Raised(logging.ERROR))
    FOLDER.mkdir(exist_ok=True)
    given.corpus.mkdir(parents=True, exist_ok=True)
    names = sorted(given.targets or TARGETS)
    for number, name in enumerate(names):
        for index, seed in enumerate(SEEDS[name]):
            (given.corpus / f"seed-{name}-{index}").write_bytes(bytes([number]) + seed)

    def one(data: bytes) -> None:
        if data:
            TARGETS[names[data[0] % len(names)]](data[1:])

    limits = [f"-max_total_time={given.seconds}", f"-runs={given.runs}", "-timeout=10", "-max_len=4096"]
    atheris.Setup([sys.argv[0], str(given.corpus), *limits, f"-artifact_prefix={given.corpus}/"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
