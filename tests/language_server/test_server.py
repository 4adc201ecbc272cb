"""The language server as an editor meets it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from tests.shop import API, HEAVY, LIGHT

if TYPE_CHECKING:
    from .conftest import Editor

pytestmark = pytest.mark.asyncio
NON_ASCII = API.replace("    tasks", "    'é𝄞'; tasks")


async def test_findings_are_shown_with_the_trace_also_of_files_that_are_not_open(editor: Editor) -> None:
    related = types.PublishDiagnosticsClientCapabilities(related_information=True)
    document = types.TextDocumentClientCapabilities(publish_diagnostics=related)
    await editor.start(types.ClientCapabilities(text_document=document))
    [finding] = await editor.shows("shop/api.py", "BG101")
    assert finding.source == "bglint"
    assert finding.range == types.Range(types.Position(5, 4), types.Position(5, 39))
    steps = finding.related_information or ()
    assert [step.location.uri for step in steps] == [editor.uri("shop/media.py")] * 2
    assert "resize" in steps[-1].message or "save" in steps[-1].message


@pytest.mark.parametrize(("encoding", "column"), [(None, 11), ("utf-16", 11), ("utf-8", 14), ("utf-32", 10)])
async def test_columns_are_in_the_units_agreed_on(editor: Editor, encoding: str | None, column: int) -> None:
    encodings = [types.PositionEncodingKind(encoding)] if encoding else None
    general = types.GeneralClientCapabilities(position_encodings=encodings)
    await editor.start(types.ClientCapabilities(general=general))
    editor.open("shop/api.py", NON_ASCII)
    await editor.until(
        lambda: (
            [each.range.start.character for each in editor.client.diagnostics.get(editor.uri("shop/api.py"), ())]
            == [column]
        )
    )


async def test_a_helper_that_is_edited_changes_what_is_shown_of_the_task(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.open("shop/media.py")
    editor.type("shop/media.py", LIGHT)
    await editor.shows("shop/api.py")
    editor.type("shop/media.py", HEAVY)
    await editor.shows("shop/api.py", "BG101")


async def test_half_written_code_keeps_the_findings_where_the_code_now_is(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.type("shop/api.py", API.replace("\n\n\ndef", "\n\n\ndef half(\n\n\ndef"))
    await editor.until(lambda: editor.client.diagnostics[editor.uri("shop/api.py")][0].range.start.line == 8)
    editor.type("shop/api.py", API.replace("    tasks", "    pass\n    tasks"))
    await editor.until(lambda: editor.client.diagnostics[editor.uri("shop/api.py")][0].range.start.line == 6)


async def test_what_is_typed_and_not_saved_is_forgotten_when_the_file_is_closed(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/media.py", LIGHT)
    editor.open("shop/api.py")
    await editor.hover("shop/api.py", 5, 6)
    assert editor.codes("shop/api.py") == []
    document = types.TextDocumentIdentifier(editor.uri("shop/media.py"))
    editor.client.text_document_did_close(types.DidCloseTextDocumentParams(document))
    await editor.shows("shop/api.py", "BG101")


async def test_the_hover_holds_the_trace_and_the_documentation(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    text = await editor.hover("shop/api.py", 5, 6)
    assert "make_previews" in text
    assert "[media.py:6](" in text
    assert "## What it does" in text
    assert await editor.hover("shop/api.py", 0, 0) == ""
    editor.type("shop/api.py", API.replace("path)\n", "path)  # bglint: ignore[BG101]\n"))
    await editor.shows("shop/api.py")
    assert "## What it does" in await editor.hover("shop/api.py", 5, 61)


async def test_a_finding_can_be_ignored_on_its_line(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py", NON_ASCII)
    [action] = await editor.actions("shop/api.py", 5, "quickfix")
    assert action.title == "Ignore BG101 on this line"
    assert action.edit
    assert action.edit.changes
    [edit] = action.edit.changes[editor.uri("shop/api.py")]
    assert edit.new_text == "  # bglint: ignore[BG101]"
    assert edit.range.start.character == len(NON_ASCII.splitlines()[5]) + 1  # one character takes two units
    editor.type("shop/api.py", NON_ASCII.replace("path)\n", f"path){edit.new_text}\n"))
    await editor.shows("shop/api.py")


async def test_a_safe_fix_is_preferred_and_part_of_fix_all(editor: Editor) -> None:
    await editor.start()
    text = API.replace("make_previews, path)", "make_previews(path))")
    editor.open("shop/api.py", text)
    offered = await editor.actions("shop/api.py", 5)
    fixes = [
        each for each in offered if "BG401" in each.title and each.kind == "quickfix" and "Ignore" not in each.title
    ]
    assert fixes
    for fix in fixes:
        assert fix.is_preferred is ("may change" not in fix.title)
        assert fix.edit


async def test_a_lens_says_the_verdict_and_leads_to_the_work(editor: Editor) -> None:
    show = types.WindowClientCapabilities(show_document=types.ShowDocumentClientCapabilities(True))
    await editor.start(types.ClientCapabilities(window=show))
    editor.open("shop/api.py")
    document = types.TextDocumentIdentifier(editor.uri("shop/api.py"))
    [lens] = await editor.client.text_document_code_lens_async(types.CodeLensParams(document)) or ()
    assert lens.command
    assert lens.command.title.startswith("bglint: cpu · image")
    assert lens.command.arguments
    assert lens.command.arguments[0] == editor.uri("shop/media.py")
    await editor.client.workspace_execute_command_async(
        types.ExecuteCommandParams(lens.command.command, lens.command.arguments)
    )
    [shown] = editor.client.shown_documents
    assert shown.uri == editor.uri("shop/media.py")
    assert shown.selection
    assert shown.selection.start.line == 5


async def test_a_changed_configuration_holds_at_once_and_a_wrong_one_is_said(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.save_elsewhere("bglint.toml", 'ignore = ["BG101"]\n', types.FileChangeType.Created)
    await editor.shows("shop/api.py")
    editor.save_elsewhere("bglint.toml", 'ignroe = ["BG101"]\n')
    await editor.until(lambda: any("did you mean 'ignore'" in each.message for each in editor.client.messages))
    assert editor.codes("shop/api.py") == []
    editor.save_elsewhere("bglint.toml", "")
    await editor.shows("shop/api.py", "BG101")


async def test_files_that_come_on_the_disk_are_looked_at(editor: Editor) -> None:
    await editor.start()
    await editor.shows("shop/api.py", "BG101")
    editor.save_elsewhere("shop/more.py", API, types.FileChangeType.Created)
    await editor.shows("shop/more.py", "BG101")


async def test_no_folder_is_needed(editor: Editor) -> None:
    await editor.client.initialize_session(types.InitializeParams(types.ClientCapabilities()))
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800",
        "(" * 100_000,
        "x = " + "-" * 50_000 + "1",
        "def f(:\n" * 1000,
        "# coding: nonsense\n" + API,
        "\f\u2028\x85",
    ],
    ids=["nul", "surrogate", "nested", "signs", "broken", "cookie", "breaks"],
)
async def test_a_hostile_file_does_not_end_the_server(editor: Editor, text: str) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.open("shop/hostile.py", text + "\nadd_task")
    editor.type("shop/hostile.py", API)
    await editor.shows("shop/hostile.py", "BG101")
    editor.type("shop/hostile.py", text + "\nBackgroundTasks().add_task")
    editor.type("shop/api.py", "\n" + API)
    await editor.until(lambda: editor.client.diagnostics[editor.uri("shop/api.py")][0].range.start.line == 6)


async def test_every_keystroke_of_a_line_ends_where_the_whole_text_does(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py", "")
    for end in range(0, len(API), 3):
        editor.type("shop/api.py", API[:end])
        await asyncio.sleep(0)
    editor.type("shop/api.py", API)
    await editor.shows("shop/api.py", "BG101")


async def test_a_helper_that_is_renamed_or_deleted_on_the_disk_is_gone_for_the_task(editor: Editor) -> None:
    api = API.replace("make_previews", "prepare")  # a name that tells nothing where it cannot be read
    (editor.folder / "shop/media.py").write_text(HEAVY.replace("make_previews", "prepare"), encoding="utf-8")
    await editor.start()
    editor.open("shop/api.py", api)
    await editor.shows("shop/api.py", "BG101")
    (editor.folder / "shop/media.py").rename(editor.folder / "shop/pictures.py")
    editor.tell(("shop/media.py", types.FileChangeType.Deleted), ("shop/pictures.py", types.FileChangeType.Created))
    await editor.shows("shop/api.py")
    editor.type("shop/api.py", api.replace("shop.media", "shop.pictures"))
    await editor.shows("shop/api.py", "BG101")
    (editor.folder / "shop/pictures.py").unlink()
    editor.tell(("shop/pictures.py", types.FileChangeType.Deleted))
    await editor.shows("shop/api.py")


async def test_a_helper_that_changes_outside_of_the_editor_counts(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.save_elsewhere("shop/media.py", LIGHT)
    await editor.shows("shop/api.py")


async def test_what_is_shown_of_a_file_goes_with_it(editor: Editor) -> None:
    await editor.start()
    await editor.shows("shop/api.py", "BG101")
    (editor.folder / "shop/api.py").unlink()
    editor.tell(("shop/api.py", types.FileChangeType.Deleted))
    await editor.shows("shop/api.py")


async def test_a_half_written_helper_goes_on_being_what_it_was(editor: Editor) -> None:
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.open("shop/media.py")
    editor.type("shop/media.py", HEAVY + "\ndef half(")
    await editor.hover("shop/media.py", 0, 0)
    assert editor.codes("shop/api.py") == ["BG101"]
    editor.type("shop/media.py", LIGHT)
    await editor.shows("shop/api.py")


async def test_the_configuration_that_another_builds_on_is_read_again(editor: Editor) -> None:
    (editor.folder / "shared.toml").write_text("", encoding="utf-8")
    (editor.folder / "bglint.toml").write_text('extend = "shared.toml"\n', encoding="utf-8")
    await editor.start()
    editor.open("shop/api.py")
    await editor.shows("shop/api.py", "BG101")
    editor.save_elsewhere("shared.toml", 'ignore = ["BG101"]\n')
    await editor.shows("shop/api.py")
