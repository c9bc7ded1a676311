"""What a cosine is at most, for less than the cosine costs.

Two savings multiply. Vectors are turned so that most of their length lies in their first k numbers; what is left of two
of them adds at most the product of the lengths left (Cauchy & Schwarz). And numbers become bytes, whose products some
processors take four times faster; what rounding loses of two vectors is bounded by its length, too. k and the kind are
chosen by what they cost on a sample, the kind by what it costs on this processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

SLACK = 2e-5  # 32-bit products of unit vectors are good to this
IN_FULL = 50_000  # a pair computed in full costs as much as so many terms of 32-bit products

_LEADING = (15, 31, 47, 63, 79, 95, 111, 127, 143, 159, 191, 223, 255, 383)
_FEW = 5_000  # vectors that are compared in full at once
_MANY = 20_000  # vectors from which it pays to load what multiplies bytes
_DRAWN = 1_000  # vectors in a sample
_LOOKING = 6  # looking at a product costs as much as so many of its 32-bit terms


@dataclass(frozen=True)
class Bounds:
    """Numbers (n, k) of n vectors, float32 or int8; product · scale + error is at least the cosine of two of them."""

    numbers: np.ndarray
    scale: float = 1.0
    error: float = SLACK

    def reached(self, rows: slice, columns: slice, least: float) -> tuple[np.ndarray, np.ndarray]:
        """Places of pairs whose cosine may be so much; also those of a row with itself or an earlier one."""
        products = self._products(rows, columns)
        at = np.flatnonzero(products >= self._floor(least))
        return rows.start + at // products.shape[1], columns.start + at % products.shape[1]

    def share(self, least: float) -> float:
        """The share of all pairs whose cosine may be so much."""
        n = len(self.numbers)
        products = self._products(slice(0, n), slice(0, n))
        return float((products[np.triu_indices(n, 1)] >= self._floor(least)).mean())

    def _floor(self, least: float) -> float:
        floor = (least - self.error) / self.scale
        return math.floor(floor) if self.in_bytes else floor

    @property
    def in_bytes(self) -> bool:
        """Whether the numbers are bytes."""
        return self.numbers.dtype == np.int8

    def _products(self, rows: slice, columns: slice) -> np.ndarray:
        if self.in_bytes:
            from engine.models import byte_products

            return byte_products.multiplied(self.numbers[rows], self.numbers[columns])
        return self.numbers[rows] @ self.numbers[columns].T


def bounds(unit: np.ndarray, floor: float) -> Bounds:
    """Bounds of the cosines of unit vectors (n, d) by which those of `floor` or more are found soonest."""
    n, d = unit.shape
    whole = Bounds(unit)
    if n <= _FEW:
        return whole
    turn = np.linalg.eigh((unit.T @ unit).astype(np.float64))[1][:, ::-1].astype(np.float32)
    sample = unit[np.linspace(0, n - 1, min(n, _DRAWN), dtype=np.int64)]
    term = _cost_of_bytes() if n >= _MANY else math.inf
    costs = {(d, False): float(d + _LOOKING)}
    for k in [k for k in _LEADING if k + 1 < d] + [d]:
        shorter = _shorter(sample, turn[:, :k])
        for as_bytes, cost in ((False, 1.0), (True, term)):
            if (k, as_bytes) not in costs and cost < math.inf:
                found = _in_bytes(shorter) if as_bytes else Bounds(shorter)
                again = min(found.share(floor) * IN_FULL, d + _LOOKING)
                costs[k, as_bytes] = shorter.shape[1] * cost + _LOOKING + again
    k, as_bytes = min(costs, key=lambda way: costs[way])
    if (k, as_bytes) == (d, False):
        return whole
    shorter = _shorter(unit, turn[:, :k])
    return _in_bytes(shorter) if as_bytes else Bounds(shorter)


def _cost_of_bytes() -> float:
    """Of a term of a product of bytes, where one of 32-bit numbers costs 1; endless where nothing multiplies them."""
    try:
        from engine.models import byte_products
    except ImportError:
        return math.inf
    return byte_products.cost()


@contextmanager
def one_thread_each(bounding: Bounds) -> Generator[Callable[[], object]]:
    """What each thread calls before it multiplies: a product of few numbers is too small to be shared."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):
        if not bounding.in_bytes:
            yield lambda: None
            return
        from engine.models import byte_products

        before = byte_products.threads(1)
        try:
            yield lambda: byte_products.threads(1)
        finally:
            byte_products.threads(before)  # it is partly of the whole process


def _shorter(unit: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Numbers (n, k + 1) of unit vectors: leading ones, and the length of the rest, never less than it is.

    Without a rest (k = d) there are k numbers. They are turned once more, at random, so that all are of like size:
    bytes of one scale then serve them all.
    """
    d, k = turn.shape
    leading = unit @ turn
    if k < d:
        rest = 1 - np.einsum("ij,ij->i", leading, leading, dtype=np.float64)
        leading = np.column_stack([leading, np.sqrt(np.maximum(rest, 0) + 4e-6)]).astype(np.float32)
    mixing = np.linalg.qr(np.random.default_rng(0).standard_normal((leading.shape[1],) * 2))[0]
    return leading @ mixing.astype(np.float32)


def _in_bytes(numbers: np.ndarray) -> Bounds:
    """Bytes of one scale. With x = s·q + e: x·y <= s²·q·q' + |e| |y| + |s·q| |e'|, and |s·q| <= |x| + |e|."""
    scale = float(np.abs(numbers).max()) / 127
    small = np.rint(numbers / np.float32(scale)).astype(np.int8)
    lost = max(
        float(np.linalg.norm(numbers[i : i + 4096] - small[i : i + 4096] * scale, axis=1).max())
        for i in range(0, len(numbers), 4096)
    )
    longest = float(np.sqrt(np.einsum("ij,ij->i", numbers, numbers, dtype=np.float64).max()))
    return Bounds(small, scale**2, lost * (2 * longest + lost) + SLACK)
