"""The rules: one rule, one file. A rule asks what the analysis knows; it never walks by itself."""
