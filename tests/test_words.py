"""Which files may register a task, told by the words that their bytes hold."""

from __future__ import annotations

import pytest

from bglint.registrations.forms import FORMS
from bglint.registrations.words import Words


@pytest.mark.parametrize("call", sorted(FORMS))
def test_a_file_that_uses_a_known_form_may_register(call: str) -> None:
    form = FORMS[call]
    package, _, name = call.rpartition(".") if form.method[:1].isupper() else call.rpartition(".")[0].rpartition(".")
    text = f"from {package} import {name or form.method} as alias\nobject.{form.method}(f)\n".encode()
    assert Words(preview=form.preview).may_register(text)


@pytest.mark.parametrize(
    "text", [b"attention_mask = mask\n", b"falcon = model('falcon')\n", b"hass.async_create_background_task(f())\n"]
)
def test_a_file_with_similar_words_does_not(text: bytes) -> None:
    assert not Words().may_register(text)


def test_forms_in_preview_and_declared_ones_are_looked_for_only_where_they_hold() -> None:
    assert not Words().may_register(b"asyncio.create_task(f())")
    assert Words(preview=True).may_register(b"asyncio.ensure_future(f())")
    assert not Words().may_register(b"runner.enlist(f)")
    assert Words(["enlist"]).may_register(b"runner.enlist(f)")
    assert Words(["Task", "spawn"]).may_register(b"runner.Task(f)")  # parts of words that need others beside them


def test_only_the_given_part_of_a_buffer_counts() -> None:
    assert not Words().may_register(bytearray(b"x = 1\ntasks.add_task(f)"), 6)


@pytest.mark.parametrize(
    ("text", "registers"),
    [
        (b'"""A tracked task rather than `BackgroundTasks`: tasks.add_task(f)"""\nx = 1\n', False),
        (b"x = 1  # not tasks.add_task(f)\n", False),
        (b"x = '#'; tasks.add_task(f)\n", True),
        (b'x = \'"""\'; tasks.add_task(f)\n', True),
        (b'def f(tasks: "BackgroundTasks"): ...\n', True),
        (b'"""left open\ntasks.add_task(f)\n', True),
        (b"self._background_tasks.add(task)\n", False),
        (b"async_add_task(f)\n", False),
        (b"from nicegui import background_tasks as later\nlater.create(f())\n", True),
    ],
)
def test_words_count_where_code_holds_them(text: bytes, registers: bool) -> None:
    assert Words().may_register(text) is registers
