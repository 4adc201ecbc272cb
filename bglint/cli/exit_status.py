"""What the exit status of bglint means."""

from typing import Final

FOUND_NOTHING: Final = 0
FOUND_SOMETHING: Final = 1
FAILED: Final = 2
"""bglint could not do its work: usage, configuration, a path that is not there, an internal error."""
INTERRUPTED: Final = 130
READER_GONE: Final = 141
"""What reads stdout has closed it; the status of a program that dies of SIGPIPE."""
