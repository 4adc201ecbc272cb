"""The cache: what a run found is taken over by the next, as far as nothing has changed that it rests on."""

from typing import Final

FOLDER: Final = ".bglint_cache"
"""The folder that the cache is kept in, at the root of the project, where nothing else is configured."""
