"""What one call of a library does: the catalogue's word, sleeps, and external programs."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from bglint import catalog
from bglint.catalog import LOOP_GUESS
from bglint.diagnostics import Confidence
from bglint.effects import loops, names, queues, vocabulary
from bglint.effects.model import NOTHING, Effect, Hop, Kind, Summary, kind_of, unread
from bglint.program import sizes
from bglint.program.values import Constant, Display, External, ExternalObject

if TYPE_CHECKING:
    from bglint.catalog import Entry
    from bglint.program.program import Program
    from bglint.program.values import Frame, Value

UNKNOWN_SLEEP_MS = 1000.0
"""What a sleep of unknown length is taken for: nobody sleeps in a program for less than matters to them."""
QUEUE_WAIT_MS = 5000.0

_SLEEPS: dict[str, Kind] = {
    "time.sleep": "blocking", "gevent.sleep": "blocking", "eventlet.sleep": "blocking", "asyncio.sleep": "slow-io",
    "anyio.sleep": "slow-io", "trio.sleep": "slow-io", "asyncio.tasks.sleep": "slow-io",
}  # fmt: skip
_PROGRAMS: dict[str, tuple[str, float]] = {
    "ffmpeg": ("video", 20000), "ffprobe": ("video", 300), "HandBrakeCLI": ("video", 60000), "mp4box": ("video", 5000),
    "sox": ("audio", 2000), "lame": ("audio", 5000), "whisper": ("audio", 60000), "demucs": ("audio", 60000),
    "espeak": ("audio", 2000), "espeak-ng": ("audio", 2000), "piper": ("audio", 5000),
    "convert": ("image", 1000), "magick": ("image", 1000), "mogrify": ("image", 1000), "gifsicle": ("image", 1000),
    "tesseract": ("ocr", 3000), "ocrmypdf": ("ocr", 20000),
    "wkhtmltopdf": ("pdf", 3000), "pdftoppm": ("pdf", 2000), "pdftotext": ("pdf", 1000), "gs": ("pdf", 3000),
    "qpdf": ("pdf", 1000), "pdflatex": ("pdf", 5000), "xelatex": ("pdf", 5000), "latexmk": ("pdf", 8000),
    "libreoffice": ("document", 8000), "soffice": ("document", 8000), "pandoc": ("document", 2000),
    "unoconv": ("document", 8000), "zip": ("compression", 2000), "tar": ("compression", 2000),
    "7z": ("compression", 3000), "yt-dlp": ("video", 30000),
    "youtube-dl": ("video", 30000), "scrapy": ("scrape", 30000), "chromium": ("scrape", 3000),
    "chromium-browser": ("scrape", 3000), "google-chrome": ("scrape", 3000), "chrome": ("scrape", 3000),
}  # fmt: skip
_OF_SOUND = {"-vn", "-ar", "-ac", "-acodec", "-c:a", "-b:a", "-q:a"}
_OF_PICTURES = {"-c:v", "-vcodec", "-vf", "-filter_complex", "-map", "-r", "-s", "-crf", "libx264", "-loop"}
"""Options of ffmpeg that say what is asked of it."""
_QUICK_PROGRAMS = {
    "true", "echo", "ls", "rm", "mv", "cp", "mkdir", "chmod", "chown", "touch", "kill", "cat", "ln", "which", "date",
    "hostname", "uname", "whoami", "id", "nvidia-smi", "pgrep", "pkill", "ps", "df", "du", "systemctl", "stat",
}  # fmt: skip
_WRAPPERS = {"sudo", "nice", "ionice", "time", "env", "nohup", "timeout", "exec"}
_SIZED_BUILTINS = {"sum", "list", "tuple", "set", "sorted", "max", "min", "any", "all", "dict", "frozenset"}


_LIGHT_BY_NATURE = re.compile(
    r"""
      log(ger|ging)?(\(\))?\.(debug|info|warn|warning|error|exception|critical|success|trace|log|bind)$
    | (Error|Exception|Warning)$ | \.(exceptions|errors)\.(?-i:[A-Z])\w*$
    | \.(model_dump|model_dump_json|model_validate|model_copy|dict|json|to_dict|as_dict|isoformat|strftime)$
    | \.(items|keys|values|append|lower|upper|strip|split|startswith|endswith)$
    | \.(ABC|Protocol|TypedDict|Generic|NamedTuple|Enum|object)\.__init__$
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""What is light whatever the library: log messages, exceptions, and conversions of an object's own data."""


