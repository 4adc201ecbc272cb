"""What the tasks work on: files of the size that a web application is sent. Each is made in the folder it is given."""

from __future__ import annotations

import csv
import io
import math
import random
import struct
import tarfile
import wave
import zipfile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS: Final = 20_000
SECONDS: Final = 4


def photo(folder: Path) -> None:
    """A picture as a telephone takes it: 6 megapixels."""
    from PIL import Image

    small = Image.effect_noise((300, 200), 60).convert("RGB")
    small.resize((3000, 2000), Image.Resampling.BICUBIC).save(folder / "photo.jpg", quality=85)


def table(folder: Path) -> None:
    """An export of sales, of regions and of clicks."""
    chance = random.Random(7)
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["shop", "region", "amount", "units", "price", "cost"])
        for row in range(ROWS):
            amount = round(chance.random() * 100, 2)
            writer.writerow([row % 50, f"region {row % 12}", amount, row % 9, chance.random(), chance.random()])


def rows(folder: Path) -> None:
    """A table of some thousand rows, pickled."""
    import pandas as pd

    pd.DataFrame({"shop": range(ROWS), "amount": 9.9}).to_pickle(folder / "rows.pickle")


def seats(folder: Path) -> None:
    """The desks of twelve rooms."""
    lines = [f"{number},{number % 12},{number % 7}\n" for number in range(ROWS)]
    (folder / "desks.csv").write_text("number,room,desks\n" + "".join(lines))


def document(folder: Path) -> None:
    """A statement of ten pages, with a table on each."""
    _statement(folder / "document.pdf", pages=10)


def yearbook(folder: Path) -> None:
    """The same with sixty pages."""
    _statement(folder / "yearbook.pdf", pages=60)


def _statement(path: Path, pages: int) -> None:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()["Normal"]
    story: list[object] = []
    for page in range(pages):
        story += [Paragraph(f"Statement, page {page}. " + "Many words follow each other here. " * 30, style)]
        story += [Table([[f"{page}-{row}", "article", "9.90"] for row in range(20)]), PageBreak()]
    SimpleDocTemplate(str(path)).build(story)


def film(folder: Path) -> None:
    """Some seconds of moving picture, 1280 by 720."""
    import cv2
    import numpy as np

    target = cv2.VideoWriter(str(folder / "film.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (1280, 720))
    base = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    for number in range(25 * SECONDS):
        target.write(np.roll(base, number * 8, axis=1))
    target.release()


def clip(folder: Path) -> None:
    """Half a minute of a small moving picture."""
    import cv2
    import numpy as np

    target = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 25.0, (320, 180))
    base = np.random.default_rng(1).integers(0, 255, (180, 320, 3), dtype=np.uint8)
    for number in range(25 * 31):
        target.write(np.roll(base, number, axis=1))
    target.release()


def scan(folder: Path) -> None:
    """A scanned page, 0.7 megapixels."""
    from PIL import Image

    Image.effect_noise((1000, 700), 60).convert("RGB").save(folder / "scan.png")


def clicks(folder: Path) -> None:
    """Who clicked what in which shop."""
    with (folder / "clicks.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["shop", "visitor", "seconds"])
        writer.writerows([row % 50, row, row % 17] for row in range(300))


def sound(folder: Path) -> None:
    """Two minutes of stereo sound."""
    tone = b"".join(struct.pack("<hh", *(int(12_000 * math.sin(at / 30)),) * 2) for at in range(44_100))
    with wave.open(str(folder / "sound.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes(tone * 120)


def archive(folder: Path) -> None:
    """A backup of a server's logs, 150 MB when unpacked."""
    line = "2026-11-24 08:15:04 INFO shop.orders order 1234567 paid by card, 2 articles\n"
    with zipfile.ZipFile(folder / "box.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for number in range(15):
            packed.writestr(f"log-{number}.txt", (line * (10_000_000 // len(line))).encode())
        packed.writestr("manifest.json", "{}")


def logs(folder: Path) -> None:
    """The same as a tar, and a folder to unpack to."""
    (folder / "unpacked").mkdir(exist_ok=True)
    line = b"2026-11-24 08:15:04 INFO shop.orders order 1234567 paid by card, 2 articles\n"
    with tarfile.open(folder / "logs.tar.gz", "w:gz", compresslevel=1) as packed:
        for number in range(10):
            member = tarfile.TarInfo(f"log-{number}.txt")
            member.size = len(line) * 200_000
            packed.addfile(member, io.BytesIO(line * 200_000))


def big(folder: Path) -> None:
    """An export of a million rows, and two tables that are small by nature."""
    rows = "".join(f"{number},shop {number % 50},{number % 997}.5,{number % 9}\n" for number in range(1_000_000))
    (folder / "big.csv").write_text(f"number,shop,amount,units\n{rows}")
    for name in ("countries", "currencies"):
        (folder / f"{name}.csv").write_text("code,name\n" + "".join(f"{n},name {n}\n" for n in range(200)))


def page(folder: Path) -> None:
    """Pages for print, with a long table."""
    rows = "".join(f"<tr><td>{number}</td><td>an article</td><td>9.90</td></tr>" for number in range(400))
    for name in ("all", "print"):
        (folder / f"{name}.html").write_text(f"<h1>Articles</h1><table>{rows}</table>")


def attic(folder: Path) -> None:
    """A folder of many small files."""
    for shelf in range(30):
        (folder / "attic" / str(shelf)).mkdir(parents=True, exist_ok=True)
        for number in range(100):
            (folder / "attic" / str(shelf) / f"{number}.txt").write_text("an old thing\n" * 100)


def letter(folder: Path) -> None:
    """A template of a letter, of many pages."""
    import docx

    template = docx.Document()
    for number in range(1500):
        template.add_paragraph(f"Dear {{{{ name }}}}, paragraph {number} says " + "what has to be said. " * 20)
    template.save(str(folder / "letter.docx"))


def _papers(folder: Path) -> None:
    chance = random.Random(3)
    words = [f"word{number}" for number in range(5000)]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(20):
        (folder / f"{number}.txt").write_text(" ".join(chance.choices(words, k=20_000)))


def box(folder: Path) -> None:
    """A folder of documents: twenty files of text, 3 MB."""
    _papers(folder / "box")


def stock(folder: Path) -> None:
    """The same, of a depot."""
    _papers(folder / "stock")


def albums(folder: Path) -> None:
    """The same, of an album."""
    _papers(folder / "albums" / "7")


def desks(folder: Path) -> None:
    """Where statements are put."""
    (folder / "statements").mkdir(exist_ok=True)
    (folder / "desk").mkdir(exist_ok=True)


def posters(folder: Path) -> None:
    """Where posters are put."""
    (folder / "posters").mkdir(exist_ok=True)
    (folder / "spare").mkdir(exist_ok=True)


MAKERS: Final[dict[str, Callable[[Path], None]]] = {
    "albums": albums, "archive": archive, "attic": attic, "big": big, "box": box, "clicks": clicks, "clip": clip,
    "desks": desks, "document": document, "film": film, "letter": letter, "logs": logs, "page": page, "photo": photo,
    "posters": posters, "rows": rows, "seats": seats, "scan": scan, "sound": sound, "stock": stock, "table": table,
    "yearbook": yearbook,
}  # fmt: skip


def make(names: tuple[str, ...], folder: Path) -> None:
    """Make the named data."""
    for name in names:
        MAKERS[name](folder)
