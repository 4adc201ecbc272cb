"""The settings as TOML, each with where it comes from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bglint.settings.model import Settings, config_keys, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def settings_lines(settings: Settings) -> Iterator[str]:
    """Yield the root, then a line a key: its value and its source."""
    yield f"# relative to {settings.root}"
    for key, item in config_keys().items():
        value = getattr(settings, item.name)
        source = settings.origin.get(key, "default")
        if value is None:
            yield f"# {key} is not set"
        else:
            yield f"{key} = {toml_value(kind_of(item).show(value))}  # {source}"


def toml_value(value: object) -> str:
    """Return a value as TOML writes it on one line."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)
