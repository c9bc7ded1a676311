"""Two runs side by side: whose pictures are whose, and which name of one is which of the other. Pure.

A pair of names that share more than half of all pictures that either has (Jaccard above 1/2) is the only such pair of
both, so what is matched here is matched one to one, whatever the order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

R = TypeVar("R")
Twins = Mapping[str, str] | None
"""The name in B of each picture of A that B has, too; None where both go by the same names."""


@dataclass(frozen=True)
class Both:
    """How many pictures both runs tell of, and how many only one does."""

    both: int
    only_a: int
    only_b: int


def joined(a: Mapping[str, R], b: Mapping[str, R], twins: Twins) -> tuple[list[tuple[str, str]], Both]:
    """Names in A and B of the pictures in both, in A's order.

    Args:
        a: what A says, by picture.
        b: what B says.
        twins: B's names of A's pictures.
    """
    pairs = [(name, name) for name in a] if twins is None else [(name, twins[name]) for name in a if name in twins]
    there = [(one, other) for one, other in pairs if other in b]
    return there, Both(len(there), len(a) - len(there), len(b) - len({other for _, other in there}))


def overlaps(counts: np.ndarray, of_a: np.ndarray, of_b: np.ndarray) -> np.ndarray:
    """Jaccard of each name of A (r,) with each of B (c,): pictures in both over pictures in either, 0 to 1.

    Args:
        counts: (r, c) pictures that have both names.
        of_a: (r,) pictures that have a name of A.
        of_b: (c,) the same of B.
    """
    either = of_a[:, None] + of_b - counts
    return np.divide(counts, either, out=np.zeros(counts.shape, float), where=either > 0)


def matches(overlap: np.ndarray) -> dict[int, int]:
    """Places in B by places in A of the names that are the same thing: Jaccard above 1/2."""
    return {int(i): int(j) for i, j in zip(*np.nonzero(overlap > 0.5), strict=True)}


def tally(values: Iterable[Iterable[str]], names: Iterable[str]) -> np.ndarray:
    """How many pictures have each of these names."""
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros(len(place))
    for some in values:
        for name in set(some):
            counts[place[name]] += 1
    return counts
