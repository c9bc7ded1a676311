"""One look at every picture: its thumbnail, and all that health, sorting and a map without a model need to know of it.

What was seen is kept by content in `<home>/looks.sqlite`, some hundred pictures a row: one commit a second, and a
gallery of 100,000 is read back in a fraction of one. Nothing is lost but the last second when the pass is killed.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.database import connect
from engine.errors import StoreError
from engine.gallery.appearance import LOOK, METHOD, WORDS
from engine.gallery.lookers import CHANGED, CRASHED, Seen, look_at
from engine.gallery.pictures import Picture
from engine.gallery.reading import FLEETING

_TABLES = """
    CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, method INTEGER NOT NULL, hashes BLOB NOT NULL,
        looks BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS unseen (hash BLOB PRIMARY KEY, reason TEXT NOT NULL);
"""
_COMMIT_SECONDS = 1.0
_FLEETING = {*FLEETING, CHANGED, CRASHED}  # reasons that may be gone next time


@dataclass(frozen=True)
class Looks:
    """What is known of a gallery's pictures, in its order; NaN, 0 or empty where one was not looked at.

    Args:
        known: (n,) which were.
        unread: why those that could not be were not, by name.
        width: (n,) in pixels, as shown; known of every picture, as is height.
        height: (n,) in pixels.
        lightness: (n,) as are all columns to `colour`; see measures.Measures for what they mean.
        darkest: L* that five percent of the pixels do not exceed.
        lightest: L* that 95 percent do not exceed.
        burnt: share of the pixels at the end of a channel, unless almost all of them are white.
        contrast: standard deviation of L*.
        sharpness: variance of the Laplacian over that of L*.
        blur: the blur effect, 0 to 1.
        colourfulness: Hasler and Süsstrunk's M.
        entropy: of the grey levels, in bits.
        grey: bool; False where unknown.
        colour: the most striking colour, a word.
        hash: perceptual hash, uint64.
        mirrored: that of the picture mirrored left and right.
        sketch: (n, SKETCH²) uint8, the picture as so few grey levels.
        features: (n, 60) float32, for a map by colour: L*a*b* of a grid of 4 x 4, row by row, then the square roots of
            the shares of measures.COLOURS; scaled so that each part spreads about 1 over many photos.
    """

    known: np.ndarray
    unread: Mapping[str, str]
    width: np.ndarray
    height: np.ndarray
    lightness: np.ndarray
    darkest: np.ndarray
    lightest: np.ndarray
    burnt: np.ndarray
    contrast: np.ndarray
    sharpness: np.ndarray
    blur: np.ndarray
    colourfulness: np.ndarray
    entropy: np.ndarray
    grey: np.ndarray
    colour: np.ndarray
    hash: np.ndarray
    mirrored: np.ndarray
    sketch: np.ndarray
    features: np.ndarray

    def __len__(self) -> int:
        return len(self.known)


def look_over(
    pictures: Sequence[Picture], home: Path, max_pixels: int, progress: Callable[[int, int], None] | None = None
) -> None:
    """Look at what was not looked at yet: make the thumbnail, and keep what can be told of it.

    A picture that vanished, changed or cannot be decoded is passed over, and the reason kept.

    Args:
        pictures: of a gallery; the same content is looked at once.
        home: the workspace.
        max_pixels: of the settings.
        progress: called here, at least four times a second, with distinct pictures done and in all; what it raises
            ends the pass, and what was seen so far is kept.

    Raises:
        StoreError: the workspace cannot be used.
    """
    show = progress or (lambda done, total: None)
    paths: dict[str, list[Path]] = {}
    for picture in pictures:
        paths.setdefault(picture.hash, []).append(picture.path)
    with _opened(home) as db:
        with db:
            db.execute("DELETE FROM seen WHERE method <> ?", (METHOD,))
        known = _found(db, list(paths))
        hopeless = {hash for hash, reason in _reasons(db).items() if reason not in _FLEETING}
        todo = [hash for hash, at in zip(paths, known, strict=True) if at < 0 and hash not in hopeless]
        done, new = len(paths) - len(todo), list[Seen]()
        show(done, len(paths))
        committed = time.monotonic()
        try:
            for batch in look_at([(hash, paths[hash]) for hash in todo], home.absolute(), max_pixels):
                new += batch
                if new and time.monotonic() - committed > _COMMIT_SECONDS:
                    _keep(db, new)
                    new, committed = [], time.monotonic()
                done += len(batch)
                show(done, len(paths))
        finally:
            _keep(db, new)


def looks(pictures: Sequence[Picture], home: Path) -> Looks:
    """What is known of these pictures, in their order.

    Raises:
        StoreError: the workspace cannot be used.
    """
    with _opened(home) as db:
        places = _found(db, [p.hash for p in pictures])
        rows, reasons = _rows(db, places), _reasons(db)
    known = places >= 0
    columns = {name: np.ascontiguousarray(rows[name]) for name in LOOK.names or ()}
    for name, values in columns.items():
        if values.dtype.kind == "f":
            columns[name] = values.astype(np.float64 if values.ndim == 1 else np.float32)
            columns[name][~known] = np.nan
    columns["colour"] = np.array((*WORDS, ""), object)[np.where(known, columns["colour"], len(WORDS))]
    return Looks(
        known=known,
        unread={
            p.name: reasons[p.hash] for p, seen in zip(pictures, known, strict=True) if not seen and p.hash in reasons
        },
        width=np.array([p.width for p in pictures], float),
        height=np.array([p.height for p in pictures], float),
        **columns,
    )


@contextmanager
def _opened(home: Path) -> Iterator[sqlite3.Connection]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with closing(connect(home / "looks.sqlite", _TABLES)) as db:
            yield db
    except (OSError, sqlite3.Error) as problem:
        raise StoreError(
            f"What was seen of the pictures cannot be kept in {home}: {problem}.",
            "Check its permissions and free space; a damaged looks.sqlite may be deleted, it is made again.",
        ) from problem


def _keep(db: sqlite3.Connection, new: Sequence[Seen]) -> None:
    seen = [(hash, row) for hash, row, _ in new if row]
    with db:
        if seen:
            hashes, rows = bytes.fromhex("".join(hash for hash, _ in seen)), b"".join(row for _, row in seen)
            db.execute("INSERT INTO seen (method, hashes, looks) VALUES (?, ?, ?)", (METHOD, hashes, rows))
        db.executemany("DELETE FROM unseen WHERE hash = ?", [(bytes.fromhex(hash),) for hash, _ in seen])
        unseen = [(bytes.fromhex(hash), reason) for hash, _, reason in new if reason]
        db.executemany("INSERT OR REPLACE INTO unseen VALUES (?, ?)", unseen)


def _reasons(db: sqlite3.Connection) -> dict[str, str]:
    """Why pictures could not be looked at when that was tried last, by their hashes."""
    return {hash.hex(): reason for hash, reason in db.execute("SELECT hash, reason FROM unseen")}


def _found(db: sqlite3.Connection, hashes: Sequence[str]) -> np.ndarray:
    """(n,) which row of all that are kept, counted over the blocks by id, is of this content; -1 where none is."""
    blocks = [row for (row,) in db.execute("SELECT hashes FROM seen WHERE method = ? ORDER BY id", (METHOD,))]
    kept, wanted = (np.frombuffer(b, "<u8").reshape(-1, 4) for b in (b"".join(blocks), bytes.fromhex("".join(hashes))))
    if not len(kept):
        return np.full(len(wanted), -1)
    order = np.argsort(kept[:, 0])  # a quarter of a hash is as good as all of it; the rest is compared below
    at = np.searchsorted(kept[order, 0], wanted[:, 0])
    places = order[np.minimum(at, len(order) - 1)]
    return np.where((kept[places] == wanted).all(axis=1), places, -1)


def _rows(db: sqlite3.Connection, places: np.ndarray) -> np.ndarray:
    """(n,) of `LOOK`: what is kept at these places, zeros where they are -1; reads only blocks that hold some."""
    blocks = db.execute("SELECT id, length(hashes) / 32 FROM seen WHERE method = ? ORDER BY id", (METHOD,)).fetchall()
    rows, known = np.zeros(len(places), LOOK), places >= 0
    if not known.any():
        return rows
    counts = np.array([n for _, n in blocks])
    of = np.searchsorted(np.cumsum(counts), places[known], side="right")  # the block of each
    needed = np.unique(of)
    read = [db.execute("SELECT looks FROM seen WHERE id = ?", (blocks[i][0],)).fetchone()[0] for i in needed]
    skipped = np.cumsum(counts * ~np.isin(np.arange(len(counts)), needed))  # rows before each that were not read
    rows[known] = np.frombuffer(b"".join(read), LOOK)[places[known] - skipped[of]]
    return rows
