"""The command line: one file per command, options in, exit status out."""
