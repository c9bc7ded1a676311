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
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.analyses import structure
from engine.analyses.structure import Given, Params, Result
from engine.analyses.structure.crossing import table
from engine.analyses.structure.deficits import deficits
from engine.analyses.structure.prompting import prompts
from engine.analyses.structure.telling import values_of
from engine.gallery import Gallery, open_folder
from engine.jobs.asking import askers
from engine.models import profiles
from engine.models.profiles import POSTCARDS, ROOT
from engine.progress import Progress
from engine.settings import Settings
from engine.store.answers import Store

GIVEN = (
    Given("place", ("beach", "city", "desert", "forest", "harbour", "mountain")),
    Given("time of day", ("night", "sunset", "sunny", "fog")),
)
LACKING = (("beach", "night"), ("city", "foggy"), ("desert", "sunset"), ("forest", "sunny"))


def draw(texts: Sequence[str], seeds: Sequence[int], to: Path) -> None:
    """A PNG of 256 pixels for each text, named by its place in the list."""
    import torch
    from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(
        str(ROOT / "assets/models/diffusion"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        local_files_only=True,
    )
    pipeline.set_progress_bar_config(disable=True)
    for i, (text, seed) in enumerate(zip(texts, seeds, strict=True)):
        dice = torch.Generator().manual_seed(seed)
        drawn: Any = pipeline(text, num_inference_steps=40, guidance_scale=4.0, height=64, width=64, generator=dice)
        drawn.images[0].resize((256, 256), Image.Resampling.BICUBIC).save(to / f"{i:04}.png")


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
        folder.mkdir()
        gallery = open_folder(POSTCARDS, settings)
        kept = [p for p in gallery.pictures if (p.metadata["place"], p.metadata["time"]) not in LACKING]
        result = told(replace(gallery, pictures=kept), settings)
        names = ("place", "time of day")
        cells = deficits(table(values_of(result, names[0]), values_of(result, names[1]))).cells[: len(LACKING)]
        wanted = prompts(cells, names, {}, each)
        began = time.perf_counter()
        draw([row["prompt"] for row in wanted], [row["seed"] for row in wanted], folder)
        took = time.perf_counter() - began
        back = told(open_folder(folder, settings), settings)
    got = list(zip(values_of(back, names[0]), values_of(back, names[1]), strict=True))
    there = [(row["cell"]["place"], row["cell"]["time of day"]) for row in wanted]
    lands = lambda cell, said: cell[0] in said[0] and cell[1] in said[1]  # noqa: E731
    hits = [lands(cell, said) for cell, said in zip(there, got, strict=True)]
    order = np.random.default_rng(0).permutation(len(wanted)).tolist()
    chance = [lands(there[i], said) for i, said in zip(order, got, strict=True)]
    print(
        f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores · {len(wanted)} in {took:.0f} s\n"
    )
    print("| cell | prompt | drawings | landed in it |\n|---|---|---|---|")
    for cell in cells:
        mine = [i for i, where in enumerate(there) if where == (cell.row, cell.column)]
        landed = sum(hits[i] for i in mine)
        print(f"| {cell.row}, {cell.column} | {wanted[mine[0]]['prompt']} | {len(mine)} | {landed} |")
    print(f"\nYield {np.mean(hits):.2f}, against shuffled prompts {np.mean(chance):.2f}.")


if __name__ == "__main__":
    main()
