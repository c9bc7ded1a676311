"""Search by words while the worker is busy: how long the live process takes to answer.

python -m benchmarks.search [--busy 20000]

The worker describes so many pictures with the bundled captioner meanwhile, on all cores; Postcards are searched with
the bundled matcher.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.gallery import make
from engine.analyses.clusters import Criterion, Params
from engine.gallery import open_folder
from engine.jobs import live
from engine.jobs.asking import make_request
from engine.models import profiles
from engine.progress import Progress
from engine.settings import Settings
from engine.steps import embeddings
from engine.store.runs import Run, Runs

ROOT = Path(__file__).resolve().parents[1]
COLOURS = ("red", "green", "blue", "yellow", "white", "purple")
THINGS = ("car", "house", "umbrella", "rocket", "cat", "balloon")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=20_000)
    n = parser.parse_args().busy
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(home=Path(scratch) / "home")
        cards = open_folder(profiles.POSTCARDS, settings)
        specs = profiles.specs("bundled", settings, cards.root)
        embeddings.embed(cards.pictures, specs["matcher"], settings, Progress())
        make(Path(scratch) / "pictures", n)
        many = open_folder(Path(scratch) / "pictures", settings)
        run = Runs(settings.home).submit(make_request("clusters", many, Params(Criterion("place")), specs))
        environment = {**os.environ, "VITRINE_HOME": str(settings.home)}
        words = [[sys.executable, "-m", "engine", word] for word in ("work", "live")]
        children = [subprocess.Popen(said, cwd=ROOT, env=environment) for said in words]
        try:
            table(cards.fingerprint, run, settings)
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait(30)


def table(gallery: str, run: Run, settings: Settings) -> None:
    """Ask, and print."""
    while run.status.state == "queued" or run.status.done < 200:
        time.sleep(0.2)
    first = asked(settings, gallery, "a red umbrella on a beach")
    took = [asked(settings, gallery, f"a {colour} {thing}") for colour in COLOURS for thing in THINGS]
    status = run.status
    assert status.state == "running", status
    beside = f"beside a run of {status.total:,} pictures, {status.done:,} done, {status.rate:.0f} a second"
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · {beside}\n")
    print("| search of 600 Postcards by words, never asked before | milliseconds |\n|---|---|")
    print(f"| the first, with what loads until then | {1000 * first:,.0f} |")
    print(f"| {len(took)} others, median | {1000 * median(took):.0f} |")
    print(f"| {len(took)} others, slowest | {1000 * max(took):.0f} |")


def asked(settings: Settings, gallery: str, words: str) -> float:
    """Seconds until the answer is there."""
    began = time.perf_counter()
    while True:
        said = live.ask(settings.home, "search", 4.0, gallery=gallery, words=words, picture="")
        if said["state"] == "done":
            return time.perf_counter() - began
        assert said["state"] != "failed", said
        time.sleep(0.02 if said["state"] == "away" else 0)


if __name__ == "__main__":
    main()
