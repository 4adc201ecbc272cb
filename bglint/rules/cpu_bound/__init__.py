"""BG1xx: CPU-bound work in a background task."""
