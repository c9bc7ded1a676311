"""Which picture comes next into a core-set: three greedy rules, and which pictures are free to be chosen.

k-center (Gonzalez 1985; for data sets: Sener & Savarese, ICLR 2018) takes the picture farthest from all chosen ones;
its radius is at most twice the best one. Facility location (Nemhauser et al. 1978, lazily: Minoux 1978) takes the one
that brings all pictures nearest to a chosen one, on average; it comes within 1 - 1/e of the best mean. Spectrum (greedy
log-determinant, Chen et al., NeurIPS 2018) takes the one that the chosen ones span least.

Vectors are of length 1, so distances follow from cosines: |x - y|^2 = 2 - 2 cos.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from engine.analyses.diversity.spectrum import chunks, moments

TARGETS = 5_000  # pictures that coverage is measured on, where there are more
_BATCH = 64  # gains computed anew at a time
_RIDGE = 0.1  # of the mean variance; keeps the first choices of a log-determinant finite


class Rule(Protocol):
    """Says which picture is best next, and is told of each choice."""

    def best(self, open: np.ndarray) -> int:
        """The best place where `open` (n,) is true; at least one is."""
        ...

    def take(self, place: int) -> None:
        """Reckon with this choice."""
        ...


def rule(method: str, unit: np.ndarray, weights: np.ndarray, seed: int) -> Rule:
    """The rule of a method's name, for vectors (n, d) of pictures that count (n,) each."""
    if method == "k-center":
        return _Farthest(unit, weights)
    return _Spanned(unit, weights) if method == "spectrum" else _Facility(unit, weights, seed)


def targets(n: int, seed: int) -> np.ndarray:
    """Places that coverage is measured on: all, or a sample of very many."""
    if n <= TARGETS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, TARGETS, replace=False))


class Free:
    """Which pictures may come next: allowed, not yet taken, and of a label that still has room.

    Args:
        n: pictures in all.
        m: pictures wanted.
        labels: one a picture, each to get as many as the next as far as it has them; None where that does not matter.
        pinned: places that are taken in any case.
        left_out: places that are not.
    """

    def __init__(
        self, n: int, m: int, labels: Sequence[str] | None, pinned: Sequence[int], left_out: Sequence[int]
    ) -> None:
        self.open = np.ones(n, bool)
        self.open[list(left_out)] = False
        self.open[list(pinned)] = True
        self.count = max(min(m, int(self.open.sum())), len(set(pinned)))
        self._labels = np.unique(np.array(labels or [""] * n, str), return_inverse=True)[1]
        kinds = int(self._labels.max(initial=0)) + 1
        there = np.bincount(self._labels[self.open], minlength=kinds)
        wanted = np.bincount(self._labels[list(pinned)], minlength=kinds)
        level, self._spare = _level(there, wanted, self.count)
        self._due = np.maximum(level, wanted)
        self._may_exceed = self._due == level
        self._have = np.zeros(kinds, int)

    def take(self, place: int) -> None:
        """One is chosen; where its label is full, or the last of the spare places is taken, more than it is closed."""
        self.open[place] = False
        label = self._labels[place]
        self._have[label] += 1
        self._spare -= self._have[label] == self._due[label] + 1
        full = self._have >= self._due + (self._may_exceed & (self._spare > 0))
        if full[label]:
            self.open[full[self._labels]] = False


def _level(there: np.ndarray, pinned: np.ndarray, m: int) -> tuple[int, int]:
    """How many pictures each label gets, as far as it has them, and how many labels get one more."""
    filled = lambda level: int(np.minimum(there, np.maximum(level, pinned)).sum())  # noqa: E731
    level = 0
    while level < there.max(initial=0) and filled(level + 1) <= m:
        level += 1
    return level, m - filled(level)


class _Farthest:
    """The k-center rule."""

    def __init__(self, unit: np.ndarray, weights: np.ndarray) -> None:
        self._unit, self._weights = unit, weights
        # Any may come first; the one in the middle does not depend on the order of the pictures.
        self._away = unit @ unit.mean(axis=0, dtype=np.float64).astype(unit.dtype)
        self._none_yet = True

    def best(self, open: np.ndarray) -> int:
        return int(np.where(open, self._away, -np.inf).argmax())

    def take(self, place: int) -> None:
        away = np.sqrt(np.maximum(2 - 2 * (self._unit @ self._unit[place]), 0)) * self._weights
        self._away = away if self._none_yet else np.minimum(self._away, away)
        self._none_yet = False


class _Spanned:
    """Greedy ln det of A = ridge + the sum of x x^T over the chosen, x from the mean; one adds ln(1 + x A^-1 x)."""

    def __init__(self, unit: np.ndarray, weights: np.ndarray) -> None:
        found, d = moments(unit), unit.shape[1]
        ridge = _RIDGE * float(np.trace(found.scatter)) / max(1, found.n * d) or 1.0
        self._rows, self._weights = (unit - found.mean).astype(unit.dtype), weights
        self._inverse = np.eye(d) / ridge
        self._outside = np.einsum("ij,ij->i", self._rows, self._rows, dtype=np.float64) / ridge  # x A^-1 x

    def best(self, open: np.ndarray) -> int:
        gains = np.log1p(np.maximum(self._outside, 0)) * self._weights
        return int(np.where(open, gains, -np.inf).argmax())

    def take(self, place: int) -> None:
        along = self._inverse @ self._rows[place].astype(np.float64)
        grown = 1 + float(self._rows[place] @ along)
        self._inverse -= np.outer(along, along) / grown
        self._outside -= (self._rows @ along.astype(self._rows.dtype)).astype(np.float64) ** 2 / grown


class _Facility:
    """Facility location, lazily: gains only shrink, so one that was just computed and still leads is the best."""

    def __init__(self, unit: np.ndarray, weights: np.ndarray, seed: int) -> None:
        on = targets(len(unit), seed)
        self._unit, self._targets, self._weights = unit, unit[on], weights[on].astype(unit.dtype)
        self._nearest = np.full(len(on), -1, unit.dtype)
        gains = np.concatenate([self._gains(np.arange(at.start, at.stop)) for at in chunks(len(unit), 1024)])
        self._heap = [(-gain, place) for place, gain in enumerate(gains.tolist())]
        heapq.heapify(self._heap)

    def best(self, open: np.ndarray) -> int:
        fresh: set[int] = set()
        while True:
            place = self._heap[0][1]
            if not open[place]:
                heapq.heappop(self._heap)
            elif place in fresh:
                return place
            else:
                self._renew(open, fresh)

    def take(self, place: int) -> None:
        self._nearest = np.maximum(self._nearest, self._targets @ self._unit[place])

    def _renew(self, open: np.ndarray, fresh: set[int]) -> None:
        """Compute the leading gains anew, up to one that is fresh."""
        stale = []
        while self._heap and len(stale) < _BATCH and self._heap[0][1] not in fresh:
            place = heapq.heappop(self._heap)[1]
            if open[place]:
                stale.append(place)
        for place, gain in zip(stale, self._gains(np.array(stale, np.int64)).tolist(), strict=True):
            heapq.heappush(self._heap, (-gain, place))
        fresh.update(stale)

    def _gains(self, places: np.ndarray) -> np.ndarray:
        nearer = self._unit[places] @ self._targets.T - self._nearest
        return np.maximum(nearer, 0) @ self._weights
