"""The cache: what a run found is taken over by the next, as far as nothing has changed that it rests on."""

from typing import Final

FOLDER: Final = ".bglint_cache"
"""The folder that the cache is kept in, at the root of the project, where nothing else is configured."""


class ShapeError(ValueError):
    """A value is not what was once written."""


def note(message: str, *arguments: object) -> None:
    """Say something for those who want to know more; a warm run imports nothing for it."""
    import logging  # noqa: PLC0415 - most runs have nothing to say

    logging.getLogger(__name__).debug(message, *arguments)
