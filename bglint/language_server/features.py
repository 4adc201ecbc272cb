"""What the server answers when the client tells or asks something."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import to_fs_path

from bglint.language_server import actions, messages
from bglint.language_server.analysis import Document
from bglint.language_server.server import Server
from bglint.language_server.wire import converse

if TYPE_CHECKING:
    from bglint.diagnostics import Position, Span

server = Server()


@server.feature(types.INITIALIZED)
async def initialized(ls: Server, _params: types.InitializedParams) -> None:
    """Begin."""
    ls.start()
    await ls.watch()


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    """A file is edited from now on."""
    ls.hold(params.text_document.uri, params.text_document.text, params.text_document.version)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def edited(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    """Something was typed."""
    document = ls.workspace.get_text_document(params.text_document.uri)
    ls.hold(params.text_document.uri, document.source, params.text_document.version)


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    """What is on the disk counts again."""
    ls.hold(params.text_document.uri, None)


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    """A file was saved: of interest where it is a configuration that the client sends as well."""
    if path := to_fs_path(params.text_document.uri):
        ls.note().note_on_disk(path, came_or_went=False)


@server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def changed_on_disk(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
    """Files have changed, by the editor or by others."""
    for event in params.changes:
        if path := to_fs_path(event.uri):
            ls.note().note_on_disk(path, came_or_went=event.type is not types.FileChangeType.Changed)


@server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
def folders_changed(ls: Server, _params: types.DidChangeWorkspaceFoldersParams) -> None:
    """Folders were opened or closed."""
    ls.folders_changed()


@server.feature(types.TEXT_DOCUMENT_HOVER)
async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    """What is known of the finding or the task at a place, or of the rule that a comment names."""
    view = await ls.view(params.text_document.uri)
    if view is None:
        return None
    lines = ls.lines(view.text)
    place = lines.from_client(params.position)
    texts = [messages.finding_text(found) for found in view.outcome.diagnostics if _holds(found.span, place)]
    if not texts:
        texts = [messages.task_text(task) for task in view.outcome.tasks if _holds(task.span, place)]
    if not texts and (code := messages.code_in_comment(lines.rows[place.row - 1], place.column)):
        texts = [messages.rule_text(code)]
    if not any(texts):
        return None
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(texts)))


@server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=list(actions.KINDS)))
async def code_action(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings at a place."""
    uri = params.text_document.uri
    view = await ls.view(uri)
    if view is None or not view.is_current:
        return []
    lines = ls.lines(view.text)
    first, last = lines.from_client(params.range.start), lines.from_client(params.range.end)
    return actions.actions(
        [pair for pair in ls.shown(view) if pair[0].span.start <= last and first <= pair[0].span.end],
        view.outcome.diagnostics,
        Document(view.text).data,
        lines,
        changed=lambda edits: ls.changed(uri, view.version, edits),
        only=params.context.only,
    )


@server.feature(types.TEXT_DOCUMENT_CODE_LENS)
async def code_lens(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    """The verdict on each task of a file."""
    view = await ls.view(params.text_document.uri)
    return ls.lenses(view) if view is not None else []


@server.command(messages.SHOW_WORK)
async def show_work(ls: Server, uri: str, line: int, character: int) -> None:
    """Show the call that a verdict rests on."""
    place = types.Position(line, character)
    await ls.window_show_document_async(
        types.ShowDocumentParams(uri, take_focus=True, selection=types.Range(place, place))
    )


def serve() -> int:
    """Speak the protocol on stdin and stdout until the client leaves; return 0 where it took its leave, else 1.

    Whatever else is printed goes to stderr, by Python and below it: a stray line would end the conversation.
    """
    stdout = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    stdin = os.fdopen(os.dup(sys.stdin.fileno()), "rb")  # not Python's own: a thread may wait for it to the end
    try:
        asyncio.run(converse(server.protocol, stdin, stdout))
    except SystemExit as left:
        return 0 if left.code == 0 else 1
    return 1


def _holds(span: Span, place: Position) -> bool:
    return span.start <= place <= span.end
