"""The language server: the same analysis, kept in memory, for editors."""
