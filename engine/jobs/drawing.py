"""What is missing, drawn by a text-to-image model, looked at again, and marked as synthetic for good.

A drawing is never counted for having been asked for: it is described and assigned by the path that all pictures take,
and counts where it lands in its cell. Three things mark it: its file's name, the column `synthetic` beside it, and
IPTC's digital source type in the file itself, so that no export loses all of them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine import models
from engine.analyses.structure import Given, Params, Result, run
from engine.gallery import Gallery
from engine.gallery.marking import into, synthetic_mark
from engine.models.roles import ModelSpec
from engine.progress import Progress
from engine.settings import Settings
from engine.steps.answers import Remembered


@dataclass(frozen=True)
class Yield:
    """Of the drawings for a cell, how many landed in it; how many of others' drawings would have, per drawing."""

    cell: Mapping[str, str]
    drawn: int
    landed: int
    shuffled: float


def draw(
    rows: Sequence[Mapping[str, Any]], spec: ModelSpec, settings: Settings, to: Path, progress: Progress
) -> list[str]:
    """One PNG a prompt in an empty or new folder, and a table of them; returns their names, in the prompts' order.

    Args:
        rows: of prompting.prompts; those without a prompt are passed over, and have an empty name.
        spec: of a denoiser.
        settings: of this process.
        to: the folder.
        progress: counts drawings, says when to stop.

    Raises:
        StoreError: the folder cannot be written, or holds something; ModelError: the model cannot draw.
    """
    wanted = [i for i, row in enumerate(rows) if row["prompt"]]
    names = [f"synthetic-{i:05}.png" if row["prompt"] else "" for i, row in enumerate(rows)]
    with into(to):
        progress.start(f"loading {spec.name}", 0)
        model = models.load("denoiser", spec, settings)
        progress.start("drawing", len(wanted))
        texts, seeds = [rows[i]["prompt"] for i in wanted], [rows[i]["seed"] for i in wanted]
        for k, picture in model.draw(texts, seeds, progress.check):
            picture.save(to / names[wanted[k]], pnginfo=synthetic_mark())
            progress.advance()
        with (to / "metadata.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["file", "synthetic", "prompt", "seed", "model", "cell"])
            for i in wanted:
                cell = ", ".join(f"{name}: {value}" for name, value in rows[i]["cell"].items())
                table.writerow([names[i], "yes", rows[i]["prompt"], rows[i]["seed"], spec.label, cell])
    return names


def looked_at(
    gallery: Gallery, given: Sequence[Given], *, vision: Remembered, chat: Remembered, progress: Progress, seed: int
) -> Result:
    """Drawings described and assigned as all pictures are."""
    params = Params(count=0, given=tuple(given), draws=0)
    return run(gallery, params, vision=vision, chat=chat, progress=progress, seed=seed)


def yields(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str], told: Result, titles: Mapping[str, str], seed: int = 0
) -> tuple[list[Yield], set[str]]:
    """How much landed by cell, beside shuffled prompts; and the files that did.

    Args:
        rows: of prompting.prompts.
        names: of the drawings, as `draw` gave them.
        told: of `looked_at`.
        titles: what a cell's dimension is called there, where it is called otherwise.
        seed: of the shuffling.
    """
    said = {row.file: row.values for row in told.rows}
    drawn = [(row["cell"], names[i]) for i, row in enumerate(rows) if names[i]]

    def lands(cell: Mapping[str, str], name: str) -> bool:
        mine = said.get(name, {})
        return all(value in mine.get(titles.get(key, key), ()) for key, value in cell.items())

    files = [name for _, name in drawn]
    orders = [np.random.default_rng([seed, k]).permutation(len(files)).tolist() for k in range(20)]
    landed = {name for cell, name in drawn if lands(cell, name)}
    found: list[Yield] = []
    cells = {tuple(cell.items()): cell for cell, _ in drawn}
    for cell in cells.values():
        mine = [k for k, (other, _) in enumerate(drawn) if other == cell]
        chance = [lands(cell, files[order[k]]) for order in orders for k in mine]
        found.append(Yield(cell, len(mine), sum(files[k] in landed for k in mine), float(np.mean(chance))))
    return found, landed
