"""How far a project reaches: the folder beyond which nothing belongs to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bglint.settings import SettingsResolver


def project_root(paths: Sequence[str], resolver: SettingsResolver, stdin: tuple[str, bytes] | None = None) -> str:
    """The folder beyond which nothing belongs to the project: the repository's, else the configuration's."""
    roots = _roots(paths, resolver, stdin)
    return os.path.commonpath([*roots]) if roots else os.getcwd()


def project_roots(
    paths: Sequence[str], resolver: SettingsResolver, stdin: tuple[str, bytes] | None = None
) -> dict[str, tuple[str, ...]]:
    """The folders that hold the project, with the import roots that the settings name for each.

    Folders beside each other are one project, and modules of one may be imported from the other. What lies further
    apart is looked at by itself: two folders have the root of the file system in common, and that is nobody's project.
    """
    roots = _roots(paths, resolver, stdin) or {os.getcwd(): None}
    outermost = [root for root in roots if not any(above in roots for above in _above(root))]
    common = os.path.commonpath(outermost)
    beside = all(os.path.dirname(root) == common for root in outermost) and os.path.dirname(common) != common
    return {root: tuple(resolver.for_directory(root).src) for root in ([common] if beside else outermost)}


def _above(folder: str) -> Iterator[str]:
    while (above := os.path.dirname(folder)) != folder:
        yield above
        folder = above


def _roots(paths: Sequence[str], resolver: SettingsResolver, stdin: tuple[str, bytes] | None) -> dict[str, None]:
    """The root of the project that each path belongs to, each once."""
    starts = [os.path.abspath(path) for path in ([stdin[0]] if stdin is not None else paths)]
    folders = [start if os.path.isdir(start) else os.path.dirname(start) for start in starts]
    roots: dict[str, None] = {}
    for folder in dict.fromkeys(folders):
        root = str(resolver.for_directory(folder).root)
        current = folder
        while not os.path.exists(os.path.join(current, ".git")):
            parent = os.path.dirname(current)
            if parent == current:
                inside = folder == root or folder.startswith(root.rstrip("/") + "/")
                current = _outside_packages(root if inside else folder)
                break
            current = parent
        roots[current] = None
    return roots


def _outside_packages(folder: str) -> str:
    """The folder that the packages around `folder` are imported from."""
    while os.path.exists(os.path.join(folder, "__init__.py")) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder
