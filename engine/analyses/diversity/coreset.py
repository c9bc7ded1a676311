"""Core-sets: so many pictures that stand for all, and how well they do beside as many at random.

Choices are greedy (choosing.py), so the beginning of a core-set is a core-set of its own: one curve tells all sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.analyses.diversity.choosing import Free, rule, targets
from engine.analyses.diversity.doubt import eigenvalues_of
from engine.analyses.diversity.figures import effective_rank
from engine.progress import Progress

Method = Literal["facility location", "k-center", "spectrum"]
METHODS: tuple[Method, ...] = ("facility location", "k-center", "spectrum")


@dataclass(frozen=True)
class Point:
    """What so many pictures are worth: the first `m` of a core-set, or the mean of draws of as many at random.

    Args:
        m: how many.
        coverage: mean cosine of all pictures with the nearest one chosen.
        farthest: the least of these cosines.
        effective_rank: of the chosen ones.
        low: bounds of 95 % of the draws' coverage.
        high: the other one.
    """

    m: int
    coverage: float
    farthest: float
    effective_rank: float
    low: float | None = None
    high: float | None = None


def coreset(
    unit: np.ndarray,
    m: int,
    method: Method = "facility location",
    *,
    weights: np.ndarray | None = None,
    labels: Sequence[str] | None = None,
    pinned: Sequence[int] = (),
    left_out: Sequence[int] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> list[int]:
    """Places of the chosen pictures, in the order chosen, the pinned ones first; fewer than m where there are no more.

    Args:
        unit: (n, d), rows of length 1.
        m: how many; the pinned ones are in even if they are more.
        method: how they are chosen.
        weights: (n,) above 0: a picture of weight 2 counts as two.
        labels: one a picture: each label gets as many pictures as the next, as far as it has them.
        pinned: places that must be in.
        left_out: places that must not, unless they are pinned.
        seed: draws the pictures that coverage is measured on, where there are very many.
        progress: counts choices.

    Raises:
        Stopped: `progress` said so.
    """
    progress = progress or Progress()
    free = Free(len(unit), m, labels, pinned, left_out)
    progress.start("choosing a core-set", free.count)
    by = rule(method, unit, np.ones(len(unit)) if weights is None else np.asarray(weights, float), seed)
    pins = list(dict.fromkeys(pinned))
    chosen: list[int] = []
    while len(chosen) < free.count:
        place = pins[len(chosen)] if len(chosen) < len(pins) else by.best(free.open)
        free.take(place)
        by.take(place)
        chosen.append(place)
        progress.advance()
        progress.check()
    return chosen


def curve(unit: np.ndarray, chosen: Sequence[int], seed: int = 0) -> list[Point]:
    """Coverage and diversity of a core-set's beginnings."""
    on = targets(len(unit), seed)
    return [Point(m, *worth) for m, worth in _worth(unit, on, chosen, sizes(len(chosen)))]


def at_random(
    unit: np.ndarray,
    m: int,
    *,
    draws: int = 20,
    seed: int = 0,
    left_out: Sequence[int] = (),
    check: Callable[[], None] = lambda: None,
) -> list[Point]:
    """The same of pictures drawn at random, at most `m`: means, and where the coverage of 95 % of the draws lies."""
    on = targets(len(unit), seed)
    allowed = np.setdiff1d(np.arange(len(unit)), left_out)
    lengths = sizes(min(m, len(allowed)))
    if not lengths:
        return []
    draw = lambda i: np.random.default_rng([seed, i]).permutation(allowed)[: lengths[-1]].tolist()  # noqa: E731
    found = []
    for i in range(draws):
        check()
        found.append([worth for _, worth in _worth(unit, on, draw(i), lengths)])
    table = np.array(found)  # (draws, lengths, 3)
    means, (low, high) = table.mean(axis=0), np.percentile(table[:, :, 0], [2.5, 97.5], axis=0)
    rows = np.column_stack([means, low, high]).tolist()
    return [Point(m, *row) for m, row in zip(lengths, rows, strict=True)]


def sizes(m: int) -> list[int]:
    """Lengths to measure at: doubling, and m itself."""
    return [*(2**power for power in range(m.bit_length()) if 2**power < m), m] if m else []


def _worth(
    unit: np.ndarray, on: np.ndarray, chosen: Sequence[int], lengths: Sequence[int]
) -> Iterator[tuple[int, tuple[float, float, float]]]:
    """Coverage, farthest and effective rank of the first few, for each length."""
    some, nearest, before = unit[on], np.full(len(on), -1, unit.dtype), 0
    for m in lengths:
        new = unit[np.asarray(chosen[before:m], np.int64)]
        nearest, before = np.maximum(nearest, (some @ new.T).max(axis=1)), m
        rank = effective_rank(eigenvalues_of(unit, np.asarray(chosen[:m], np.int64)))
        yield m, (float(nearest.mean(dtype=np.float64)), float(nearest.min()), rank)
