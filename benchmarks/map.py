"""The map of a made-up gallery in the real app, driven in Chromium: how soon it is drawn, panned, and lassoed.

python -m benchmarks.map [--points 10000 100000 1000000] [--shots FOLDER]

The pictures have no files: only what the map needs of them is there. Their points are made up, too; how long vectors
take to lay out is measured elsewhere. A lasso's time is from letting go of the mouse to the count that Python gives.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import platform
import re
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page

from benchmarks.app import at_rest, browser, memory, running
from engine.gallery import Gallery, Picture
from engine.gallery.shelf import keep
from engine.jobs.preparing import COLOURS
from engine.steps import layout

GROUPS = 20


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--shots", type=Path, help="folder for screenshots")
    said = parser.parse_args()
    found = {n: measured(n, said.shots) for n in said.points}
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores\n")
    print("| what | " + " | ".join(f"{n:,} points" for n in found) + " |\n|---|" + "---|" * len(found))
    for what in next(iter(found.values())):
        print(f"| {what} | " + " | ".join(figures[what] for figures in found.values()) + " |")


def measured(n: int, shots: Path | None) -> dict[str, str]:
    """Everything for one gallery."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        gallery, points = made(n, scratch)
        keep(gallery, home)
        for method in layout.METHODS:
            layout.save(home, gallery.fingerprint, COLOURS, method, points)
        with running(home) as (url, process), browser() as page:
            figures = drive(page, f"{url}/look?gallery={gallery.fingerprint}&view=map")
            figures["app process, memory"] = f"{memory(process.pid):,.0f} MiB"
            if shots:
                shots.mkdir(parents=True, exist_ok=True)
                page.screenshot(path=shots / f"map-{n}.png")
    return figures


def made(n: int, root: str) -> tuple[Gallery, np.ndarray]:
    """`n` pictures without files in groups of different sizes, and where they lie: a group together."""
    rng = np.random.default_rng(0)
    of = np.sort(rng.choice(GROUPS, n, p=np.arange(1, GROUPS + 1) / (GROUPS * (GROUPS + 1) / 2)))
    middles, wide = rng.uniform(-1, 1, (GROUPS, 2)), rng.uniform(0.05, 0.2, (GROUPS, 1))
    points = layout.scaled(middles[of] + wide[of] * rng.normal(size=(n, 2)))
    pictures = [
        Picture(f"group {g:02}/{i:07}.jpg", hashlib.sha256(i.to_bytes(4)).hexdigest(), 32, 32, root, f"group {g:02}")
        for i, g in enumerate(of.tolist())
    ]
    return Gallery(root, "made up", "folder", pictures), points


def drive(page: Page, address: str) -> dict[str, str]:
    """Open the map, pull it about, draw a lasso, choose what is in view."""
    page.goto(address)
    drawn(page)
    first = page.evaluate(_TIMES)
    began = time.perf_counter()
    page.reload()
    drawn(page)
    again = time.perf_counter() - began
    at_rest(page)
    frames = pulled(page)
    with_lasso, count = lassoed(page)
    page.locator(".points").focus()
    began = time.perf_counter()
    page.keyboard.press("Enter")
    told(page)
    entered = time.perf_counter() - began
    one = page.evaluate("performance.getEntriesByName('map drawn').at(-1).duration")
    return {
        "points, sent once": f"{first['bytes'] / 1e6:.2f} MB",
        "points asked for, until all are drawn": f"{first['took'] / 1000:.2f} s",
        "page opened again, until all are drawn": f"{again:.2f} s",
        "one drawing of all points": f"{one:.0f} ms",
        "a frame while the map is pulled, median": f"{np.median(frames):.0f} ms",
        "the same, 95th of 100": f"{np.quantile(frames, 0.95):.0f} ms",
        "lasso, until Python's count is seen": f"{with_lasso:.2f} s",
        "pictures in the lasso": f"{count:,}",
        "Enter, until Python's count is seen": f"{entered:.2f} s",
    }


# From asking for the points to the end of the first drawing, and how many bytes they are.
_TIMES = """() => {
  const points = performance.getEntriesByType("resource").find((entry) => entry.name.includes("points.f32"))
  const drawn = performance.getEntriesByName("map drawn")[0]
  return { bytes: points.decodedBodySize, took: drawn.startTime + drawn.duration - points.startTime }
}"""
_FRAMES = """() => {
  window.frames_seen = []
  const see = (at) => { window.frames_seen.push(at); window.seeing = requestAnimationFrame(see) }
  window.seeing = requestAnimationFrame(see)
}"""


def drawn(page: Page) -> None:
    """Wait until the map was drawn with all its points."""
    page.wait_for_function("performance.getEntriesByName('map drawn').length > 0", timeout=120_000)


def pulled(page: Page) -> np.ndarray:
    """Milliseconds of each frame while the mouse pulls the map about."""
    box = page.locator(".points").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_FRAMES)
    for i in range(150):
        page.mouse.move(x + 150 * math.sin(i / 12), y + 100 * math.sin(i / 9))
    times = page.evaluate("(cancelAnimationFrame(window.seeing), window.frames_seen)")
    page.mouse.up()
    page.keyboard.press("0")
    return np.diff(times)


def lassoed(page: Page) -> tuple[float, int]:
    """Seconds from letting go of the mouse to Python's count, and that count."""
    box = page.locator(".points").bounding_box()
    assert box
    x, y, wide = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["height"] * 0.3
    page.keyboard.down("Shift")
    page.mouse.move(x + wide, y)
    page.mouse.down()
    for i in range(1, 120):
        angle = i / 120 * 2 * math.pi
        page.mouse.move(x + wide * math.cos(angle), y + wide * (1 + 0.3 * math.sin(5 * angle)) * math.sin(angle))
    began = time.perf_counter()
    page.mouse.up()
    count = told(page)
    took = time.perf_counter() - began
    page.keyboard.up("Shift")
    at_rest(page)
    return took, count


def told(page: Page) -> int:
    """Wait for the number of pictures selected; until Python has said it, the map says "selecting"."""
    found = page.locator(".says").filter(has_text=re.compile(r"\d selected"))
    found.wait_for(timeout=60_000)
    return int(found.inner_text().rpartition("·")[2].split()[0].replace(",", ""))


if __name__ == "__main__":
    main()
