"""Finding the files that may register a task among all, on several processors where they are many."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from bglint import profiling
from bglint.discovery import MAX_FILE_BYTES, Discovery, TextReader
from bglint.parallel import spread
from bglint.registrations.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bglint.settings import Settings, SettingsResolver

logger = logging.getLogger(__name__)

FILES_FOR_A_PROCESS: Final = 2000
"""How many files one more process is worth: fewer are read while it starts."""
_MAX_PARTS: Final = 512
"""Into how many parts the work is divided at the most."""

Group = tuple["Sequence[str]", "Words"]
"""The files of one folder, and the words that are looked for in them."""


@profiling.stage("finding files")
def scan(
    paths: Sequence[str],
    resolver: SettingsResolver,
    stdin: tuple[str, bytes] | None = None,
    jobs: int = 1,
    *,
    meanwhile: Callable[[], object] | None = None,
    listed: dict[str, list[os.DirEntry[str]]] | None = None,
) -> tuple[list[str], list[str]]:
    """The files that are looked at, and those of them that may register a task. `meanwhile`: see `spread`.

    The entries of the folders that were walked are put into `listed`.
    """
    if stdin is not None:
        path = os.path.abspath(stdin[0])
        return [path], [path]
    discovery = Discovery(paths, resolver)
    discovery.listed = listed
    groups = [(found, words_of(settings)) for found, settings in discovery.listings()]
    found = candidates(groups, jobs, meanwhile)
    return [path for paths, _ in groups for path in paths], [p for p in found if not discovery.is_ignored_file(p)]


@lru_cache(maxsize=64)
def _known_words(methods: tuple[str, ...], preview: bool) -> Words:
    return Words(methods, preview=preview)


def words_of(settings: Settings) -> Words:
    """The words without which a file registers nothing under these settings."""
    methods = tuple(form.call.rpartition(".")[2] for form in settings.registrations)
    return _known_words(methods, settings.preview)


def candidates(groups: Sequence[Group], jobs: int = 1, meanwhile: Callable[[], object] | None = None) -> list[str]:
    """The files that may register a task, in order, found by up to `jobs` processes. What cannot be read is one."""
    step = len(groups) // _MAX_PARTS + 1
    parts = [groups[at : at + step] for at in range(0, len(groups), step)]

    def work(numbers: Iterable[int]) -> Iterator[tuple[int, list[list[int]]]]:
        reader = TextReader()
        for number in numbers:
            yield number, [_worth_a_look(paths, reader, words) for paths, words in parts[number]]

    processes = max(1, min(jobs, sum(len(paths) for paths, _ in groups) // FILES_FOR_A_PROCESS))
    found = dict(spread(len(parts), processes, work, meanwhile=meanwhile))
    chosen: list[str] = []
    for number, part in enumerate(parts):
        for (paths, _), indexes in zip(part, found[number], strict=True):
            for index in indexes:
                if index < 0:
                    logger.warning("skipped, larger than %d MB: %s", MAX_FILE_BYTES // 1024**2, paths[~index])
                else:
                    chosen.append(paths[index])
    return chosen


def _worth_a_look(paths: Sequence[str], reader: TextReader, words: Words) -> list[int]:
    """The numbers of the files that may register a task; of a file that is too large the complement of its number."""
    found = [(index, may_register(path, reader, words)) for index, path in enumerate(paths)]
    return [~index if may is None else index for index, may in found if may is not False]


def may_register(path: str, reader: TextReader, words: Words) -> bool | None:
    """Whether a file may register a task; None for one that is too large to be looked at."""
    try:
        size = reader.read(path)
    except OSError:
        return True
    return words.may_register(reader.buffer, size) if size is not None else None
