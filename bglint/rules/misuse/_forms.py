"""A request's form: it holds texts and files, which only names tell apart."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from bglint.diagnostics import Confidence
from bglint.program.modules import last_name
from bglint.rules.misuse._resources import Resource

_FILES = re.compile(r"file|upload|attachment|image|photo|picture|document|audio|video|media", re.IGNORECASE)


def element(base: Resource | None, key: ast.expr | None) -> Resource | None:
    """An element of uploads, or of a form: a file where what it is asked for says so."""
    if base is None or base.kind == "upload":
        return base
    if base.kind == "form" and isinstance(key, ast.Constant) and isinstance(key.value, str):
        return as_file(base, key.value)
    return None


def as_file(form: Resource, name: str) -> Resource | None:
    """What a form holds under a name, if the name is a file's."""
    return replace(form, kind="upload", confidence=Confidence.MEDIUM) if _FILES.search(name) else None


def method(base: Resource, node: ast.Call) -> Resource | None:
    """What a method of a request or of its form gives that is part of the request as well."""
    name = last_name(node.func)
    if base.kind == "request" and name == "form":
        return Resource("form", base.name, "request")
    if base.kind == "form" and name in {"values", "multi_items", "items"}:
        return base
    if base.kind != "form" or name not in {"get", "getlist"} or not node.args or _is_text(node.args[1:]):
        return None
    return element(base, node.args[0])


def _is_text(default: list[ast.expr]) -> bool:
    """Whether what stands in for a missing field is a text or a number: the field is one as well."""
    return bool(default) and isinstance(default[0], ast.Constant) and default[0].value is not None
