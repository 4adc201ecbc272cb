"""The fixtures that are run for parity, the values their endpoints are given, and what is left out and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Application:
    """One folder of `fixtures/`, and its applications: `module:name`, or `module:name()` for what a factory makes.

    `values` are keyed by a regular expression for the line that registers a task, the last one being for all others.
    `left_out` maps such an expression to the reason why the task is not run. The other fields are those of
    `measuring.Specification`; `requests` are needed where the application has no description of its endpoints. Tasks
    that pay once for more than imports (`pays_once`) are always warmed up before they are measured.
    """

    folder: str
    application: str
    values: dict[str, dict[str, Any]] = field(default_factory=lambda: {"": {}})
    data: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = (".",)
    requests: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ("starlette",)
    registrations: dict[str, int] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    state: dict[str, str] = field(default_factory=dict)
    pays_once: bool = False


NOT_INSTALLED: Final = {
    "dask": "needs a scheduler", "dbos": "does not go with BullMQ's package",
    "django": "needs Python 3.12 for its tasks", "django_q": "needs Django", "django_rq": "needs Django",
    "docket": "does not go with BullMQ's package", "easyocr": "brings models and torch",
    "faster_whisper": "needs a model", "hatchet_sdk": "needs a server of its own", "librosa": "brings numba and LLVM",
    "northlight_media": "does not exist", "paddleocr": "brings models and a framework", "pgqueuer": "needs PostgreSQL",
    "playwright": "needs a browser", "prefect": "needs a server of its own",
    "pytesseract": "needs the program Tesseract", "ray": "is too big", "rembg": "needs a model",
    "sentence_transformers": "needs a model and torch", "temporalio": "needs a server of its own",
    "torch": "is too big", "transformers": "needs a model and torch", "whisper": "needs a model and torch",
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
    Application("effect_http", "hooks.main:app", left_out={"store_report": "needs S3"}),
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
    Application("once_is_not_now", "atlas.main:app", pays_once=True),
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
    Application(
        "enqueue_lookalikes",
        "mirror.main:app",
        left_out={"wait_for": "waits for a workflow engine, or for a worker, that is not there"},
    ),
    Application("forms_receivers", "ferry.main:app"),
    Application("forms_subclasses", "agency.main:app"),
    Application("function_local_imports", "gallery.main:app", data=("albums",)),
    Application("helpers", "orchard.main:app"),
    Application("imports_relative", "press.main:app", data=("posters",)),
    Application("inheritance_overriding", "imports_desk.main:app"),
    Application("lambdas", "kiosk.main:app"),
    Application("local_aliases", "bakery.main:app"),
    Application("namespace_packages", "northwind.web.main:app"),
    Application("nested_functions", "clinic.main:app"),
    Application("own_package", "pandas.main:app"),
    Application("partials", "mapshop.main:app", {"": {"legend_only": False}}),
    Application("properties", "weather.main:app"),
    Application("protocols", "speech.main:app"),
    Application("redefinitions", "studio_two.main:app"),
    Application("reexports", "studio.main:app"),
    Application("same_name_as_library", "voice.main:app"),
    Application("self_attributes", "publisher.main:app"),
    Application("singletons", "cinema.main:app", data=("posters",)),
    Application("star_imports", "depot.main:app", data=("stock",)),
    Application("type_checking_imports", "atelier.main:app"),
    Application("with_as", "vault.main:app"),
    Application("committed_venv", "guestbook.main:app"),
    Application("import_aliases", "billing.main:app"),
    Application(
        "forms_starlette",
        "files.main:app",
        data=("box",),
        left_out={r"os\.remove": "removes what is there once"},
        requests=(
            "GET /download",
            "GET /bundle",
            "GET /list/box",
            "POST /archive/box",
            "POST /archive-now/box",
            "PUT /uploads",
        ),
    ),
    Application(
        "forms_litestar",
        "farm.main:app",
        requests=("POST /fields/7/map", "POST /fields/7/map-now", "POST /fields/7/harvest", "PUT /fields"),
        frameworks=("litestar",),
    ),
    Application(
        "forms_quart",
        "podcast.main:app podcast:create_app()",
        requests=("POST /now/7", "POST /episodes/7"),
        frameworks=("quart",),
    ),
    Application(
        "forms_falcon",
        "library.main:app",
        requests=("POST /catalogue", "PUT /catalogue", "DELETE /catalogue"),
        frameworks=("falcon",),
    ),
    Application(
        "forms_lilya",
        "garden.main:app",
        requests=("POST /beds/rose", "POST /beds/rose/water", "POST /beds/rose/tend"),
        frameworks=("lilya",),
    ),
    Application(
        "forms_asgi_background",
        "metrics.main:app",
        requests=("POST /samples", "POST /models"),
        frameworks=("asgi_background",),
    ),
    Application(
        "forms_runtime",
        "letters.main:app",
        left_out={
            "by_celery": "is no task of that Celery application",
            r"^        tasks\.add_task\(post|\(post, \"all": "is registered outside of requests",
        },
        frameworks=("starlette", "bglint"),
    ),
    Application(
        "forms_declared",
        "bureau.main:app",
        frameworks=(),
        registrations={"bureau.runner:Runner.submit": 0, "bureau.runner:after_response": 1},
    ),
    Application("several_roots", "app.main:app console:console", roots=("backend", "scripts")),
    Application("declared_attributes", "lab.main:app"),
    Application(
        "untyped_receivers",
        "desk.main:app",
        left_out={"store|look_up|list_all|tell|hand_on": "is given objects that nothing makes"},
    ),
    Application(
        "lazy_results",
        "scribe.main:app",
        {"unpack_tar": {"name": "logs.tar.gz"}, "archives": {"name": "box.zip"}, "": {"name": "big.csv"}},
        ("archive", "logs", "big"),
        {"load_bytes": "is given the content of an upload, here its name"},
        absent=("faster_whisper",),
    ),
    Application(
        "settled_branches",
        "archive.main:app",
        {"": {"name": "all"}},
        ("page",),
        {
            r"printer\.announce|Printer\(\)": "is registered with an object that nothing makes, or behind it",
            "refresh_all": "is given one name, and works from the second on",
        },
    ),
    Application(
        "many_implementations",
        "vault.main:app",
        {"convert": {"name": "all.html"}, "": {"name": "box"}},
        ("box", "page"),
        {r"keep, store|take_a_step": "does what it is given, and the linter says that it does not know"},
        state={"store": "vault.stores:ListStore", "converter": "vault.stores:Plain"},
    ),
    Application(
        "state_that_outlives",
        "scanning.main:app",
        {"": {"name": "all.html"}},
        ("page",),
        {
            r"missing\.show|scan_silently": "calls a method of what is None",
            "Mailbox": "asks for a message before it has logged in",
            "forget_and_wait": "sleeps for half a minute or more",
            "cut_": "runs a program that leaves a file, and asks before it writes over one",
        },
        state={"printer": "unittest.mock:Mock", "started": "scanning.scanners:start"},
    ),
    Application("delegation", "lazily.main:app", {"": {"path": "photo.jpg"}}, ("photo",)),
    Application(
        "forms_aiojobs",
        "tracker.main:create_app()",
        requests=("POST /lorries/7/route", "POST /lorries/7/position"),
        frameworks=("aiojobs",),
    ),
    Application(
        "forms_sanic",
        "chess.main:app",
        left_out={"expire_games": "never ends"},
        requests=("POST /games/7", "DELETE /games/7"),
        frameworks=("sanic",),
    ),
    Application(
        "enqueue_more",
        "relay.main:app",
        left_out={r"postgres\.put": "needs PostgreSQL"},
        state={"queries": "builtins:object"},
        absent=(
            "dask",
            "dbos",
            "django",
            "django_q",
            "django_rq",
            "docket",
            "hatchet_sdk",
            "pgqueuer",
            "prefect",
            "ray",
            "temporalio",
        ),
    ),
    Application(
        "kinds_of_work",
        "office.main:app",
        {
            "index": {"path": "yearbook.pdf", "body": []},
            "list_rows": {"path": "rows.pickle", "body": []},
            "read_scan": {"path": "scan.png", "body": []},
            "": {"path": "table.csv", "body": [*range(1000)]},
        },
        ("rows", "scan", "seats", "table", "yearbook"),
        {
            "mark_all": "asks for an object of no table",
            "chart": "is given an object that nothing makes",
            "print_letter|print_page": "needs a program that is not installed, or does not run here",
            "take_sound|scale": "runs a program that leaves a file, and asks before it writes over one",
        },
        absent=("pytesseract", "sentence_transformers"),
    ),
    Application(
        "graphs",
        "clerk.main:app",
        {"": {"path": "yearbook.pdf"}},
        ("yearbook",),
        {
            "answer_in_thread": "calls an async node from a plain function, which LangGraph refuses",
            r"Desk\(\)|greet": "compiles a graph without an entry, which LangGraph refuses, or stands behind that",
        },
    ),
    Application(
        "names",
        "desk.main:app",
        left_out={"take_dictation": "raises NotImplementedError"},
        absent=("northlight_media",),
    ),
)

NOT_RUN: Final = {
    "broken": "holds files that no interpreter reads",
    "guide_unreadable": "calls nothing but a package that does not exist",
    "misuse": "FastAPI refuses to start it, for one of its mistakes",
    "newer_syntax": "needs Python 3.14",
    "unrelated": "registers no task",
    "vectors_given": "uses chromadb, which needs a model",
}
"""Folders of `fixtures/` whose tasks are not measured, and why."""
