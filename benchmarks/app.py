"""The Look page as a person meets it: galleries of small pictures in the real app, driven in Chromium; Runs, Compare.

python -m benchmarks.app [--pictures 1000 10000 100000]

Times are a person's: from the press or the address to what is seen. `rerun` is from pressing something to the script's
end as the browser knows it, so it holds the server's time, the way there and back, and drawing. The map's points are
made up and stored where the app looks for them: how long UMAP takes is measured elsewhere.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Page, sync_playwright
from streamlit.testing.v1 import AppTest

from benchmarks.gallery import make
from benchmarks.pages import scripts_alone
from engine.gallery import Gallery, load_gallery, open_folder
from engine.jobs.preparing import COLOURS
from engine.settings import Settings
from engine.steps import layout

ROOT = Path(__file__).resolve().parents[1]
_FLAGS = ["--no-sandbox", "--disable-gpu"]
_REST = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass
class Figures:
    """What was measured of a gallery of `n` pictures, by name: seconds, or MiB."""

    n: int
    said: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Seconds that the body takes."""
        began = time.perf_counter()
        yield
        self.said[name] = time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--shots", type=Path, help="folder for screenshots from the middle and the end")
    said = parser.parse_args()
    found = []
    for n in said.pictures:
        found.append(measured(n, said.shots))
        print(f"{n:,} pictures done", file=sys.stderr, flush=True)
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · JPEGs of 32 pixels\n")
    print("| what | " + " | ".join(f"{f.n:,} pictures" for f in found) + " |\n|---|" + "---|" * len(found))
    for name in found[0].said:
        unit = " MiB" if "memory" in name else "" if "pictures in" in name else " s"
        cells = [f"{f.said[name]:.2f} s" if unit == " s" else f"{f.said[name]:,.0f}{unit}" for f in found]
        print(f"| {name} | " + " | ".join(cells) + " |")


def measured(n: int, shots: Path | None) -> Figures:
    """Everything for one gallery."""
    figures = Figures(n)
    with tempfile.TemporaryDirectory() as scratch:
        folder, settings = Path(scratch) / "pictures", Settings(home=Path(scratch) / "home")
        make(folder, n)
        with figures.timed("scan"):
            gallery = open_folder(folder, settings)
        with figures.timed("reopen"):
            gallery = open_folder(folder, settings)
        assert len(load_gallery(gallery.fingerprint, settings.home)) == n
        points = np.random.default_rng(0).normal(0, 0.35, (n, 2)).clip(-1, 1).astype(np.float32)
        for method in layout.METHODS:
            layout.save(settings.home, gallery.fingerprint, COLOURS, method, points)
        with running(settings.home) as (url, process), browser() as page:
            drive(page, f"{url}/look?gallery={gallery.fingerprint}", gallery, figures, shots)
            figures.said["app process, memory"] = memory(process.pid)
            figures.said["browser's page, memory"] = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
        figures.said["rerun, the script alone"] = script_alone(settings.home)
        figures.said |= {
            f"{what}, the script alone": took for what, took in scripts_alone(settings.home, gallery).items()
        }
    return figures


def script_alone(home: Path) -> float:
    """Seconds of a rerun that turns the order round, without browser and server."""
    os.environ["VITRINE_HOME"] = str(home)
    test = AppTest.from_file(ROOT / "pages" / "frame.py", default_timeout=60)
    test.run()
    test.switch_page("gallery.py").run()
    took = []
    for i in range(9):
        test.toggle(key="look_down").set_value(i % 2 == 0)
        began = time.perf_counter()
        test.run()
        took.append(time.perf_counter() - began)
    return median(took)


