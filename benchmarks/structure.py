"""Structure's closed loop: what is missing is prompted for, drawn, described and assigned; how much lands in its cell.

python -m benchmarks.structure [--each 8]

Postcards without four cells of place and time of day; the bundled diffusion model, made to compare and not to draw,
draws them. Beside it the yield of the same drawings against shuffled prompts: what lands in a cell by chance.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from engine.analyses import structure
from engine.analyses.crossing import table
from engine.analyses.structure import Given, Params, Result
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.prompting import prompts
from engine.analyses.structure.telling import values_of
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import askers
from engine.jobs.drawing import draw, yields
from engine.models import profiles
from engine.models.profiles import POSTCARDS
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.store.answers import Store

GIVEN = (
    Given("place", ("beach", "city", "desert", "forest", "harbour", "mountain")),
    Given("time of day", ("night", "sunset", "sunny", "fog")),
)
LACKING = (("beach", "night"), ("city", "foggy"), ("desert", "sunset"), ("forest", "sunny"))


def told(gallery: Gallery, settings: Settings) -> Result:
    """The structure of a gallery in these two dimensions, by the bundled models."""
    specs = profiles.specs("bundled", settings, str(POSTCARDS))
    progress = Progress()
    with closing(Store(settings.home)) as store:
        asks = askers({role: specs[role] for role in ("vision", "chat")}, settings, store, progress)
        return structure.run(gallery, Params(count=0, given=GIVEN), **asks, progress=progress, seed=0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=8, help="drawings of each cell")
    each = parser.parse_args().each
    with tempfile.TemporaryDirectory() as scratch:
        settings, folder = Settings(home=Path(scratch) / "home"), Path(scratch) / "drawn"
        gallery = open_folder(POSTCARDS, settings)
        kept = [p for p in gallery.pictures if (p.metadata["place"], p.metadata["time"]) not in LACKING]
        result = told(replace(gallery, pictures=kept), settings)
        names = ("place", "time of day")
        cells = deficits(table(values_of(result, names[0]), values_of(result, names[1]))).cells[: len(LACKING)]
        wanted = prompts(cells, names, {}, each)
        began = time.perf_counter()
        model = ModelSpec("diffusion", "assets/models/diffusion", options={"guidance": 4.0})
        files = draw(wanted, model, settings, folder, Progress())
        took = time.perf_counter() - began
        back = told(open_folder(folder, settings), settings)
    found, _ = yields(wanted, files, back, {})
    n = sum(one.drawn for one in found)
    print(f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · {n} in {took:.0f} s\n")
    print("| cell | drawings | landed in it | by shuffled prompts |\n|---|---|---|---|")
    for one in found:
        print(f"| {', '.join(one.cell.values())} | {one.drawn} | {one.landed} | {one.shuffled:.2f} |")
    print(
        f"\nYield {sum(y.landed for y in found) / n:.2f}, shuffled {sum(y.shuffled * y.drawn for y in found) / n:.2f}."
    )


if __name__ == "__main__":
    main()
