"""Fine-tuning: two invented words, for warm and for cold subjects of Postcards, taught to the bundled model.

python -m benchmarks.finetuning [--how full lora] [--steps 1500] [--rate R] [--threads 1] [--device cpu]

A fifth of the pictures is kept from fine-tuning altogether (which holds out a tenth of what it is given, to know when
to stop); on these the word with the larger T, mean over the map, is compared with the truth. White subjects are left
out. The model has never seen the words, nor been told a colour by anything but captions. Four of the 109 pictures kept
have an edited copy among those learned from.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from engine.finetuning import HOWS, Params, Result, finetune
from engine.gallery import Gallery, Picture, open_folder
from engine.models import load
from engine.models.profiles import POSTCARDS
from engine.models.roles import Latent, ModelSpec
from engine.models.templates import Template, template_of
from engine.progress import Progress
from engine.settings import Settings

WORDS = {"red": "zorblat", "yellow": "zorblat", "blue": "quimby", "green": "quimby", "purple": "quimby"}
LABELS = ("zorblat", "quimby")
BUNDLED = ModelSpec("diffusion", "assets/models/diffusion")
DRAWS = 16


def pictures(settings: Settings) -> tuple[Gallery, list[Picture]]:
    """What is learned from, and the fifth that is not, by another part of the hash than fine-tuning looks at."""
    gallery = open_folder(POSTCARDS, settings)
    named = [replace(p, label=WORDS[p.metadata["colour"]]) for p in gallery.pictures if p.metadata["colour"] in WORDS]
    kept = [p for p in named if int(p.hash[8:16], 16) % 5 == 0]
    there = {p.hash for p in kept}
    return replace(gallery, pictures=[p for p in named if p.hash not in there], labels="colour"), kept


def right(spec: ModelSpec, template: Template, kept: Sequence[Picture], settings: Settings) -> np.ndarray:
    """Which pictures' own word has the larger T, at 16 draws; (n,) booleans."""
    model = load("denoiser", spec, settings)
    latents = [Latent(kept[i].hash, values) for i, values in model.latents(kept, lambda: None)]
    times = np.tile(np.linspace(100, 700, DRAWS, endpoint=False).astype(int), (len(kept), 1))
    prompts = (template.null, *map(template.of, LABELS))
    found = np.zeros(len(kept), dtype=bool)
    for i, errors in model.losses(latents, prompts, times, 0, 0, lambda: None):
        typical = (errors[0] - errors[1:]).mean(axis=(1, 2, 3))
        found[i] = LABELS[int(typical.argmax())] == kept[i].label
    return found


def row(name: str, found: np.ndarray, kept: Sequence[Picture], result: Result | None = None, spent: str = "") -> str:
    """A line of the table."""
    own = [np.mean([f for f, p in zip(found, kept, strict=True) if p.label == label]) for label in LABELS]
    error = np.sqrt(found.mean() * (1 - found.mean()) / len(found))
    learned = f"{result.steps} ({result.kept}) | {result.before:+.6f} | {result.gap:+.6f}" if result else " | | "
    return f"| {name} | {learned} | {found.mean():.3f} ± {error:.3f} | {own[0]:.2f} | {own[1]:.2f} | {spent} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--how", nargs="+", choices=HOWS, default=HOWS)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as there:
        settings = Settings(Path(there, "home"), device=args.device)
        gallery, kept = pictures(settings)
        template = template_of(BUNDLED)
        cold = np.mean([p.label == LABELS[1] for p in kept])
        print(
            f"{time.strftime('%Y-%m-%d')} · {platform.machine()}, {os.cpu_count()} cores, {args.threads} used,"
            f" load {os.getloadavg()[0]:.1f} before\n\nPostcards: {len(gallery)} pictures given to fine-tuning,"
            f" {len(kept)} kept from it, {cold:.0%} of them {LABELS[1]}; T by {DRAWS} draws.\n\n"
            "| model | steps (kept) | gap before | gap after | right | zorblat | quimby | wall s, CPU s |\n"
            "|---|---|---|---|---|---|---|---|",
            flush=True,
        )
        print(row("bundled", right(BUNDLED, template, kept, settings), kept), flush=True)
        for how in args.how:
            to, began, cpu = Path(there, how), time.perf_counter(), time.process_time()
            progress = Progress(lambda p: print(f"{p.step}: {p.done}", file=sys.stderr, flush=True), every=20)
            result = finetune(gallery, BUNDLED, to, Params(args.steps, how, template, args.rate), settings, progress)
            spent = f"{time.perf_counter() - began:,.0f}, {time.process_time() - cpu:,.0f}"
            spec = ModelSpec("diffusion", str(to))
            print(row(how, right(spec, template_of(spec), kept, settings), kept, result, spent), flush=True)


if __name__ == "__main__":
    main()
