"""A real client, over stdin and stdout of a real server, in a small project."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from lsprotocol import types
from pytest_lsp import LanguageClient, make_test_lsp_client

from tests.shop import make_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

DEADLINE_S = 60


class Editor:
    """What an editor does, in few words; paths are relative to the folder that it has opened."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self._versions: dict[str, int] = {}

    async def start(self, capabilities: types.ClientCapabilities | None = None) -> types.InitializeResult:
        folder = types.WorkspaceFolder(self.folder.as_uri(), "shop")
        return await self.client.initialize_session(
            types.InitializeParams(capabilities or types.ClientCapabilities(), workspace_folders=[folder])
        )

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        text = (self.folder / name).read_text(encoding="utf-8") if text is None else text
        self._versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), "python", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, name: str, text: str) -> None:
        self._versions[name] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[name], self.uri(name))
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save_elsewhere(self, name: str, text: str, how: types.FileChangeType = types.FileChangeType.Changed) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")
        self.tell((name, how))

    def tell(self, *changes: tuple[str, types.FileChangeType]) -> None:
        """Tell of files that others have changed on the disk."""
        events = [types.FileEvent(self.uri(name), how) for name, how in changes]
        self.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(events))

    def codes(self, name: str) -> list[object]:
        return [each.code for each in self.client.diagnostics.get(self.uri(name), ())]

    async def shows(self, name: str, *codes: str) -> list[types.Diagnostic]:
        """Wait until these findings, and no others, are shown of a file."""
        await self.until(lambda: self.codes(name) == [*codes])
        return list(self.client.diagnostics.get(self.uri(name), ()))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await asyncio.sleep(0.02)

    async def actions(self, name: str, row: int, *only: str) -> list[types.CodeAction]:
        place = types.Range(types.Position(row, 14), types.Position(row, 14))
        found = await self.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(self.uri(name)), place, types.CodeActionContext([], only or None)
            )
        )
        return [each for each in found or () if isinstance(each, types.CodeAction)]

    async def hover(self, name: str, row: int, column: int) -> str:
        found = await self.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(self.uri(name)), types.Position(row, column))
        )
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else ""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository with one task, whose work lies in another module."""
    return make_shop(tmp_path)


@pytest_asyncio.fixture
async def editor(shop: Path) -> AsyncIterator[Editor]:
    client = make_test_lsp_client()
    await client.start_io(sys.executable, "-m", "bglint", "server")
    yield Editor(client, shop)
    await client.shutdown_session()
    await client.stop()  # type: ignore[no-untyped-call]
