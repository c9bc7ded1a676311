"""Makes docs/pictures, what Vitrine shares of Postcards: `python -m assets.make.shares [OUT]`.

Runs all five analyses with the bundled models in a workspace of their own, and draws eight of their findings as
everybody gets them by Share; smaller and as WebP, so that the README stays light.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from engine.analyses.clusters import Criterion
from engine.analyses.clusters import Params as Clusters
from engine.analyses.differences import Params as Differences
from engine.analyses.diversity import Params as Diversity
from engine.analyses.structure import Params as Structure
from engine.analyses.typicality import Params as Typicality
from engine.errors import RunError
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import make_request
from engine.jobs.comparing import together, two_sides
from engine.jobs.execute import execute
from engine.jobs.sharing import small, source_of
from engine.models import profiles
from engine.report import clusters, differences, diversity, structure, typicality
from engine.report.finding import Finding
from engine.report.sheet import sheet
from engine.report.source import Source
from engine.settings import Settings
from engine.store.runs import Runs

WIDE = 1440  # pixels

SHARES: Mapping[str, tuple[str, str, Callable[[Source], Finding]]] = {
    "clusters": ("place", "light", clusters.overview),
    "cluster": ("time", "dark", lambda source: clusters.cluster(source, "night")),
    "structure": ("structure", "light", structure.tree),
    "together": ("structure", "dark", lambda source: structure.cross(source, "subject", "colour")),
    "differences": ("differences", "light", lambda source: differences.overview(source, source.result.comparisons[0])),
    "elements": ("typicality", "dark", lambda source: typicality.elements(source, "beach")),
    "axes": ("diversity", "light", diversity.axes),
    "coreset": ("diversity", "light", diversity.coreset),
}
"""Each picture: whose finding, its theme, and what."""


def asked(gallery: Gallery, settings: Settings) -> dict[str, tuple[str, Any, Any]]:
    """The questions by their names: analysis, Params, and the part of the gallery."""
    a, b = two_sides(gallery, "subject=balloon", "subject=cat", settings.home)
    return {
        "place": ("clusters", Clusters(Criterion("place")), None),
        "time": ("clusters", Clusters(Criterion("time of day")), None),
        "structure": ("structure", Structure(), None),
        "differences": (
            "differences",
            Differences(a, b, proposers=("chat", "words", "concepts")),
            together(gallery, a, b),
        ),
        "typicality": ("typicality", Typicality(("beach",)), None),
        "diversity": ("diversity", Diversity(by="label", coreset=24), None),
    }


def answered(name: str, params: Any, part: Any, gallery: Gallery, settings: Settings) -> Source:  # noqa: ANN401
    """A finished run of the bundled models."""
    specs = profiles.specs("bundled", settings, gallery.root)
    run = Runs(settings.home).submit(make_request(name, gallery, params, specs, part=part))
    with run.hold(wait=True):
        status = run.status if run.status.state == "done" else execute(run, settings)
    if status.state != "done":
        raise RunError(status.error, status.hint)
    return source_of(run, settings)


def light(png: bytes) -> bytes:
    """The same picture as WebP, with fewer pixels."""
    with Image.open(io.BytesIO(png)) as opened:
        image = opened.convert("RGB")
    image = image.resize((WIDE, round(image.height * WIDE / image.width)), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "WEBP", quality=90, method=6)
    return out.getvalue()


def main() -> None:
    """Write all of them into docs/pictures, or where the command line says."""
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "docs" / "pictures"
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        gallery = open_folder(profiles.POSTCARDS, settings)
        sources = {
            name: answered(kind, params, part, gallery, settings)
            for name, (kind, params, part) in asked(gallery, settings).items()
        }
        for name, (of, theme, make) in SHARES.items():
            source = sources[of]
            png = light(sheet(make(source), source.about(), theme, opener=small(settings)))
            (to / f"{name}.webp").write_bytes(png)


if __name__ == "__main__":
    main()
