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
)
