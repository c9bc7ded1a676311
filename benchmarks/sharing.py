"""What sharing costs: `python -m benchmarks.sharing`. A table: seconds and megabytes.

A clusters run of Postcards by the bundled models: pictures to share, a report, exports. Then a report of a thousand
pictures of noise, which compress worse than any photograph.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from assets.make.shares import answered
from engine.analyses.clusters import Cluster, Criterion, Params, Result, Row
from engine.gallery import Gallery, Picture, open_folder
from engine.gallery.packing import lay_out
from engine.jobs.sharing import small
from engine.models import profiles
from engine.models.roles import ModelSpec
from engine.report import clusters
from engine.report.datasets import LAYOUTS
from engine.report.document import report
from engine.report.sheet import sheet
from engine.report.source import Source
from engine.settings import Settings
from engine.store.export import write
from engine.store.runs import Request, Status

_NOISE, _GROUPS = 1000, 10


def main() -> None:
    """Print the table."""
    print("| what | seconds | MB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        gallery = open_folder(profiles.POSTCARDS, settings)
        source = answered("clusters", Params(Criterion("place")), None, gallery, settings)
        opener = small(settings)
        report([source], opener)  # makes thumbnails
        told("picture of all six clusters", lambda: sheet(clusters.overview(source), source.about(), opener=opener))
        told("picture of one cluster", lambda: sheet(clusters.cluster(source, "beach"), source.about(), opener=opener))
        told("report of the run, 600 pictures", lambda: report([source], opener).encode())
        for kind in ("csv", "parquet"):
            told(
                f"{kind}, 600 rows", lambda kind=kind: write("clusters", source.result, settings.home / kind, kind=kind)
            )
        for name, make in LAYOUTS.items():
            told(f"{name}, 600 hard links", lambda n=name, m=make: lay_out(m(source, ""), settings.home / n))
    told(f"report of {_NOISE:,} pictures of noise", lambda: report([_noisy()], _noise).encode())


def told(what: str, make: Callable[[], object]) -> None:
    """Carry it out, and print how long it took and how large it is."""
    began = time.perf_counter()
    made = make()
    size = f"{len(made) / 1e6:.2f}" if isinstance(made, bytes) else ""
    print(f"| {what} | {time.perf_counter() - began:.2f} | {size} |")


def _noisy() -> Source:
    pictures = [Picture(f"{i:04}.jpg", f"{i:064x}", 640, 480, "/nowhere") for i in range(_NOISE)]
    gallery = Gallery("/nowhere", "noise", "none", pictures)
    rows = tuple(Row(p.name, cluster=f"group {i % _GROUPS}", how="label") for i, p in enumerate(pictures))
    groups = tuple(Cluster(f"group {k}", _NOISE // _GROUPS) for k in range(_GROUPS))
    request = Request("clusters", 1, "", gallery.fingerprint, {}, {"vision": ModelSpec("fake", "fake")})
    return Source("0" * 16, request, Status("done", ended=1.0), Result(Criterion("noise"), groups, rows, ()), gallery)


def _noise(picture: Picture, side: int) -> Image.Image:
    del side
    rng = np.random.default_rng(int(picture.name[:4]))
    return Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).resize((256, 256), Image.Resampling.BICUBIC)


if __name__ == "__main__":
    main()
