"""Pairs of vectors with a cosine of at least so much: all of them, and no others, without comparing all in full.

What a cosine is at most (bounds.py) costs little; only pairs that may reach the threshold are computed in full, in 64
bits.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.analyses.diversity.bounds import IN_FULL, SLACK, Bounds, bounds, one_thread_each
from engine.analyses.diversity.spectrum import chunks, unit_rows
from engine.progress import Progress

MOST = 100_000  # pairs kept: the nearest ones

_ROWS, _COLUMNS = 512, 2048  # of a block of products, which stays in the cache


@dataclass(frozen=True)
class Pairs:
    """Pairs by their places, first < second, the nearest first.

    Args:
        first: (p,) places.
        second: (p,) places.
        cosine: (p,).
        floor: all pairs from this cosine on are here; more than asked for where there were too many.
        compared: numbers that were compared of each vector, and of how many.
        in_full: pairs whose cosine was computed in full.
    """

    first: np.ndarray
    second: np.ndarray
    cosine: np.ndarray
    floor: float
    compared: tuple[int, int] = (0, 0)
    in_full: int = 0

    def __len__(self) -> int:
        return len(self.first)


def pairs_above(vectors: np.ndarray, floor: float, progress: Progress | None = None, most: int = MOST) -> Pairs:
    """All pairs of vectors with a cosine of `floor` or more; of more than `most`, the nearest.

    Of k equal vectors each one is paired with the first of them only. Vectors of zeros have no cosine, so no pair.

    Args:
        vectors: (n, d), numbers only.
        floor: above 0.
        progress: shows how far it has come; counts rows.
        most: pairs to keep.

    Raises:
        Stopped: `progress` said so.
    """
    progress = progress or Progress()
    unit = unit_rows(np.asarray(vectors, np.float32))
    distinct, copies = _distinct(unit)
    found = _search(unit[distinct] if len(distinct) < len(unit) else unit, floor, progress, most)
    first = np.concatenate([copies[:, 0], distinct[found.first]])
    second = np.concatenate([copies[:, 1], distinct[found.second]])
    cosine = np.concatenate([np.ones(len(copies)), found.cosine])
    order = np.lexsort((second, first, -cosine))
    return Pairs(first[order], second[order], cosine[order], found.floor, found.compared, found.in_full)


def _distinct(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places of different vectors (m,), and (copies, 2): the first of a kind with each later one. Without zeros."""
    firsts: dict[bytes, int] = {}
    copies = []
    some = unit.any(axis=1)
    for i in np.flatnonzero(some).tolist():
        first = firsts.setdefault(hashlib.blake2b(unit[i].tobytes(), digest_size=16).digest(), i)
        if first != i:
            copies.append((first, i))
    distinct = np.fromiter(firsts.values(), np.int64, len(firsts))
    return distinct, np.array(copies, np.int64).reshape(-1, 2)


def _search(unit: np.ndarray, floor: float, progress: Progress, most: int) -> Pairs:
    """All pairs of different unit vectors; processors take turns at blocks of rows."""
    n, d = unit.shape
    bounding = bounds(unit, floor)
    search = _Search(unit, bounding, Bounds(unit), _Nearest(floor, most))
    workers = os.cpu_count() or 1
    progress.start("comparing pictures", n)
    with one_thread_each(bounding) as begin, ThreadPoolExecutor(workers, "compare", begin) as pool:
        coming: deque[tuple[slice, Future[_Found]]] = deque()
        blocks = chunks(n, _ROWS)
        try:
            while True:
                while len(coming) < 2 * workers and (rows := next(blocks, None)):
                    coming.append((rows, pool.submit(search.block, rows)))
                if not coming:
                    break
                rows, found = coming.popleft()
                search.nearest.add(found.result())
                progress.advance(rows.stop - rows.start)
                progress.check()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    first, second, cosine = search.nearest.all()
    return Pairs(first, second, cosine, search.nearest.floor, (bounding.numbers.shape[1], d), search.nearest.in_full)


class _Found(NamedTuple):
    """What a block of rows found, and how many pairs it computed in full."""

    first: np.ndarray
    second: np.ndarray
    cosine: np.ndarray
    in_full: int


_NOTHING = _Found(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), 0)


class _Nearest:
    """Pairs from a cosine on; once there are too many, the cosine rises so that the nearest are kept."""

    def __init__(self, floor: float, most: int) -> None:
        self.floor, self.in_full, self._most = floor, 0, most
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._count = 0

    def add(self, found: _Found) -> None:
        """Take in what was found."""
        self.in_full += found.in_full
        if len(found.first):
            self._parts.append(found[:3])
            self._count += len(found.first)
        if self._count > 2 * self._most:
            self._cut()

    def all(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places and cosines of what is kept, in no order."""
        if self._count > self._most:
            self._cut()
        if not self._parts:
            return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        first, second, cosine = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        return first, second, cosine

    def _cut(self) -> None:
        first, second, cosine = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        too_low = np.partition(cosine, -self._most - 1)[-self._most - 1]
        kept = cosine > too_low  # equal ones go together, whichever was found first
        self._parts = [(first[kept], second[kept], cosine[kept])]
        self._count, self.floor = int(kept.sum()), float(np.nextafter(too_low, 2))


@dataclass
class _Search:
    """Unit vectors (n, d), bounds of their cosines, those by all their numbers, and the pairs found so far."""

    unit: np.ndarray
    bounding: Bounds
    whole: Bounds
    nearest: _Nearest

    def block(self, rows: slice) -> _Found:
        """Pairs of these rows with all later ones."""
        parts = [self._pairs(rows, columns) for columns in _from(rows.start, len(self.unit))]
        first, second, cosine = (np.concatenate(column) for column in list(zip(*parts, strict=True))[:3])
        return _Found(first, second, cosine, sum(part.in_full for part in parts))

    def _pairs(self, rows: slice, columns: slice) -> _Found:
        i, j = self.bounding.reached(rows, columns, self.nearest.floor)
        if len(i) * IN_FULL > (rows.stop - rows.start) * (columns.stop - columns.start) * self.unit.shape[1]:
            i, j = self.whole.reached(rows, columns, self.nearest.floor)  # cheaper than each of so many pairs
        i, j = i[i < j], j[i < j]
        found = [self._near(i[at], j[at], self.nearest.floor - SLACK) for at in chunks(len(i), 4096)]
        if not found:
            return _NOTHING
        first, second, cosine = (np.concatenate(column) for column in zip(*found, strict=True))
        return _Found(first, second, cosine, len(i))

    def _near(self, i: np.ndarray, j: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Those of these pairs that reach the floor, and their cosines; in 64 bits for the few that may."""
        may = np.einsum("ij,ij->i", self.unit[i], self.unit[j]) >= least
        i, j = i[may], j[may]
        one, other = self.unit[i].astype(np.float64), self.unit[j].astype(np.float64)
        lengths = np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other)
        cosine = np.einsum("ij,ij->i", one, other) / np.sqrt(lengths)
        near = cosine >= self.nearest.floor
        return i[near], j[near], cosine[near]


def _from(start: int, n: int) -> Iterator[slice]:
    return (slice(at, min(at + _COLUMNS, n)) for at in range(start, n, _COLUMNS))
