"""What a project has configured: one typed table of keys, read from TOML, resolved for each directory."""

from __future__ import annotations

from bglint.settings.errors import ConfigError, Problem
from bglint.settings.kinds import RegistrationForm
from bglint.settings.model import Settings
from bglint.settings.resolver import SettingsResolver

__all__ = ["ConfigError", "Problem", "RegistrationForm", "Settings", "SettingsResolver"]