def call_effect(program: Program, name: str, call: ast.Call | None, frame: Frame, hop: Hop) -> Summary:
    """What calling a library's callable does; `hop` is the place that shows it."""
    if queues.enqueues(name):
        return Summary((Effect.once("enqueue", None, 0, hop),))
    if queues.waits_for_queue(name):
        if call is not None and any(
            k.arg == "timeout" and loops.number(program, k.value, frame) == 0 for k in call.keywords
        ):
            return Summary((Effect.once("enqueue", None, 0, hop),))
        return Summary((Effect.once("slow-io", "http", QUEUE_WAIT_MS, hop),))
    if name in _SLEEPS:
        return _sleep(program, name, call, frame, hop)
    if name.startswith("builtins."):
        return _builtin(program, name, call, frame, hop)
    if not catalog.describes(name) and (telling := vocabulary.of_result(name)) is not None:
        found = call_effect(program, telling, call, frame, hop)
        return Summary(tuple(less_sure(effect, hop) for effect in found.effects), found.unread)
    entry = catalog.lookup(sizes.name_as_called(program, name.removesuffix(".__init__"), call, frame))
    if entry is not None:
        return _entry_effect(program, entry, call, frame, hop)
    return NOTHING if name.endswith(".__init__") else _unknown(name, hop)


def less_sure(effect: Effect, hop: Hop) -> Effect:
    """The effect of a call whose library only the method's name tells."""
    told = Hop(hop.symbol, hop.module, hop.row, hop.column, "judged by its name")
    return replace(effect, trace=(told,), confidence=min(effect.confidence, Confidence.MEDIUM))


def _sleep(program: Program, name: str, call: ast.Call | None, frame: Frame, hop: Hop) -> Summary:
    seconds = loops.number(program, call.args[0], frame) if call is not None and call.args else None
    ms = UNKNOWN_SLEEP_MS if seconds is None else seconds * 1000
    sure = Confidence.MEDIUM if seconds is None else Confidence.HIGH
    if ms <= 0:
        return NOTHING
    return Summary((Effect.once(_SLEEPS[name], "sleep", ms, hop, confidence=sure, call=call),))


def _builtin(program: Program, name: str, call: ast.Call | None, frame: Frame, hop: Hop) -> Summary:
    last = name.removeprefix("builtins.")
    entry = catalog.lookup(name)
    if last in _SIZED_BUILTINS and call is not None and call.args:
        size = loops.length(program, call.args[0], frame)
        if size is not None and size * loops.TURN_MS >= 1:
            ms = size * loops.TURN_MS
            return Summary((Effect.once("cpu", "loop", ms, hop),))
    if entry is not None and entry.effect != "light" and entry.ms:
        return _entry_effect(program, entry, call, frame, hop)
    return NOTHING


def _entry_effect(program: Program, entry: Entry, call: ast.Call | None, frame: Frame, hop: Hop) -> Summary:
    if entry.effect == "light" or (call is not None and any(k.arg and k.arg == entry.unless for k in call.keywords)):
        return NOTHING
    if entry.effect == "enqueue":
        return Summary((Effect.once("enqueue", None, 0, hop),))
    category, ms, loop_ms, command = entry.category, entry.ms, entry.loop_ms, None
    if entry.program:
        words = _command(program, call, frame)
        base = words[0].rpartition("/")[2] if words else ""
        if base in _QUICK_PROGRAMS or _only_asks(words):
            ms, loop_ms = 10.0, 100.0
        elif base in _PROGRAMS:
            category, ms = _told_by_options(words, *_PROGRAMS[base])
            loop_ms = ms * LOOP_GUESS
        command = base or entry.name
    elif ms <= 0:
        return NOTHING
    elif entry.each and call is not None and (number := _number_of(program, entry.each, call, frame)) is not None:
        ms = loop_ms = entry.each_ms * number
    kind = kind_of(entry.effect)
    lazy = entry.name if entry.lazy else None
    gil_ms = ms if entry.gil == "held" else 0.0
    effect = Effect.once(kind, category, ms, hop, loop_ms=loop_ms, gil_ms=gil_ms, program=command, call=call, lazy=lazy)
    if entry.own_ms and not _is_path(program, call, frame):
        return Summary((effect, Effect.once("cpu", category, entry.own_ms, hop, call=call)))
    return Summary((effect,))


