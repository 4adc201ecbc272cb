"""Where background tasks are registered: the forms as a table, and the visitor that finds their calls."""
