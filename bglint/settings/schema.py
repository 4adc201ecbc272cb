"""The JSON Schema of the configuration, made from the table of settings.

`python -m bglint.settings.schema` prints it; the copy in `bglint/schemas/` is held to it by a test.
"""

from __future__ import annotations

import json
from typing import Any, Final

from bglint.settings.files import EXTEND
from bglint.settings.model import config_keys, documentation_of, kind_of

SCHEMA_ID: Final = "urn:bglint:schema:config"


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema of `bglint.toml`, which is that of `[tool.bglint]` too."""
    properties: dict[str, Any] = {
        EXTEND: {"description": "A configuration file to build on.", "type": "string", "minLength": 1}
    }
    for key, item in config_keys().items():
        kind = kind_of(item)
        default = item.default_factory() if callable(item.default_factory) else None
        shown = {} if default is None else {"default": kind.show(default)}
        properties[key] = {"description": documentation_of(item), **kind.schema(), **shown}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Configuration of bglint",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    print(json.dumps(config_schema(), indent=2))
