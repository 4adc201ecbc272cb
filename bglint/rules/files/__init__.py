"""BG9xx: files that cannot be read, and comments that silence nothing."""
