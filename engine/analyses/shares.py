"""Shares of a count, with their doubt: the interval that analyses have in common."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # of 95 %


@dataclass(frozen=True)
class Accuracy:
    """Of answers that a person looked at, how many were right, with Wilson's 95 % interval."""

    right: int
    n: int
    low: float
    high: float


def accuracy(right: int, n: int) -> Accuracy:
    """So many of so many."""
    return Accuracy(right, n, *wilson(right, n))


def share(count: int, n: int) -> tuple[float, float, float]:
    """Of n, with Wilson's 95 % interval."""
    return count / n if n else 0.0, *wilson(count, n)


def wilson(count: float, n: int) -> tuple[float, float]:
    """95 % interval of the share of `count` in `n` (Wilson 1927); (0, 1) of nothing."""
    if not n:
        return 0.0, 1.0
    p, z = count / n, Z * Z
    middle, half = p + z / (2 * n), Z * sqrt(p * (1 - p) / n + z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z / n)), min(1.0, (middle + half) / (1 + z / n))
