"""Galleries: first scan, reopening and loading of many small files that this program makes.

python -m benchmarks.gallery [--pictures 100000]
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import tempfile
import time
from pathlib import Path

from PIL import Image

from engine.gallery import load_gallery, open_folder
from engine.settings import Settings


def make(folder: Path, n: int) -> None:
    """`n` JPEGs of 32 pixels, each of other content, a hundred folders."""
    for i in range(n):
        if i < 100:
            (folder / f"{i:02}").mkdir(parents=True)
        picture = Image.new("RGB", (32, 32), (i % 256, i // 256 % 256, i // 65536))
        out = io.BytesIO()
        picture.save(out, "JPEG")
        (folder / f"{i % 100:02}" / f"{i}.jpg").write_bytes(out.getvalue() + i.to_bytes(4))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    n = parser.parse_args().pictures
    with tempfile.TemporaryDirectory() as scratch:
        folder, settings = Path(scratch) / "pictures", Settings(home=Path(scratch) / "home")
        make(folder, n)
        took = {}
        for what in ("first scan", "reopen", "reopen again"):
            began = time.perf_counter()
            gallery = open_folder(folder, settings)
            took[what] = time.perf_counter() - began
        began = time.perf_counter()
        assert len(load_gallery(gallery.fingerprint, settings.home)) == n
        took["load by fingerprint"] = time.perf_counter() - began
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · {n:,} JPEGs of 32 pixels\n")
    print("| what | seconds | files a second |\n|---|---|---|")
    for what, seconds in took.items():
        print(f"| {what} | {seconds:.2f} | {n / seconds:,.0f} |")


if __name__ == "__main__":
    main()
