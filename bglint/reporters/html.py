"""HTML as a tree of elements: what goes into it is text, and cannot become markup."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING, Final, TypeAlias
from xml.etree import ElementTree as ET

from bglint.reporters.text import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable

Child: TypeAlias = "ET.Element | str"

_CODE: Final = re.compile(r"`([^`]+)`")


def element(tag: str, /, *children: Child | None, **attributes: str | bool | None) -> ET.Element:
    """Return an element.

    A trailing `_` of an attribute's name goes, other `_` become `-`; None and False leave the attribute out.
    """
    made = ET.Element(tag)
    for name, value in attributes.items():
        if value is not None and value is not False:
            made.set(name.rstrip("_").replace("_", "-"), "" if value is True else harmless(value))
    return add(made, children)


def add(parent: ET.Element, children: Iterable[Child | None]) -> ET.Element:
    """Append children to an element; text is made harmless."""
    for child in children:
        if child is None:
            continue
        if isinstance(child, ET.Element):
            parent.append(child)
        else:
            append_text(parent, harmless(child))
    return parent


def append_text(parent: ET.Element, text: str) -> None:
    """Append text as it is."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text


def code(text: str, **attributes: str | bool | None) -> ET.Element:
    """Return source text, which is read from left to right and not translated."""
    return element("code", text, dir="ltr", translate="no", **attributes)


def prose(text: str) -> Iterable[Child]:
    """Yield a sentence whose code stands between backticks."""
    for index, part in enumerate(_CODE.split(text)):
        if part:
            yield code(part) if index % 2 else part


def embedded(tag: str, text: str) -> ET.Element:
    """Return a `style` or `script` element with text of our own, which is not escaped."""
    made = ET.Element(tag)
    made.text = text
    return made


def content_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls an embedded style or script by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def document(root: ET.Element) -> str:
    """Return the text of a page."""
    return f"<!doctype html>\n{ET.tostring(root, encoding='unicode', method='html')}"
