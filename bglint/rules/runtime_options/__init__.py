"""The options of `bglint.runtime`: those that do not do what they seem to."""
