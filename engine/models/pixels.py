"""Embedder without a model: what lies where by colour and by edge, for pictures that no model here knows.

A coarse grid of CIE L*a*b* and histograms of oriented gradients (Dalal and Triggs, CVPR 2005), both averaged with those
of the mirrored picture. It tells how a picture looks, not what it shows: of the kinds of things on CIFAR-10's photos a
linear classifier on it tells four of ten. Whoever uses it has to say how right it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np
from PIL import Image
from skimage.color import rgb2lab
from skimage.feature import hog

from engine.errors import VitrineError
from engine.models.roles import Check, ModelSpec, Shown
from engine.settings import Settings

SIDE, _GRID, _CELL = 64, 8, 16  # pixels; parts a side; pixels a side of a cell of gradients
_SPREAD = (25.0, 12.0, 16.0)  # of L*, a* and b* over many photos
_TURNS = 8  # directions of edges


@dataclass(frozen=True)
class Pixels:
    """Plays embedder."""

    spec: ModelSpec
    notes: Sequence[str] = ()

    def pictures(self, pictures: Sequence[Shown], check: Check) -> Iterator[tuple[int, np.ndarray]]:
        """Vectors (384,) float32 as they are done, each with its index; pictures that cannot be read are left out.

        Raises:
            Stopped: `check` said so.
        """
        workers = os.cpu_count() or 1
        pool = ThreadPoolExecutor(workers, thread_name_prefix="pixels")
        todo = iter(enumerate(pictures))
        pending: dict[Future[np.ndarray | None], int] = {}
        try:
            while True:
                while len(pending) < 4 * workers and (one := next(todo, None)):
                    pending[pool.submit(_vector, one[1])] = one[0]
                if not pending:
                    return
                for done in wait(pending, timeout=0.2, return_when=FIRST_COMPLETED).done:
                    place, vector = pending.pop(done), done.result()
                    if vector is not None:
                        yield place, vector
                check()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def load(role: str, spec: ModelSpec, settings: Settings) -> Pixels:
    """Nothing has to be loaded."""
    del role, settings
    return Pixels(spec)


def vector(picture: Image.Image) -> np.ndarray:
    """(384,) float32 of a picture in RGB: half of a symmetrical grid of colours, then gradients; both about as long."""
    small = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)) / 255.0
    means = small.reshape(_GRID, SIDE // _GRID, _GRID, SIDE // _GRID, 3).mean((1, 3))
    grid = (rgb2lab(means) - (50.0, 0.0, 0.0)) / _SPREAD
    colours = (grid + grid[:, ::-1])[:, : _GRID // 2] / 2
    edges = (_edges(small) + _edges(small[:, ::-1])) / 2
    both = (colours.ravel() / np.sqrt(colours.size), edges / np.linalg.norm(edges).clip(1e-9))
    return np.concatenate(both).astype(np.float32)


def _edges(pixels: np.ndarray) -> np.ndarray:
    return hog(pixels, _TURNS, (_CELL, _CELL), (2, 2), transform_sqrt=True, channel_axis=2)


def _vector(picture: Shown) -> np.ndarray | None:
    try:
        return vector(picture.open(2 * SIDE))
    except VitrineError:
        return None
