"""All rules, by code: each module in the rules' folders that has a `RULE`."""

from __future__ import annotations

import importlib
import pkgutil
from types import MappingProxyType
from typing import TYPE_CHECKING

from bglint import rules
from bglint.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def _found() -> Iterator[Rule]:
    for folder in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
        if not folder.ispkg:
            continue
        package = importlib.import_module(folder.name)
        for module in pkgutil.iter_modules(package.__path__, f"{folder.name}."):
            rule = getattr(importlib.import_module(module.name), "RULE", None)
            if isinstance(rule, Rule):
                yield rule


RULES: Mapping[str, Rule] = MappingProxyType({rule.code: rule for rule in sorted(_found(), key=lambda rule: rule.code)})
CODES = frozenset(RULES)
