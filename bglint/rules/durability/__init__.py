"""BG3xx: tasks that must survive more than this process gives them."""
