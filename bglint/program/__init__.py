"""What names mean: modules, scopes, and the values that expressions can have."""
