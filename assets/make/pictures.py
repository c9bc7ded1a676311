"""Painted training pictures kept on disk, so that a training is bound by its model and not by the painter.

`painted(seed, n)` paints once, two processes side by side, into `out/training/`, which git ignores; later calls map
the file. Which seeds serve which purpose is decided here, for all models: nobody tunes on held-out pictures.
"""

from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap

from .painter import paint
from .scene import Scene, scenes

FOLDER = Path(__file__).parents[2] / "out" / "training"
SIZE = 128
TRAINING, TUNING, HELD_OUT = 101, 202, 303  # seeds of `scenes`
N_TRAINING, N_TUNING, N_HELD_OUT = 30_000, 1_000, 2_000


class Pictures(NamedTuple):
    """Scenes, what they look like, and where their subjects are."""

    pixels: np.ndarray  # n x 128 x 128 x 3 of uint8, mapped read-only
    subjects: np.ndarray  # n x 3 x 4 of int16: left, top, right, bottom in pixels; -1 where there are fewer than 3
    scenes: list[Scene]


def painted(seed: int, n: int) -> Pictures:
    """The first `n` scenes of a seed, painted unless they lie on disk."""
    wanted = list(scenes(seed, n))
    path, boxes_path = FOLDER / f"pictures_{seed}_{n}.npy", FOLDER / f"subjects_{seed}_{n}.npy"
    if not boxes_path.exists():  # written last
        FOLDER.mkdir(parents=True, exist_ok=True)
        open_memmap(path, "w+", np.uint8, (n, SIZE, SIZE, 3)).flush()
        bounds = np.linspace(0, n, 1 + max(1, n // 500)).astype(int)
        jobs = [(path, wanted[a:b], int(a)) for a, b in pairwise(bounds)]
        with get_context("spawn").Pool(2) as pool:
            np.save(boxes_path, np.concatenate(pool.starmap(_paint_into, jobs, chunksize=1)))
    return Pictures(np.load(path, mmap_mode="r"), np.load(boxes_path), wanted)


def _paint_into(path: Path, wanted: list[Scene], start: int) -> np.ndarray:
    pixels = np.load(path, mmap_mode="r+")
    subjects = np.full((len(wanted), 3, 4), -1, np.int16)
    for i, scene in enumerate(wanted):
        picture, boxes = paint(scene, SIZE)
        pixels[start + i] = np.asarray(picture)
        for k, box in enumerate(b for b in boxes if b.role == "subject"):
            subjects[i, k] = box[2:]
    return subjects


def main() -> None:
    """Paint everything that the trainings and their evaluations look at."""
    for seed, n in ((TUNING, N_TUNING), (HELD_OUT, N_HELD_OUT), (TRAINING, N_TRAINING)):
        painted(seed, n)


if __name__ == "__main__":
    main()
