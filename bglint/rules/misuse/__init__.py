"""BG4xx: tasks that never run, or break when they do."""
