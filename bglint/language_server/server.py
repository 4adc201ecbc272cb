"""The server of one client: what has happened is gathered, looked at turn by turn, and what came of it published."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from bglint import __version__
from bglint.discovery import SUFFIXES
from bglint.language_server import messages
from bglint.language_server.analysis import WATCHED, Analysis, Document, News
from bglint.language_server.places import Lines
from bglint.language_server.wire import Protocol
from bglint.project import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bglint.diagnostics import Diagnostic
    from bglint.language_server.analysis import Turn, View

logger = logging.getLogger(__name__)

MAX_PAUSE_S: Final = 1.0
"""How long changes are gathered at the most before they are looked at."""
PATIENCE_S: Final = 5.0
"""How long a question waits for the analysis of what was typed last."""
_STACK_BYTES: Final = 64 << 20


class Server(LanguageServer):
    """One client's server. What it knows of a file is the last `View` that a turn of the analysis gave."""

    protocol: Protocol

    def __init__(self) -> None:
        # The whole text with every change: what is taken for the end of a line differs among libraries.
        whole = types.TextDocumentSyncKind.Full
        super().__init__("bglint", __version__, text_document_sync_kind=whole, protocol_cls=Protocol)
        self._worker = _worker()
        self._analysis = Analysis()
        self._views: dict[str, View] = {}
        self._uris: dict[str, str] = {}
        self._published: dict[str, list[types.Diagnostic]] = {}
        self._news = News()
        self._wake = asyncio.Event()
        self._settled = asyncio.Condition()
        self._busy = True
        self._resume_at = 0.0
        self._problem: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with the folders that the client has opened, once."""
        if self._task is not None:
            return
        _LogHandler(self, asyncio.get_running_loop()).attach()
        self._news.folders = self._folders()
        self._task = asyncio.ensure_future(self._run())
        self._wake.set()

    def note(self) -> News:
        """What has happened since the last turn, to be added to; a turn follows."""
        self._busy = True
        self._wake.set()
        return self._news

    def hold(self, uri: str, text: str | None, version: int | None = None) -> None:
        """Take note of what the editor holds of a file; None: it no longer does."""
        path = to_fs_path(uri) if uri.startswith("file:") else None
        if path is None or not path.endswith(SUFFIXES):
            return
        if text is None:
            self._uris.pop(path, None)
        else:
            self._uris[path] = uri
        documents = self.note().documents
        documents.pop(path, None)
        documents[path] = Document(text, version) if text is not None else None

    def folders_changed(self) -> None:
        """Take note of other workspace folders."""
        self.note().folders = self._folders()

    async def view(self, uri: str) -> View | None:
        """What is known of a file, once what was typed last has been looked at."""
        path = to_fs_path(uri)
        try:
            async with asyncio.timeout(PATIENCE_S), self._settled:
                await self._settled.wait_for(lambda: not self._busy)
        except TimeoutError:
            logger.warning("the analysis takes long; the answer is about an earlier text")
        return self._views.get(path or "")

    def lines(self, text: str) -> Lines:
        """A text in the units that were agreed on with the client."""
        return Lines(text, self.workspace.position_encoding or types.PositionEncodingKind.Utf16)

    def shown(self, view: View) -> Iterator[tuple[Diagnostic, types.Diagnostic]]:
        """The findings of a file as they are shown."""
        related = self._can("text_document", "publish_diagnostics", "related_information")
        lines = {path: self.lines(text) for path, text in view.texts.items()}
        for found in view.outcome.diagnostics:
            yield found, messages.diagnostic(found, lines, related=related)

    def lenses(self, view: View) -> list[types.CodeLens]:
        """The verdict on each task of a file."""
        can_show = self._can("window", "show_document", "support")
        lines = {path: self.lines(text) for path, text in view.texts.items()}
        return [messages.lens(task, lines, can_show=can_show) for task in view.outcome.tasks]

    def changed(self, uri: str, version: int | None, edits: Sequence[types.TextEdit]) -> types.WorkspaceEdit:
        """The change of one file, tied to its version where the client knows of versions."""
        if self._can("workspace", "workspace_edit", "document_changes"):
            document = types.OptionalVersionedTextDocumentIdentifier(uri, version)
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, list(edits))])
        return types.WorkspaceEdit(changes={uri: list(edits)})

    async def watch(self) -> None:
        """Ask the client to tell of files that change on the disk."""
        if not self._can("workspace", "did_change_watched_files", "dynamic_registration"):
            return
        watchers = [types.FileSystemWatcher(glob_pattern=glob) for glob in WATCHED]
        registration = types.Registration(
            "bglint-watch",
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            types.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        await self.client_register_capability_async(types.RegistrationParams([registration]))

    def report_server_error(self, error: Exception, source: Any) -> None:  # noqa: ARG002 - whatever it was
        """Log an error; it interrupts nobody who types."""
        self.log(types.MessageType.Error, f"{type(error).__name__}: {error}")

    def log(self, kind: types.MessageType, text: str) -> None:
        """Write to the client's log."""
        self.window_log_message(types.LogMessageParams(kind, text))

    def _folders(self) -> tuple[str, ...]:
        uris = [folder.uri for folder in self.workspace.folders.values()]
        if not uris and self.workspace.root_uri:
            uris = [self.workspace.root_uri]
        return tuple(path for uri in uris if (path := to_fs_path(uri)))

    def _can(self, *names: str) -> bool:
        """Whether the client has told that it can do something."""
        capability: Any = self.client_capabilities
        for name in names:
            capability = getattr(capability, name, None)
        return bool(capability)

    async def _run(self) -> None:
        """Turn by turn, as long as there is something to do. Changes that come in meanwhile are gathered.

        The analysis rests as long as it has worked, so that typing never takes more than half of its time.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._resume_at - time.monotonic() if self._news.documents else 0)
            self._wake.clear()
            news, self._news = self._news, News()
            started = time.monotonic()
            turn = await loop.run_in_executor(self._worker, self._analysis.turn, news)
            ended = time.monotonic()
            self._resume_at = ended + min(ended - started, MAX_PAUSE_S)
            try:
                self._show(turn, news)
            except Exception:
                logger.exception("internal error, please report it")
            if not turn.settled:
                self._wake.set()
            elif not self._news:
                self._busy = False
                async with self._settled:
                    self._settled.notify_all()
                # What a turn leaves goes in circles: it is freed while nobody waits, and not in the midst of the next.
                await loop.run_in_executor(self._worker, gc.collect)

    def _show(self, turn: Turn, news: News) -> None:
        if turn.problem is not None and (turn.problem != self._problem or news.configuration):
            logger.error(turn.problem)
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"bglint: {turn.problem}"))
        self._problem = turn.problem
        lenses_stale = False
        for path, view in turn.views.items():
            before = self._views.get(path)
            if path not in news.documents and path in self._uris:
                lenses_stale |= before is None or before.outcome.tasks != view.outcome.tasks
            if view.outcome == Outcome(text=view.outcome.text) and path not in self._uris:
                self._views.pop(path, None)
            else:
                self._views[path] = view
            if path not in self._news.documents:  # else what would be shown is behind what is typed
                self._publish(path, view)
        if lenses_stale and self._can("workspace", "code_lens", "refresh_support"):
            self.workspace_code_lens_refresh(None, lambda _: None)

    def _publish(self, path: str, view: View) -> None:
        diagnostics = [shown for _, shown in self.shown(view)]
        if self._published.get(path, []) == diagnostics:
            return
        self._published[path] = diagnostics
        uri = self._uris.get(path) or messages.uri_of(path)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, view.version))


def _worker() -> ThreadPoolExecutor:
    """The thread of the analysis, with room for deeply nested code: some systems give a thread little."""
    before = threading.stack_size(_STACK_BYTES)
    try:
        worker = ThreadPoolExecutor(1, thread_name_prefix="analysis")
        worker.submit(int).result()
    finally:
        threading.stack_size(before)
    return worker


class _LogHandler(logging.Handler):
    """Passes what is logged on to the client, from whichever thread it comes."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._server = server
        self._loop = loop

    def attach(self) -> None:
        for name, level in (("bglint", logging.INFO), ("pygls", logging.ERROR)):
            logging.getLogger(name).setLevel(level)
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        kinds = {logging.ERROR: types.MessageType.Error, logging.WARNING: types.MessageType.Warning}
        kind = kinds.get(record.levelno, types.MessageType.Info)
        self._loop.call_soon_threadsafe(self._server.log, kind, self.format(record))
