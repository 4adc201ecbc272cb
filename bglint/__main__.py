"""`python -m bglint` and the `bglint` command."""

from __future__ import annotations

import gc
import os
import sys

COLLECT_AFTER = 500_000
"""How many new objects set off a garbage collection: syntax trees hold no cycles, and looking for some in them takes a
good part of the time, while it frees next to nothing."""


def main() -> None:
    """Run the command line and exit with its status."""
    gc.set_threshold(COLLECT_AFTER, 20, 50)
    try:
        status = _status(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are imported
        status = 130
    gc.freeze()  # looking through all syntax trees once more, when the interpreter ends, takes a third of a cold run
    sys.exit(status)


def _status(arguments: list[str]) -> int:
    """What the command line ends with: what it did before, where it can say the same again, is spared."""
    from bglint.cli.replay import replay  # noqa: PLC0415 - importing this module costs nothing

    try:
        status = replay(arguments)
    except OSError as error:
        from bglint.cli.main import system_failure  # noqa: PLC0415

        return system_failure(error, arguments)
    if status is not None:
        return status
    from bglint.cli.main import run  # noqa: PLC0415

    return run(arguments)


def _forget_working_directory() -> None:
    """Take back what `python -m` does: a `click.py` of the project that is analysed must not be imported."""
    try:
        here = os.getcwd()  # noqa: PTH109
    except OSError:
        here = ""
    if not sys.flags.safe_path and sys.path[:1] in ([""], [here]):
        del sys.path[0]


if __name__ == "__main__":
    _forget_working_directory()
    main()