def drive(page: Page, address: str, gallery: Gallery, figures: Figures, shots: Path | None) -> None:
    """Look at a gallery: its grid, its map, a lasso."""
    n = len(gallery)
    for name in (", the app new", ""):
        page.goto("about:blank")
        with figures.timed(f"address to first thumbnails{name}"):
            page.goto(address)
            page.get_by_role("heading", name="Look").wait_for(timeout=120_000)
            with figures.timed(f"page's answer to first thumbnails{name}"):
                page.locator(_THERE).nth(11).wait_for(timeout=120_000)
        at_rest(page)
    page.get_by_role("button", name="Sort, group, filter").click()
    page.evaluate(_WATCH)
    figures.said["rerun"] = median(rerun(page) for _ in range(7))
    page.keyboard.press("Escape")
    for name, part in (("scroll to the middle", 0.5), ("scroll to the end", 1.0)):
        scroller = page.locator(".scroller")
        with figures.timed(name):
            scroller.evaluate(f"(e) => {{ e.scrollTop = {part} * e.scrollHeight }}")
            until = time.monotonic() + 60
            while not scroller.evaluate(_ALL_THERE):
                assert time.monotonic() < until
                time.sleep(0.02)
        picture(page, shots, f"{n}-{name.rpartition(' ')[2]}.png")
    lasso(page, address, figures, shots, n)


def rerun(page: Page) -> float:
    """Seconds of the script's run, as the browser sees it, after a press that turns the order round."""
    page.get_by_text("Largest or last first").click()
    page.wait_for_function("() => seen.ended > 0", timeout=60_000)
    return page.evaluate("() => { const took = seen.ended - seen.began; seen.ended = 0; return took / 1000 }")


def lasso(page: Page, address: str, figures: Figures, shots: Path | None, n: int) -> None:
    """The map, and a lasso around about half of it."""
    page.goto("about:blank")
    with figures.timed("map drawn"):
        page.goto(f"{address}&view=map")
        page.wait_for_function("() => performance.getEntriesByName('map drawn').length > 0", timeout=120_000)
    at_rest(page)
    page.get_by_role("button", name="Lasso").click()
    box = page.locator("canvas").first.bounding_box()
    assert box
    x, y, w, h = box["x"], box["y"], box["width"], min(box["height"], 880 - box["y"])
    page.mouse.move(x + 0.3 * w, y + 0.15 * h)
    page.mouse.down()
    for across, down in ((0.85, 0.15), (0.85, 0.95), (0.3, 0.95), (0.3, 0.15)):
        page.mouse.move(x + across * w, y + down * h, steps=5)
    with figures.timed("lasso to its pictures"):
        page.mouse.up()
        page.get_by_text("in the lasso").wait_for(timeout=60_000)
        page.locator(_THERE).nth(5).wait_for(timeout=60_000)
    said = page.get_by_text("in the lasso").inner_text()
    figures.said["pictures in that lasso"] = int(said.split()[0].replace(",", ""))
    picture(page, shots, f"{n}-lasso.png")


def picture(page: Page, shots: Path | None, name: str) -> None:
    """A screenshot, if they are wanted."""
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=shots / name)


_THERE = ".cell img.there"
_ALL_THERE = """(scroller) => {
  const box = scroller.getBoundingClientRect()
  const seen = [...scroller.querySelectorAll(".cell:not([hidden]) img")].filter((image) => {
    const at = image.getBoundingClientRect()
    return at.bottom > box.top + 4 && at.top < Math.min(box.bottom, innerHeight) - 4
  })
  return seen.length > 5 && seen.every((image) => image.classList.contains("there"))
}"""
_WATCH = """() => {
  const app = document.querySelector('[data-testid="stApp"]')
  window.seen = { began: 0, ended: 0 }
  new MutationObserver(() => {
    const state = app.dataset.testScriptState
    if (state === "running") window.seen.began = performance.now()
    if (state === "notRunning") window.seen.ended = performance.now()
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] })
}"""


def at_rest(page: Page) -> None:
    """Wait until the script has run."""
    page.wait_for_selector(_REST, timeout=60_000)


@contextmanager
def running(home: Path) -> Iterator[tuple[str, subprocess.Popen]]:
    """The app on a free port, as `make run` starts it."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
        cwd=ROOT,
        env={**os.environ, "VITRINE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            with suppress(OSError):
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
                break
            time.sleep(0.25)
        yield url, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


@contextmanager
def browser() -> Iterator[Page]:
    """A page of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        sys.exit("Chromium is missing: install Debian's package chromium.")
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=path, args=[*_FLAGS, "--enable-precise-memory-info"])
        yield chromium.new_page(viewport={"width": 1280, "height": 900})
        chromium.close()


def memory(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    main()
