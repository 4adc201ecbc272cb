"""The fixtures that are run for parity, the values their endpoints are given, and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Application:
    """One folder of `fixtures/`.

    `values` are keyed by a regular expression for the line that registers a task, the last one being for all others.
    `left_out` maps such an expression to the reason why the task is not run.
    """

    folder: str
    application: str
    values: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})
    data: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)


NOT_INSTALLED: Final = {
    "easyocr": "brings models and torch", "faster_whisper": "needs a model", "librosa": "brings numba and LLVM",
    "paddleocr": "brings models and a framework", "playwright": "needs a browser", "rembg": "needs a model",
    "sentence_transformers": "needs a model and torch", "torch": "is too big",
    "transformers": "needs a model and torch", "weasyprint": "needs Pango", "whisper": "needs a model and torch",
}  # fmt: skip
"""Packages that the tests do not install; a task that fails for want of one is not compared."""

APPLICATIONS: Final = (
    Application(
        "guide",
        "app.main:app",
        {
            "process_video|transcode": {"path": "film.mp4"},
            "resize_image|thumbnails": {"path": "photo.jpg"},
            "dataset|totals": {"path": "table.csv"},
            "": {},
        },
        ("film", "photo", "table"),
    ),
    Application("effect_audio", "voices.main:app", {"": {"path": "sound.wav"}}, ("sound",)),
    Application("effect_compression", "backups.main:app", {"": {"folder": "box"}}, ("box", "archive")),
    Application("effect_crypto", "accounts.main:app"),
    Application("effect_data", "sales.main:app", {"": {"path": "clicks.csv", "days": 2}}, ("clicks",)),
    Application("effect_db", "stock.main:app"),
    Application("effect_document", "office.main:app", data=("letter",)),
    Application("effect_file", "attic.main:app", {"": {"box": "parcel"}}, ("attic",)),
    Application(
        "effect_http",
        "hooks.main:app",
        left_out={"store_report": "needs S3"},
    ),
    Application(
        "effect_image",
        "photos.main:app",
        {"remove_noise": {"path": "scan.png"}, "": {"path": "photo.jpg"}},
        ("photo", "scan"),
    ),
    Application(
        "effect_loop",
        "primes.main:app",
        left_out={"collect_events|count_events": "never ends"},
    ),
    Application("effect_ml", "moderation.main:app", {"": {"path": "photo.jpg"}}),
    Application("effect_ocr", "receipts.main:app"),
    Application("effect_pdf", "papers.main:app", {"": {"path": "document.pdf"}}, ("document",)),
    Application("effect_plot", "charts.main:app", {"": {"path": "clicks.csv"}}, ("clicks",)),
    Application(
        "effect_scrape",
        "reader.main:app",
        {"": {"url": "https://news.example.com/"}},
        left_out={"screenshot": "needs a browser"},
    ),
    Application(
        "effect_sleep",
        "oven.main:app",
        left_out={r"cool_down|let_rise|until_done": "sleeps for half a minute or more"},
    ),
    Application(
        "effect_subprocess",
        "converter.main:app",
        {"": {"path": "film.mp4"}},
        ("film",),
        {
            "to_pdf|render_scene|archive_site|read_archive": "needs a program that is not installed",
            "transcode_loudly": "its program refuses the arguments",
        },
    ),
    Application(
        "effect_video",
        "clips.main:app",
        {"trim": {"path": "clip.mp4"}, "": {"path": "film.mp4"}},
        ("clip", "film"),
    ),
    Application("small_is_not_heavy", "counter.main:app"),
    Application("once_is_not_now", "atlas.main:app"),
    Application("offloading", "render_farm.main:app"),
    Application("enqueue_common", "dispatch.main:app"),
    Application("call_chains", "harbour.main:app"),
    Application("callbacks", "survey.main:app"),
    Application(
        "annotated_parameters",
        "museum.main:app",
        left_out={"keeper": "is one of two, and the linter names the heavier"},
    ),
    Application("callable_instances", "foundry.main:app"),
    Application("class_and_static_methods", "reports.main:app"),
    Application(
        "comments",
        "notices.main:app",
        left_out={"print_preview|with_preview|settle|press": "is declared light or heavy, whatever it does"},
    ),
    Application("conditional_definitions", "radio.main:app"),
    Application("decorated_functions", "newsroom.main:app"),
    Application("depends_return_annotation", "ledger.main:app", data=("desks",)),
    Application("depends_returned_value", "fleet.main:app"),
    Application(
        "dict_dispatch",
        "mailroom.main:app",
        {"": {"kind": "frank"}},
        left_out={
            r"\(HANDLERS\[kind|\(dispatch, kind": "is what the request asks for, and the linter names the heaviest"
        },
    ),
    Application("factories", "optics.main:app"),
    Application("filled_collections", "workshop.main:app"),
    Application("forms_fastapi", "hotel.main:app"),
)

TRIED_BY_HAND: Final = "agreed when it was tried by hand; left out to keep the tests short"
NOT_RUN: Final = {
    "broken": "holds files that no interpreter reads", "newer_syntax": "needs Python 3.14",
    "declared_attributes": "declares attributes that nothing sets",
    "delegation": "is about names; effect_image measures the work",
    "kinds_of_work": "says which of several kinds of work gives the word, which nothing measures",
    "enqueue_more": "needs the servers of its queues", "forms_declared": "registers by forms of its own",
    "forms_runtime": "hands its tasks to a queue whose worker is not there",
    "guide_unreadable": "imports a package that does not exist", "names": "imports a package that does not exist",
    "many_implementations": "imports WeasyPrint, which needs Pango", "misuse": "its mistakes keep it from starting",
    "lazy_results": "imports faster-whisper, which fetches a model",
    "untyped_receivers": "its receivers are whatever a caller hands over", "vectors_given": "imports chromadb",
    "settled_branches": "imports WeasyPrint, which needs Pango",
    "state_that_outlives": "imports WeasyPrint, which needs Pango", "several_roots": "starts from several roots",
    "unrelated": "registers no task",
    "forms_aiojobs": "is for aiohttp", "forms_asgi_background": "is for bare ASGI", "forms_falcon": "is for Falcon",
    "forms_lilya": "is for Lilya", "forms_litestar": "is for Litestar", "forms_quart": "is for Quart",
    "forms_sanic": "is for Sanic", "forms_starlette": "has no description of its endpoints to ask them by",
    "enqueue_lookalikes": TRIED_BY_HAND,
    "forms_receivers": TRIED_BY_HAND,
    "forms_subclasses": TRIED_BY_HAND,
    "function_local_imports": TRIED_BY_HAND,
    "helpers": TRIED_BY_HAND,
    "imports_relative": TRIED_BY_HAND,
    "inheritance_overriding": TRIED_BY_HAND,
    "lambdas": TRIED_BY_HAND,
    "local_aliases": TRIED_BY_HAND,
    "namespace_packages": TRIED_BY_HAND,
    "nested_functions": TRIED_BY_HAND,
    "own_package": TRIED_BY_HAND,
    "partials": TRIED_BY_HAND,
    "properties": TRIED_BY_HAND,
    "protocols": TRIED_BY_HAND,
    "redefinitions": TRIED_BY_HAND,
    "reexports": TRIED_BY_HAND,
    "same_name_as_library": TRIED_BY_HAND,
    "self_attributes": TRIED_BY_HAND,
    "singletons": TRIED_BY_HAND,
    "star_imports": TRIED_BY_HAND,
    "type_checking_imports": TRIED_BY_HAND,
    "with_as": TRIED_BY_HAND,
    "committed_venv": TRIED_BY_HAND,
    "import_aliases": TRIED_BY_HAND,
}  # fmt: skip
"""Folders of `fixtures/` whose tasks are not measured, and why. The runtime stands in for Starlette's tasks alone."""
