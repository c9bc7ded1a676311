"""Health: one look at every picture, reading back what was seen, and the search for near copies.

python -m benchmarks.health [--folder PHOTOS] [--rows 100000] [--hashes 100000]

Without a folder, drawn scenes are made into JPEGs of 640 pixels. The plain loop reads, thumbnails and measures one
picture after another; decoding alone is what no pass can be faster than. Rows and hashes are made up.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from engine.gallery import Picture, looking, open_folder, read_picture
from engine.gallery.appearance import look
from engine.gallery.copies import near_copies
from engine.gallery.health import findings
from engine.gallery.pictures import Gallery
from engine.gallery.reading import MAX_PIXELS
from engine.gallery.thumbs import keep_thumbnail
from engine.settings import Settings

POSTCARDS = Path(__file__).resolve().parent.parent / "assets" / "postcards"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--hashes", type=int, default=100_000)
    options = parser.parse_args()
    print(
        f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch, "home")
        folder = options.folder or _photos(Path(scratch, "photos"))
        _pass(open_folder(folder, Settings(home=home)), home)
        _rows(Path(scratch, "rows"), options.rows)
    _search(options.hashes)


def _photos(folder: Path, n: int = 400) -> Path:
    folder.mkdir()
    for path in sorted(POSTCARDS.rglob("*.webp"))[:n]:
        Image.open(path).resize((640, 480)).save(folder / f"{path.stem}.jpg", quality=90)
    return folder


def _pass(gallery: Gallery, home: Path) -> None:
    def decode(p: Picture) -> None:
        read_picture(p.path, enough=512)

    def plain(p: Picture) -> None:
        keep_thumbnail(home, p.hash, picture := read_picture(p.path))
        look(picture)

    n = len(gallery)
    took = {
        "decoding alone, one after another": _seconds(lambda: [decode(p) for p in gallery.pictures]),
        "plain loop": _seconds(lambda: [plain(p) for p in gallery.pictures]),
    }
    for path in (home / "thumbs").rglob("*.webp"):
        path.unlink()
    took["the pass"] = _seconds(lambda: looking.look_over(gallery.pictures, home, MAX_PIXELS))
    print(f"{n} pictures\n\n| what | pictures a second | ms of processor each |\n|---|---|---|")
    for what, (wall, processor) in took.items():
        print(f"| {what} | {n / wall:.0f} | {1000 * processor / n:.1f} |")


def _rows(home: Path, n: int) -> None:
    """What was seen of so many pictures: kept in blocks as a pass does, read back, and checked."""
    rng = np.random.default_rng(0)
    pictures = tuple(Picture(f"{i:07}.jpg", hashlib.sha256(b"%d" % i).hexdigest(), 640, 480, "/") for i in range(n))
    row = look(Image.open(next(POSTCARDS.rglob("*.webp"))).convert("RGB"))
    with looking._opened(home) as db:
        for at in range(0, n, 100):
            seen = []
            for picture in pictures[at : at + 100]:
                row["hash"], row["mirrored"] = rng.integers(0, 1 << 64, 2, dtype=np.uint64)
                seen.append((picture.hash, row.tobytes(), ""))
            looking._keep(db, seen)
    read, processor = _seconds(lambda: looking.looks(pictures, home))
    looks = looking.looks(pictures, home)
    assert looks.known.all()
    size = (home / "looks.sqlite").stat().st_size / 1e6
    print(f"\n{n:,} rows ({size:.0f} MB) read in {read:.2f} s ({processor:.2f} s of processor)")
    checked, processor = _seconds(lambda: findings(Gallery("/", "rows", "none", pictures), looks))
    print(f"All nine checks of them in {checked:.1f} s ({processor:.1f} s of processor)")


def _search(n: int) -> None:
    """Near copies among so many hashes drawn at random, a hundredth of them planted within reach."""
    rng = np.random.default_rng(0)
    hashes, mirrored = (rng.integers(0, 1 << 64, n, dtype=np.uint64) for _ in range(2))
    sketches = rng.integers(0, 256, (n, 256), dtype=np.uint8)
    half = n // 2
    for i in range(n // 100):
        hashes[half + i] = hashes[i]
        for bit in rng.choice(64, i % 11, replace=False):
            hashes[half + i] ^= np.uint64(1) << np.uint64(bit)
        sketches[half + i] = sketches[i]
    named: list[np.ndarray] = []
    wall, processor = _seconds(lambda: named.append(near_copies(hashes, mirrored, sketches)))
    found = (named[0][: n // 100] == named[0][half : half + n // 100]).mean()
    print(f"\n{n:,} hashes searched in {wall:.1f} s ({processor:.1f} s of processor); {found:.0%} of the copies found")


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time, that of processes it started included."""
    wall, before = time.perf_counter(), os.times()
    work()
    after = os.times()
    return time.perf_counter() - wall, sum(after[:4]) - sum(before[:4])


if __name__ == "__main__":
    main()
