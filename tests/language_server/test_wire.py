"""Bytes that are no messages, and messages that nobody expects: the server answers what follows, and ends in order."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.conversation import answered, framed, read, request, started

if TYPE_CHECKING:
    from pathlib import Path

GARBAGE: Final = {
    "no JSON": framed(b"{nope"),
    "no UTF-8": framed(b'"\xff\xfe"'),
    "a batch": framed([request(1, "shutdown")]),
    "a number": framed(b"3"),
    "nesting": framed(b"[" * 100_000),
    "digits": framed(b"1" * 10_000),
    "an answer to nothing": framed({"jsonrpc": "2.0", "id": 5, "result": None}),
    "an answer to a list": framed({"jsonrpc": "2.0", "id": [5], "result": None}),
    "an error of nothing": framed({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "?"}}),
    "no text": framed({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {"uri": 3}}}),
    "no such note": framed({"jsonrpc": "2.0", "method": "none", "params": {}}),
    "cancelled nothing": framed({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 99}}),
    "cancelled badly": framed({"jsonrpc": "2.0", "method": "$/cancelRequest"}),
    "no length": b"Content-Type: text/plain\r\n\r\n{}",
    "no header": b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}',
    "an empty message": b"Content-Length: 0\r\n\r\n",
    "less than nothing": b"Content-Length: -5\r\n\r\n{}",
    "a word": b"Content-Length: many\r\n\r\n{}\r\n",
    "too long": b"Content-Length: 1000000000000000\r\n\r\n{}",
    "far too long": b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}",
    "two lengths": b"Content-Length: 900\r\nContent-Length: 2\r\n\r\n{}",
    "other ends of lines": b"content-length:2\n\n{}",
    "a long line": b"X" * 200_000,
    "initialized again": framed({"jsonrpc": "2.0", "method": "initialized", "params": {}}),
    "a text that is not open": framed({
        "jsonrpc": "2.0", "method": "textDocument/didChange",
        "params": {"textDocument": {"uri": "file:///none.py", "version": 1}, "contentChanges": [{"text": "x"}]},
    }),
    "a path that is none": framed({
        "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {
            "uri": "file:///%00.py", "languageId": "python", "version": 1, "text": "add_task"
        }},
    }),
}  # fmt: skip
PLACE: Final = {"textDocument": {"uri": "file:///none/a.py"}, "position": {"line": 0, "character": 0}}
LEAVE: Final = framed(request("last", "shutdown")) + framed({"jsonrpc": "2.0", "method": "exit"})


def server(folder: Path, said: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "bglint", "server"]
    return subprocess.run(command, input=said, cwd=folder, capture_output=True, timeout=120, check=False)


def test_what_is_no_message_keeps_nothing_from_being_answered(tmp_path: Path) -> None:
    said = started()
    for name, garbage in GARBAGE.items():
        said += garbage + framed(request(name, "workspace/executeCommand", {"command": "none"}))
    done = server(tmp_path, said + LEAVE)
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    answers = [message["id"] for message in read(done.stdout) if message.get("id") is not None]
    assert [each for each in answers if each in GARBAGE] == [*GARBAGE]
    assert answers[-1] == "last"


@pytest.mark.parametrize(
    ("message", "number", "code", "said"),
    [
        (b"{nope", None, -32700, "Parse Error: Expecting property name"),
        ([request(1, "shutdown")], None, -32600, "Invalid Request: expected one object"),
        ({"jsonrpc": "1.0", "id": 1, "method": "shutdown"}, 1, -32600, 'Invalid Request: expected "jsonrpc": "2.0"'),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, 1, -32600, "Invalid Request: expected a string as method"),
        (request([2], "shutdown"), None, -32600, "expected a string or a whole number as id"),  # type: ignore[arg-type]
        (request(3, "no/such"), 3, -32601, "Method Not Found: no/such"),
        (request(4, "textDocument/hover", {**PLACE, "position": {"line": "x", "character": 1}}), 4, -32602, "$.params"),
        (request(5, "textDocument/hover"), 5, -32602, "Invalid Params"),
        (request(6, "initialize", {"capabilities": {}}), 6, -32600, "initialize after initialize"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_what_is_wrong(
    message: Any, number: object, code: int, said: str
) -> None:
    answers = [each for each in answered(started() + framed(message)) if "error" in each]
    assert [(each["id"], each["error"]["code"]) for each in answers] == [(number, code)]
    assert said in answers[0]["error"]["message"]


def test_nothing_is_answered_before_the_client_has_introduced_itself_nor_after_it_took_its_leave() -> None:
    early = framed(request(1, "textDocument/hover", PLACE))
    late = framed(request("last", "shutdown")) + framed(request(2, "textDocument/hover", PLACE))
    codes = {each["id"]: each["error"]["code"] for each in answered(early + started() + late) if "error" in each}
    assert codes == {1: -32002, 2: -32600}


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"", 1),
        (started(), 1),
        (started() + framed({"jsonrpc": "2.0", "method": "exit"}), 1),
        (started() + framed(request(1, "shutdown"))[:-9], 1),
        (started() + LEAVE, 0),
    ],
    ids=["nothing", "no leave", "exit alone", "half a message", "leave"],
)
def test_the_status_says_whether_the_client_took_its_leave(said: bytes, status: int, tmp_path: Path) -> None:
    done = server(tmp_path, said)
    assert (done.returncode, done.stderr) == (status, b"")


def test_a_client_that_listens_no_more_ends_the_server(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "bglint", "server"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=tmp_path) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(started() + framed(request(1, "no/such")))
        process.stdin.flush()  # and stays open
        assert (process.wait(60), process.stderr.read()) == (1, b"")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_every_request_is_answered_once_whatever_surrounds_it(data: st.DataObject) -> None:
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
        max_leaves=12,
    )
    surroundings = values.map(framed) | st.binary(max_size=30) | st.sampled_from([*GARBAGE.values()])
    said, numbers = started(), []
    for number in range(data.draw(st.integers(1, 5))):
        said += data.draw(surroundings)
        if data.draw(st.booleans()):
            method = data.draw(st.sampled_from(["textDocument/hover", "textDocument/codeLens", "no/such"]))
            said += framed(request(f"asked-{number}", method, data.draw(values | st.just(PLACE))))
            numbers.append(f"asked-{number}")
    answers = [each.get("id") for each in answered(said)]
    assert [each for each in answers if str(each).startswith("asked-")] == numbers


_KEYS: Final = st.sampled_from(["jsonrpc", "id", "method", "params", "error", "result", "textDocument", "uri", "x"])
