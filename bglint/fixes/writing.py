"""Writing a file so that there is the old content or the new at any time, and its mode and links stay."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def write_atomically(path: str | Path, data: bytes) -> None:
    """Replace the content of the file that `path` leads to, or make it; raise `OSError` where that cannot be done.

    A file with several hard links is overwritten in place, as nothing else keeps them one file; until that is done,
    a complete copy lies beside it.
    """
    target = Path(os.path.realpath(path))
    status = target.stat() if target.exists() else None
    if status is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "not writable", str(target))
    copy = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        _write_new(copy, data, status)
        if status is None or status.st_nlink == 1:
            copy.replace(target)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    if status is not None and status.st_nlink > 1:
        _overwrite(target, data)
        copy.unlink()
    _flush_folder(target.parent)


def _write_new(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """Write a new file with the owner and mode of the one that it is to replace."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        if like is not None:
            if hasattr(os, "fchown"):
                with contextlib.suppress(OSError):  # another's file stays readable, and becomes ours
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
            path.chmod(stat.S_IMODE(like.st_mode))
        os.fsync(file.fileno())


def _overwrite(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Make the new name last; where a folder cannot be opened, the system sees to it in its own time."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
