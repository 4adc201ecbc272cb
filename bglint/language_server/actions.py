"""Quick fixes: the fix of a finding, an ignore comment for it, and all safe fixes of a file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lsprotocol import types

from bglint.fixes.editing import Document, Replacement, UneditableError
from bglint.fixes.ignores import IgnoreComments

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from bglint.diagnostics import Diagnostic, Edit
    from bglint.language_server.places import Lines

    Changed = Callable[[Sequence[types.TextEdit]], types.WorkspaceEdit]

FIX_ALL: Final = "source.fixAll.bglint"
KINDS: Final = (types.CodeActionKind.QuickFix, FIX_ALL)


def actions(
    found: Iterable[tuple[Diagnostic, types.Diagnostic]],
    everything: Iterable[Diagnostic],
    data: bytes,
    lines: Lines,
    *,
    changed: Changed,
    only: Collection[str] | None,
) -> list[types.CodeAction]:
    """What can be done about the findings at a place, and about `everything` that was found in the file.

    `data` is the file's text; `only` are the kinds that the client asks for, all where it names none.
    """
    offered: list[types.CodeAction] = []
    if _asked(types.CodeActionKind.QuickFix, only):
        for diagnostic, shown in found:
            offered += _fix(diagnostic, shown, lines, changed)
            offered += _ignore(diagnostic, shown, data, lines, changed)
    if _asked(FIX_ALL, only) and (edits := _all_safe(everything, data)):
        offered.append(
            types.CodeAction(
                "Fix all that bglint can fix safely", kind=FIX_ALL, edit=changed([lines.edit(each) for each in edits])
            )
        )
    return offered


def _fix(diagnostic: Diagnostic, shown: types.Diagnostic, lines: Lines, changed: Changed) -> Iterator[types.CodeAction]:
    fix = diagnostic.fix
    if fix is None or fix.applicability == "display":
        return
    safe = fix.applicability == "safe"
    yield types.CodeAction(
        f"{fix.message} ({diagnostic.code})" if safe else f"{fix.message} ({diagnostic.code}, may change the meaning)",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[shown],
        is_preferred=safe,
        edit=changed([lines.edit(each) for each in fix.edits]),
    )


def _ignore(
    diagnostic: Diagnostic, shown: types.Diagnostic, data: bytes, lines: Lines, changed: Changed
) -> Iterator[types.CodeAction]:
    comments = IgnoreComments(reason="")
    if not comments.wants(diagnostic):
        return
    for _, fix in comments.fixes([diagnostic], data):
        yield types.CodeAction(
            f"Ignore {diagnostic.code} on this line",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[shown],
            edit=changed([lines.edit(each) for each in fix.edits]),
        )


def _all_safe(everything: Iterable[Diagnostic], data: bytes) -> list[Edit]:
    """The edits of all safe fixes, those left out that meet one before them."""
    document = Document(data)
    chosen: list[Edit] = []
    taken: set[Replacement] = set()
    for diagnostic in everything:
        fix = diagnostic.fix
        if fix is None or fix.applicability != "safe":
            continue
        try:
            replacements = document.replacements(fix.edits)
        except UneditableError:
            continue
        new = [each for each in replacements if each not in taken]
        if not any(each.meets(other) for each in new for other in taken):
            chosen += [edit for edit in fix.edits if edit not in chosen]
            taken.update(new)
    return chosen


def _asked(kind: str, only: Collection[str] | None) -> bool:
    """Whether a client that asks for some kinds wants this one: a kind stands for all that begin with it."""
    return only is None or any(kind == each or kind.startswith(f"{each}.") for each in only)
