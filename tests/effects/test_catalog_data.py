"""The catalogue is data: every file is held to its format, a shelf of files a test."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bglint import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = Path(catalog.__file__).parent / "data"
FILES = sorted(CATALOG.glob("*.toml"))

CATEGORIES = {
    "image", "video", "audio", "pdf", "ocr", "document", "data", "ml", "compression",
    "crypto", "plot", "loop", "subprocess", "scrape", "sleep", "http", "db", "file",
}  # fmt: skip
EFFECTS = {"cpu", "blocking", "slow-io", "light", "enqueue"}
GIL = {"released", "shared", "held"}
TOP_LEVEL = {"category", "gil", "default", "alias", "callable", "type"}
FIELDS = {
    "effect",
    "category",
    "gil",
    "ms",
    "loop_ms",
    "returns",
    "note",
    "async",
    "lazy",
    "program",
    "unbounded",
    "timeout",
    "unless",
    "each",
    "each_ms",
    "own_ms",
}
FLAGS = {"async", "lazy", "program", "unbounded"}

DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\([a-z_]*\))?")
PATTERN = re.compile(r"[A-Za-z_]\w*(\.[\w*]+)+")
TYPE_KEY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*|\(\w*\)|\[\d*\])*")

SHELVES = {
    letter: [f for f in FILES if f.stem[0].lower() == letter] for letter in sorted({f.stem[0].lower() for f in FILES})
}

each_shelf = pytest.mark.parametrize("shelf", SHELVES.values(), ids=SHELVES)


@cache
def load(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def callables(path: Path) -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = load(path).get("callable", {})
    return entries


def belongs(name: str, path: Path) -> bool:
    return name == path.stem or name.startswith((path.stem + ".", path.stem + "["))


@cache
def matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))


def winner(name: str, entries: dict[str, dict[str, Any]]) -> str | None:
    """The pattern that would answer for the name if it had no entry of its own."""
    patterns = [p for p in entries if "*" in p and p != name and matcher(p).fullmatch(name)]
    return max(patterns, key=len, default=None)


def canonical(name: str, alias: dict[str, str]) -> str:
    seen = {name}
    while True:
        prefixes = [old for old in alias if name == old or name.startswith(old + ".")]
        if not prefixes:
            return name
        old = max(prefixes, key=len)
        name = alias[old] + name[len(old) :]
        assert name not in seen, f"{name} leads back to itself"
        seen.add(name)


def test_there_is_a_catalogue() -> None:
    assert len(FILES) > 100


@each_shelf
def test_file_has_the_known_keys(shelf: list[Path]) -> None:
    for path in shelf:
        text = path.read_text("utf-8")
        data = load(path)
        assert text.startswith("# "), "a comment says what the figures stand for"
        assert set(data) <= TOP_LEVEL
        assert data.get("category", "data") in CATEGORIES
        assert data.get("gil", "shared") in GIL
        assert data.get("default", "light") == "light"
        assert {"callable", "alias", "default"} & set(data), "the file says nothing"


@each_shelf
def test_entries_have_known_fields_and_sane_figures(shelf: list[Path]) -> None:
    for path in shelf:
        category = load(path).get("category")
        gil = load(path).get("gil")
        for name, entry in callables(path).items():
            assert set(entry) <= FIELDS, name
            assert entry["effect"] in EFFECTS, name
            assert all(entry[flag] is True for flag in FLAGS & set(entry)), name
            if entry["effect"] in {"cpu", "blocking", "slow-io"}:
                assert 0 < entry["ms"] <= 600_000, name
                assert entry.get("category", category) in CATEGORIES, name
                assert entry.get("category") is None or entry["category"] != category, f"{name}: repeats the default"
            else:
                assert "ms" not in entry, name
            if entry["effect"] == "cpu":
                assert entry.get("gil", gil) in GIL, name
            if entry["effect"] == "slow-io":
                assert entry["ms"] >= 1000, f"{name}: seconds"
                assert entry.get("async"), f"{name}: awaited"
            assert entry.get("loop_ms", 600_000) >= entry.get("ms", 0), name
            assert not entry.get("program") or entry["effect"] in {"blocking", "slow-io"}, name
            assert DOTTED.fullmatch(entry.get("returns", "a.b")), name
            assert re.fullmatch(r"[a-z_]+", entry.get("timeout", "timeout")), name


@each_shelf
def test_names_belong_to_the_package(shelf: list[Path]) -> None:
    for path in shelf:
        data = load(path)
        for name in callables(path):
            assert belongs(name, path), name
            assert (PATTERN if "*" in name else DOTTED).fullmatch(name), name
            assert "**" not in name, name
        for key, value in data.get("type", {}).items():
            assert belongs(key, path), key
            assert TYPE_KEY.fullmatch(key), key
            assert DOTTED.fullmatch(value), key
        for old, new in data.get("alias", {}).items():
            assert belongs(old, path), old
            assert DOTTED.fullmatch(old), old
            assert DOTTED.fullmatch(new), old


@each_shelf
def test_aliases_end_at_names_that_the_catalogue_uses(shelf: list[Path]) -> None:
    for path in shelf:
        data = load(path)
        alias = data.get("alias", {})
        for old in alias:
            assert canonical(old, alias) != old
        for name in [*callables(path), *data.get("type", {})]:
            plain = re.sub(r"\(\)|\[\]", "", name)
            assert canonical(plain, alias) == plain, f"{name} can never be asked for"
        for name, entry in callables(path).items():
            returned = entry.get("returns", name)
            assert canonical(returned, alias) == returned, f"{name} returns an alias"


@each_shelf
def test_no_entry_shadows_or_repeats_another(shelf: list[Path]) -> None:
    for path in shelf:
        entries = callables(path)
        light_by_default = load(path).get("default") == "light"
        for name, entry in entries.items():
            pattern = winner(name, entries)
            if pattern is None:
                bare = entry == {"effect": "light"} and "*" not in name
                assert not (bare and light_by_default), f"{name} is light already"
                continue
            assert entries[pattern] != entry, f"{name} says what {pattern} says"
            assert "*" not in name or len(name) > len(pattern), f"{name} and {pattern} are equally strong"


@each_shelf
def test_tables_are_sorted(shelf: list[Path]) -> None:
    for path in shelf:
        for table in ("alias", "callable", "type"):
            names = list(load(path).get(table, {}))
            assert names == sorted(names), table


@each_shelf
def test_notes_are_short_sentences(shelf: list[Path]) -> None:
    for path in shelf:
        for name, entry in callables(path).items():
            note = entry.get("note")
            assert note is None or (10 < len(note) < 120 and note[0].isupper() and note.endswith(".")), name


def test_a_note_belongs_to_one_kind_of_work() -> None:
    """The same sentence everywhere would tell the reader of a finding nothing."""
    files: dict[str, set[str]] = {}
    for path in FILES:
        for entry in callables(path).values():
            if "note" in entry:
                files.setdefault(entry["note"], set()).add(path.stem)
    assert not {note: names for note, names in files.items() if len(names) > 25}


def returned_types() -> Iterator[tuple[str, str]]:
    for path in FILES:
        data = load(path)
        for name, entry in data.get("callable", {}).items():
            if "returns" in entry:
                yield name, entry["returns"]
        yield from data.get("type", {}).items()
        yield from data.get("alias", {}).items()


def test_types_lead_to_files_of_the_catalogue() -> None:
    known = {path.stem for path in FILES}
    assert not [(name, target) for name, target in returned_types() if target.partition(".")[0] not in known]


def test_elements_of_what_a_method_returns_are_named_after_its_call() -> None:
    """`Path.glob()[]` is an element of the result; `Path.glob[]` would be one of the method."""
    named = [
        name
        for path in FILES
        for name in load(path).get("type", {})
        if name.endswith("[]") and name.removesuffix("[]") in callables(path) and name.rpartition(".")[2][0].islower()
    ]
    assert not named


@pytest.mark.parametrize(
    "name",
    [
        "json.loads",
        "json.dumps",
        "pickle.loads",
        "copy.deepcopy",
        "cv2.imencode",
        "jinja2.Template.render",
        "builtins.open",
        "builtins.sorted",
        "re.sub",
        "cryptography.fernet.Fernet.encrypt",
        "gzip.compress",
        "qrcode.make",
        "yaml.safe_load",
        "redis.Redis.*",
        "sqlalchemy.orm.Session.commit",
        "tiktoken.Encoding.encode",
    ],
)
def test_one_small_call_is_not_heavy(name: str) -> None:
    path = CATALOG / f"{name.partition('.')[0]}.toml"
    entry = callables(path).get(name, {"effect": load(path).get("default")})
    assert entry["effect"] == "light" or entry["ms"] < 50


@pytest.mark.parametrize(
    "name",
    ["hashlib.sha256", "uuid.uuid4", "logging.getLogger", "shutil.which", "asyncio.sleep", "pydantic.BaseModel"],
)
def test_the_harmless_has_no_entry_of_weight(name: str) -> None:
    path = CATALOG / f"{name.partition('.')[0]}.toml"
    assert callables(path).get(name, {"effect": "light"})["effect"] == "light"
    assert load(path)["default"] == "light"


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("requests.post", "blocking"),
        ("time.sleep", "blocking"),
        ("subprocess.run", "blocking"),
        ("asyncio.subprocess.Process.communicate", "slow-io"),
        ("whisper.model.Whisper.transcribe", "cpu"),
        ("pandas.read_excel", "cpu"),
        ("bcrypt.hashpw", "cpu"),
        ("zipfile.ZipFile.extractall", "cpu"),
    ],
)
def test_the_heavy_is_named(name: str, effect: str) -> None:
    entry = callables(CATALOG / f"{name.partition('.')[0]}.toml")[name]
    assert entry["effect"] == effect
    assert entry["ms"] > 100
