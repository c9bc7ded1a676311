"""From maps to patches: mean first, one upsampling, one box filter a size, greedy choice without overlap. Pure.

Positions are a quarter of a latent pixel apart. Boxes are shares of the picture, so that no size matters.

Patches of several sizes compete by mean T times side, the matched filter: of a thing that stands out evenly, the box
that just holds it scores highest; a smaller one less by its side, a larger one as it takes in what is around. By mean T
alone the smallest size wins everywhere, and by mean over its standard error nearly everywhere: the noise of T is that
of a draw, alike over whole regions, and hardly falls with the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

FINER = 4  # positions in a latent pixel
Box = tuple[float, float, float, float]


def contrast(maps: np.ndarray, against: str) -> np.ndarray:
    """Groups (G, h, w) of the map that ranks, from (P, G, h, w): the first label's, less the mean of the others'."""
    return maps[0] - maps[1:].mean(0) if against != "null" and len(maps) > 1 else maps[0]


def interval(groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over the first axis with a 95 % interval (Student's), from means of independent parts of the draws."""
    from scipy.stats import t as student

    n = len(groups)
    mean = groups.mean(0, dtype=np.float64)
    if n < 2:
        return mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf)
    half = student.ppf(0.975, n - 1) * groups.std(0, ddof=1, dtype=np.float64) / n**0.5
    return mean, mean - half, mean + half


def upsampled(groups: np.ndarray) -> np.ndarray:
    """(..., h, w) to (..., 4h, 4w), bilinear between the middles of pixels."""
    return _finer(groups.shape[-2]) @ groups.astype(np.float64) @ _finer(groups.shape[-1]).T


def box_means(fine: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mean of every box of a size, (..., H - size + 1, W - size + 1), by sums of sums."""
    sums = np.zeros((*fine.shape[:-2], fine.shape[-2] + 1, fine.shape[-1] + 1))
    sums[..., 1:, 1:] = fine.cumsum(-1).cumsum(-2)
    h, w = size
    inside = sums[..., h:, w:] - sums[..., :-h, w:] - sums[..., h:, :-w] + sums[..., :-h, :-w]
    return inside / (h * w)


def side(shape: Sequence[int], share: float) -> int:
    """Of a square patch on a fine map, whose share is of the picture's mean side."""
    return int(np.clip(round(share * (shape[0] * shape[1]) ** 0.5), 1, min(shape)))


def top_boxes(
    groups: np.ndarray, shares: Sequence[float], count: int, least: bool = False
) -> list[tuple[Box, float, float, float]]:
    """The patches with the largest mean T (of several sizes: T times side), none over another; each with 95 % interval.

    Args:
        groups: (G, h, w), whose mean is T.
        shares: sides of patches, one or several.
        count: at most.
        least: those with the smallest instead.
    """
    fine = upsampled(groups.mean(0, dtype=np.float64))
    shape = fine.shape
    sizes = sorted({side(shape, share) for share in shares})
    rows, columns = _finer(groups.shape[-2]), _finer(groups.shape[-1])
    left = {n: box_means(fine, (n, n)) * (n if len(sizes) > 1 else 1) * (-1 if least else 1) for n in sizes}
    found = []
    for _ in range(count):
        n = max(sizes, key=lambda n: left[n].max())
        top, at = np.unravel_index(int(left[n].argmax()), left[n].shape)
        if left[n][top, at] == -np.inf:
            break
        weights = rows[top : top + n].mean(0), columns[at : at + n].mean(0)  # a box's mean is linear in the map
        mean, low, high = interval(np.einsum("ghw,h,w->g", groups, *weights))
        box = (float(at / shape[1]), float(top / shape[0]), n / shape[1], n / shape[0])
        found.append((box, float(mean), float(low), float(high)))
        for m, some in left.items():
            some[max(0, top - m + 1) : top + n, max(0, at - m + 1) : at + n] = -np.inf
    return found


def random_boxes(groups: np.ndarray, shares: Sequence[float], count: int, rng: np.random.Generator) -> list[Box]:
    """Boxes of these sizes in turn anywhere, without overlap where there is room."""
    shape = (groups.shape[-2] * FINER, groups.shape[-1] * FINER)
    sizes = [side(shape, share) for share in shares]
    free = {n: np.ones((shape[0] - n + 1, shape[1] - n + 1), bool) for n in sizes}
    found = []
    for k in range(count):
        n = sizes[k % len(sizes)]
        if not (places := np.flatnonzero(free[n])).size:
            continue
        top, at = np.unravel_index(int(rng.choice(places)), free[n].shape)
        found.append((float(at / shape[1]), float(top / shape[0]), n / shape[1], n / shape[0]))
        for m, some in free.items():
            some[max(0, top - m + 1) : top + n, max(0, at - m + 1) : at + n] = False
    return found


def mean_in(values: np.ndarray, box: Box) -> np.ndarray:
    """Mean of (..., h, w) in a box, cells counted by how much of them it covers."""
    rows = _covered(values.shape[-2], box[1], box[1] + box[3])
    columns = _covered(values.shape[-1], box[0], box[0] + box[2])
    return np.einsum("...hw,h,w->...", values, rows, columns) / (rows.sum() * columns.sum())


@lru_cache(maxsize=64)
def _finer(n: int) -> np.ndarray:
    """(4n, n) float64: what each finer position takes from each pixel, bilinear."""
    at = np.clip((np.arange(FINER * n) + 0.5) / FINER - 0.5, 0, n - 1)
    left = np.minimum(at.astype(int), max(n - 2, 0))
    made = np.zeros((FINER * n, n))
    made[np.arange(FINER * n), left] = 1 - (at - left)
    made[np.arange(FINER * n), np.minimum(left + 1, n - 1)] += at - left
    return made


def _covered(n: int, start: float, end: float) -> np.ndarray:
    edges = np.arange(n + 1) / n
    return np.clip(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0, None).astype(np.float32)
