"""The covariance of many vectors in one pass, and its eigenvalues.

The method is FineVision's visual diversity (visual-diversity-evaluation). Where we depart: vectors are read in chunks
and never copied whole, so memory does not grow with their number; moments of parts add up (Chan, Golub & LeVeque 1979),
so that parts may lie on several machines; rows that are no numbers are named.

Products are of 32 bits, their sums of 64. Such products are good to about 1e-7 of the largest eigenvalue, so where the
smallest ones turn out to lie near that (degenerate sets), or where it costs nothing, the products are of 64 bits, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_CHUNK = 2048  # rows: a chunk stays in the cache
_CHEAP = 20_000  # rows up to which 64 bits are taken at once
_NEAR_NOISE = 1e-6  # of the largest eigenvalue: what 32 bits tell of smaller ones may be rounding


@dataclass(frozen=True)
class Moments:
    """Of n rows: their mean (d,), and the sum of (x - mean)(x - mean)^T (d, d). `left_out`: rows without numbers."""

    n: int
    mean: np.ndarray
    scatter: np.ndarray
    left_out: tuple[int, ...] = ()

    def __add__(self, other: Moments) -> Moments:
        """Moments of both together; rows left out keep the numbers they have in their own part."""
        n = self.n + other.n
        if not other.n or not self.n:
            one = self if self.n else other
            return Moments(n, one.mean, one.scatter, self.left_out + other.left_out)
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.n / n)
        scatter = self.scatter + other.scatter + np.outer(apart, apart) * (self.n * other.n / n)
        return Moments(n, mean, scatter, self.left_out + other.left_out)

    @property
    def about_zero(self) -> np.ndarray:
        """The sum of x x^T (d, d): not centred."""
        return self.scatter + np.outer(self.mean, self.mean) * self.n


def moments(
    vectors: np.ndarray, rows: np.ndarray | None = None, unit: bool = False, double: bool | None = None
) -> Moments:
    """Mean and scatter in one pass over rows of numbers.

    Args:
        vectors: (n, d), in memory or a memory map.
        rows: which of them; all by default.
        unit: scale each row to length 1 first; rows of zeros stay zeros.
        double: 64-bit products; by default where there are few rows, or where the first pass shows that it matters.
    """
    n = len(vectors) if rows is None else len(rows)
    few = n <= _CHEAP
    found = _pass(vectors, rows, unit, np.float64 if few or double else np.float32)
    if few or double is not None:
        return found
    # Lowest of the scatter's own diagonal would not do: a small eigenvalue need not show there.
    values = np.linalg.eigvalsh(found.scatter)
    return found if values[0] > _NEAR_NOISE * values[-1] else _pass(vectors, rows, unit, np.float64)


def eigenvalues(scatter: np.ndarray, n: int, centred: bool = True) -> np.ndarray:
    """Eigenvalues (d,) of scatter / (n - 1) (not centred: / n), largest first; what is rounding alone is 0.

    Args:
        scatter: (d, d), symmetric.
        n: the number of rows it is of, which bounds its rank: n - 1 where centred, else n.
        centred: whether it is about the mean.
    """
    values = np.linalg.eigvalsh(scatter)[::-1]
    values = np.where(values > _rounding(len(scatter), values[0]), values, 0.0)
    values[max(0, n - centred) :] = 0.0
    return values / max(1, n - centred)


def axes(scatter: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (r,) of a scatter that are not rounding, largest first, and their unit vectors as columns (d, r)."""
    values, vectors = np.linalg.eigh(scatter)
    rank = min(int((values > _rounding(len(scatter), values[-1])).sum()), max(0, n - 1))
    values, vectors = values[::-1][:rank], vectors[:, ::-1][:, :rank]
    # The sign of an axis means nothing; this one keeps the same vectors at the same end.
    return values, vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(rank)])


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, of their own type; rows of zeros stay zeros."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    return vectors * (1 / np.where(length > 0, length, 1))[:, None].astype(vectors.dtype)


def chunks(n: int, size: int = _CHUNK) -> Iterator[slice]:
    """Slices that together are 0 to n."""
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _rounding(d: int, largest: float) -> float:
    """Eigenvalues up to here may be rounding of a 64-bit matrix (as numpy's matrix_rank has it)."""
    return d * np.finfo(np.float64).eps * max(float(largest), 0.0)


def _pass(vectors: np.ndarray, rows: np.ndarray | None, unit: bool, dtype: type) -> Moments:
    n, d = len(vectors) if rows is None else len(rows), vectors.shape[1]
    count, total, products = 0, np.zeros(d), np.zeros((d, d))
    shift = np.full(d, np.nan, dtype)  # will be near the mean: products of what is left do not cancel
    left_out: list[int] = []
    ones = np.ones(d, dtype)
    room = np.empty((min(n, _CHUNK), d), dtype)
    for at in chunks(n):
        chunk = np.asarray(vectors[at if rows is None else rows[at]], dtype)
        sound = _sound(chunk, ones)
        if not sound.all():
            places = np.arange(at.start, at.stop) if rows is None else rows[at]
            left_out += places[~sound].tolist()
            chunk = chunk[sound]
        if not len(chunk):
            continue
        if unit:
            chunk = unit_rows(chunk)
        if not count:
            shift = chunk.mean(axis=0, dtype=np.float64).astype(dtype)
        moved = np.subtract(chunk, shift, out=room[: len(chunk)])
        count += len(moved)
        total += np.ones(len(moved), dtype) @ moved
        products += moved.T @ moved
    if not count:
        return Moments(0, np.zeros(d), np.zeros((d, d)), tuple(left_out))
    mean = total / count
    return Moments(count, mean + shift, products - np.outer(mean, mean) * count, tuple(left_out))


def _sound(chunk: np.ndarray, ones: np.ndarray) -> np.ndarray:
    """Which rows (b,) hold numbers only: a sum is finite then, unless large numbers overflow it."""
    with np.errstate(over="ignore", invalid="ignore"):
        sound = np.isfinite(chunk @ ones)
    if not sound.all():
        doubtful = np.flatnonzero(~sound)
        sound[doubtful] = np.isfinite(chunk[doubtful]).all(axis=1)
    return sound