def _number_of(program: Program, keyword: str, call: ast.Call, frame: Frame) -> float | None:
    """How many elements a keyword argument has; None where that is not known, or it is not given."""
    given = next((each.value for each in call.keywords if each.arg == keyword), None)
    return loops.length(program, given, frame) if given is not None else None


def _is_path(program: Program, call: ast.Call | None, frame: Frame) -> bool:
    """Whether a call is handed the path of a file, not what the file holds."""
    if call is None or not call.args:
        return False
    values = program.infer(call.args[0], frame)
    return bool(values) and all(map(_names_file, values))


def _names_file(value: Value) -> bool:
    match value:
        case Constant():
            return True
        case External(name) | ExternalObject(name):
            return name.startswith(("builtins.str", "pathlib."))
        case _:
            return False


def _told_by_options(words: list[str], category: str, ms: float) -> tuple[str, float]:
    """What a program is used for, where its options say so: a browser that prints, a film whose sound is taken."""
    options = {word for each in words[1:] for word in (each, each.partition("=")[0])}
    if category in {"document", "scrape"} and options & {"pdf", "--print-to-pdf"}:
        return "pdf", ms
    if category == "video" and words[0].endswith("ffmpeg") and options & _OF_SOUND and not options & _OF_PICTURES:
        return "audio", ms / 10
    return category, ms


def _only_asks(words: list[str]) -> bool:
    """Whether a command only asks a program what it is: `ffmpeg -version`."""
    return len(words) == 2 and words[1] in {"-version", "--version", "-V", "-v", "-h", "-help", "--help"}


def _command(program: Program, call: ast.Call | None, frame: Frame) -> list[str]:
    """The program that a call runs and its arguments; an empty word for what cannot be read."""
    if call is None:
        return []
    node = (
        call.args[0]
        if call.args
        else next((k.value for k in call.keywords if k.arg in {"args", "cmd", "command"}), None)
    )
    if node is None:
        return []
    words = _words(program, node, frame, call)
    while words and words[0] in _WRAPPERS:
        words = words[1:]
    return words


def _words(program: Program, node: ast.expr, frame: Frame, call: ast.Call) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            rest = [a.value for a in call.args[1:] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            return [*text.split(), *rest]
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return [*text.split(), ""]
        case ast.BinOp(left=left):
            return [*_words(program, left, frame, call), ""]
        case ast.Call(func=ast.Attribute(value=inner)):
            return _words(program, inner, frame, call)
    for value in program.infer(node, frame):
        match value:
            case Display(node=ast.List(elts=[first, *more]) | ast.Tuple(elts=[first, *more]), frame=where):
                plain = [e.value if isinstance(e, ast.Constant) and isinstance(e.value, str) else "" for e in more]
                return [*_words(program, first, where, call), *plain]
            case Constant(value=str(text)):
                return text.split()
    return []


def _unknown(name: str, hop: Hop) -> Summary:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names or _LIGHT_BY_NATURE.search(name):
        return NOTHING
    if "()" in name and name.rpartition(".")[2] in vocabulary.OF_VALUES:
        return NOTHING
    judged = names.judge(name)
    if judged is not None:
        return guess(judged, hop)
    return unread(name)


def guess(judged: tuple[str, float], hop: Hop) -> Summary:
    """The effect that a telling name stands for, where its body cannot be read."""
    category, ms = judged
    told = Hop(hop.symbol, hop.module, hop.row, hop.column, "cannot be read; judged by its name")
    return Summary((Effect.once("cpu", category, ms, told, confidence=Confidence.MEDIUM, guess=True),))
