"""bglint finds background tasks that block a web application, and those that never run."""

__version__ = "0.1.0"
