"""The pages of the site that are made from the program: a hook of MkDocs, and nothing that it makes is kept.

A page takes in what `<!-- generated: NAME -->` asks for; a page for each rule, and those of the repository's root,
are made whole.
"""

from __future__ import annotations

import functools
import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from mkdocs.structure.files import File

from bglint.cli.main import cli
from bglint.contract import JOB_QUEUES
from bglint.rules.registry import RULES
from bglint.settings import Settings
from bglint.settings.files import EXTEND
from bglint.settings.model import config_keys, documentation_of, kind_of
from bglint.settings.show import toml_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

    from bglint.rules.rule import Rule

ROOT: Final = Path(__file__).parents[1]
FAMILIES: Final = {
    "BG1": "Work for the CPU",
    "BG2": "Waiting",
    "BG3": "Retries and guarantees",
    "BG4": "Mistakes",
    "BG5": "Options of the runtime",
    "BG9": "Files and comments",
}

_MARK = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)
_LINK = re.compile(r"\[((?:`[^`]*`|[^\]`])*)\](\()(?!https?:|#)([^)\s]+)\)")
_FOREIGN = re.compile(
    r"<(?:script|img|iframe|source|link(?![^>]*canonical))\b[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*>"
)
_logger = logging.getLogger("mkdocs.hooks.bglint")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the rules in the navigation."""
    families = [
        {title: [{f"{code} {RULES[code].name}": f"rules/{RULES[code].name}.md"} for code in codes]}
        for title, codes in _families()
    ]
    for entry in config.nav or []:
        if "Rules" in entry:
            entry["Rules"] = ["rules/index.md", *families]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made whole."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in what a page asks for; what lies outside of the documentation is named, not linked."""
    del config, files
    folder = posixpath.dirname(page.file.src_uri)
    return _LINK.sub(lambda found: found[1] if _is_outside(folder, found[3]) else found[0], filled_in(markdown))


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Warn, which ends a strict build, of whatever a reader's browser would fetch from elsewhere."""
    del config
    for found in _FOREIGN.findall(output):
        _logger.warning("%s fetches from elsewhere: %s", page.file.src_uri, found)
    return output


@functools.cache
def pages() -> dict[str, str]:
    """Return the pages that are made whole, by path."""
    made = {f"rules/{rule.name}.md": rule_page(rule) for rule in RULES.values()}
    for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        made[name.lower()] = text.replace("](docs/", "](")
    return {"rules/index.md": rules_page(), **made}


def filled_in(markdown: str) -> str:
    """Return a page with what it asks for."""
    return _MARK.sub(lambda found: _PARTS[found[1]](), markdown)


def rule_page(rule: Rule) -> str:
    """Return the page of a rule: its docstring, and what the registry says of it."""
    summary, _, rest = rule.documentation.strip().partition("\n")
    notes = []
    if rule.preview:
        notes.append(f"In preview: it runs where it is selected as `{rule.code}`, by `ALL`, or with `preview = true`.")
    if rule.fixable:
        notes.append(f"Fix: {rule.fixable}.")
    notes.append(f"Silence it where it is meant: `# bglint: ignore[{rule.code}]`.")
    return "\n\n".join([f"# {rule.name} ({rule.code})", summary, rest.strip(), "## Remarks", *notes]) + "\n"


def rules_page() -> str:
    """Return the table of all rules, family by family."""
    lines = [
        "# Rules",
        "",
        "`bglint rule BG101` prints what stands here. BG1 and BG201 are errors where the event loop stops.",
    ]
    for title, codes in _families():
        lines += ["", f"## {title}", "", "| code | name | fires when |", "| --- | --- | --- |"]
        lines += [f"| {code} | [{RULES[code].name}]({RULES[code].name}.md) | {_said(RULES[code])} |" for code in codes]
    return "\n".join(lines) + "\n"


def configuration_table() -> str:
    """Return the keys of the configuration, with their defaults."""
    rows = [f"| `{EXTEND}` | | A configuration file to build on. |"]
    defaults = Settings()
    for key, item in config_keys().items():
        value = getattr(defaults, item.name)
        shown = "" if value in (None, (), {}) else f"`{toml_value(kind_of(item).show(value))}`"
        shown = "what tools and version control leave behind" if key == "exclude" else shown
        rows.append(f"| `{key}` | {shown} | {documentation_of(item)} |")
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows])


def command_line() -> str:
    """Return the help of every command."""
    context = click.Context(cli, info_name="bglint", **cli.context_settings)
    parts = [_help("bglint", cli, context)]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts.append(_help(f"bglint {name}", command, click.Context(command, info_name=name, parent=context)))
    return "\n\n".join(parts)


def queues_table() -> str:
    """Return how a task is handed to each job queue."""
    rows = [f"| {queue.name} | `{_enqueue(queue.name)}` |" for queue in JOB_QUEUES]
    return "\n".join(["| queue | a task hands the work over by |", "| --- | --- |", *rows])


def opening() -> str:
    """Return what the README shows first."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.partition("# bglint\n")[2].partition("\n## ")[0].strip()


_PARTS: Final[dict[str, Callable[[], str]]] = {
    "configuration": configuration_table,
    "command-line": command_line,
    "opening": opening,
    "queues": queues_table,
}


def _families() -> Iterator[tuple[str, list[str]]]:
    for prefix, title in FAMILIES.items():
        if codes := [code for code in sorted(RULES) if code.startswith(prefix)]:
            yield title, codes


def _help(title: str, command: click.Command, context: click.Context) -> str:
    return f"## `{title}`\n\n```text\n{command.get_help(context)}\n```"


def _enqueue(name: str) -> str:
    (queue,) = [each for each in JOB_QUEUES if each.name == name]
    return queue.enqueue_call("make_preview", ["path=path"] if queue.keyword_only else ["path"])


def _said(rule: Rule) -> str:
    return f"{rule.summary} (preview)" if rule.preview else rule.summary


def _is_outside(folder: str, target: str) -> bool:
    """Tell whether a link leads to a file of the repository that is no page; what leads nowhere is left to MkDocs."""
    path = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
    return path.startswith("..") or (
        path not in pages() and not (ROOT / "docs" / path).exists() and (ROOT / path).exists()
    )
