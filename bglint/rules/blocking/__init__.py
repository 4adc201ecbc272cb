"""BG2xx: background tasks that wait."""
