"""How far a figure can be trusted: without each row, with other rows, with fewer rows.

Without each row. Removing one row changes the scatter by a matrix of rank one, so traces of its powers, and of its
resolvents (Sherman & Morrison 1950), are known without new eigenvalues. PR needs the first two traces. ER needs
tr S ln S, which is an integral of resolvents: x ln(x/c) = integral over t > 0 of x/(c + t) - 1 + t/(x + t). With
t = e^s the integrand is analytic in a strip of half-width pi, so that the trapezoidal rule at step h errs by about
exp(-2 pi^2 / h). So both figures without each row are exact, for all rows, in one pass.

With other rows. Their spread gives the jackknife's variance (Tukey 1958), which is never too small on average (Efron &
Stein 1981). A bootstrap would not do here: a resample holds 63 % of the rows and the rest as copies, and ER grows with
the number of different rows, so that its percentiles lie below the figure itself. Nor is it cheap: each resample is
another pass. The interval says where the figure of as many other pictures of the same source would lie, 95 times of
100; it is no interval for the source itself, whose figure is larger.

With fewer rows. Sets of different size are compared at the same number of rows, drawn without replacement (rarefaction:
Hurlbert 1971).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.diversity import figures
from engine.analyses.diversity.spectrum import axes, chunks, eigenvalues, moments

_STEP = 0.75  # of the trapezoidal rule: exp(-2 pi^2 / h) is 4e-12
_TAIL = 24.0  # what lies beyond exp(24) scales is below 1e-10
_PRECISE = 20_000  # rows up to which projections are of 64 bits
_SAMPLE = 20_000  # rows that the jackknife's variance is estimated from, where there are more
_ROWS = 2_000_000  # rows read for one size of a rarefaction
_NORMAL = 1.959964  # 97.5 % of a normal distribution


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % interval; None where there is too little to tell one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Figures:
    """What a spectrum comes to: of n rows of d numbers. `rank` bounds ER and PR: the lesser of d and n - 1."""

    n: int
    dimension: int
    effective_rank: Figure
    participation_ratio: Figure
    score: Figure

    @property
    def rank(self) -> int:
        """No figure of so few rows can be larger."""
        return min(self.dimension, self.n - 1)


@dataclass(frozen=True)
class Without:
    """ER (m,) and PR (m,) of all n rows but one, for m of them."""

    effective_rank: np.ndarray
    participation_ratio: np.ndarray


def told(values: np.ndarray, n: int, without: Without | None = None) -> Figures:
    """Figures of eigenvalues (d,), with intervals where the figures without each row are given."""
    er, pr, d = figures.effective_rank(values), figures.participation_ratio(values), len(values)
    if without is None or n < 3:
        return Figures(n, d, Figure(er), Figure(pr), Figure(figures.score(er, pr, d)))
    scores = np.sqrt(without.effective_rank * without.participation_ratio) / d
    most = min(d, n - 1)
    return Figures(
        n,
        d,
        _figure(er, _deviation(without.effective_rank, n), most),
        _figure(pr, _deviation(without.participation_ratio, n), most),
        _figure(figures.score(er, pr, d), _deviation(scores, n), most / d),
    )


def leave_one_out(vectors: np.ndarray, rows: np.ndarray | None = None) -> Without:
    """Figures of all these rows (of all by default) without each of them, in order; all must hold numbers."""
    n = len(vectors) if rows is None else len(rows)
    found = moments(vectors, rows)
    values, directions = axes(found.scatter, found.n)
    return _without(vectors, np.arange(n) if rows is None else rows, values, directions, found.mean, n)


def rarefied(
    vectors: np.ndarray,
    size: int,
    rng: np.random.Generator,
    rows: np.ndarray | None = None,
    repeats: int = 12,
    check: Callable[[], None] = lambda: None,
) -> Figures:
    """The mean figures of `size` of these rows, and where the figures of one such sample lie, 95 times of 100.

    Args:
        vectors: (n, d), numbers only.
        size: at most as many as there are rows, at least 2.
        rng: draws the samples.
        rows: to draw from; all by default.
        repeats: samples; fewer where they are large, one where they are all rows.
        check: called between samples; may raise.
    """
    here = np.arange(len(vectors)) if rows is None else rows
    repeats = 1 if size >= len(here) else max(2, min(repeats, _ROWS // size))
    found = []
    for turn in range(repeats):
        check()
        some = here if size >= len(here) else np.sort(rng.choice(here, size, replace=False))
        found.append(_figures(vectors, some, rng, with_interval=turn < 2))  # two are enough for a spread
    return _mean(found)


def sizes(n: int) -> list[int]:
    """Numbers of rows to draw a rarefaction at: 1, 2, 5 in each decade from 10 on, and n itself."""
    steps = [m * 10**power for power in range(1, 9) for m in (1, 2, 5)]
    return [size for size in steps if size < 0.9 * n] + ([n] if n > 1 else [])


def gaussian(size: int, d: int, rng: np.random.Generator) -> Figures:
    """Figures of `size` rows whose d numbers are independent and normal: as diverse as vectors can be."""
    if size - 1 <= d:
        rows = rng.standard_normal((size, d))
        return told(eigenvalues_of(rows, np.arange(size)), size)
    # Bartlett's decomposition: their scatter is L L^T with L triangular, chi-distributed on its diagonal.
    lower = np.tril(rng.standard_normal((d, d)), -1)
    lower[np.diag_indices(d)] = np.sqrt(rng.chisquare(size - 1 - np.arange(d)))
    return told(eigenvalues(lower @ lower.T, size), size)


def eigenvalues_of(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Eigenvalues (d,) of the covariance of these rows; few rows have the smaller matrix between themselves."""
    n, d = len(rows), vectors.shape[1]
    if n - 1 > d:
        return eigenvalues(moments(vectors, rows).scatter, n)
    centred = _centred(vectors, rows)
    return _padded(eigenvalues(centred @ centred.T, n)[: min(n, d)], d)


def _figures(vectors: np.ndarray, rows: np.ndarray, rng: np.random.Generator, with_interval: bool) -> Figures:
    """Figures of these rows; their interval costs the directions as well."""
    n = len(rows)
    if not with_interval or n < 3:
        return told(eigenvalues_of(vectors, rows), n)
    if n - 1 <= vectors.shape[1]:
        values, parts, d = *_projected(vectors, rows), vectors.shape[1]
        return told(_padded(values / (n - 1), d), n, _from_parts([parts], values, n))
    found = moments(vectors, rows)
    values, directions = axes(found.scatter, n)
    some = rows if n <= _SAMPLE else rng.choice(rows, _SAMPLE, replace=False)
    without = _without(vectors, some, values, directions, found.mean, n)
    return told(_padded(values / (n - 1), vectors.shape[1]), n, without)


def _projected(vectors: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (r,) of the scatter of few rows, and the rows (n, r) along its directions."""
    centred = _centred(vectors, rows)
    values, along = axes(centred @ centred.T, len(rows))
    return values, along * np.sqrt(values)


def _centred(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    some = np.asarray(vectors[rows], float)
    return some - some.mean(axis=0)


def _without(
    vectors: np.ndarray, rows: np.ndarray, values: np.ndarray, directions: np.ndarray, mean: np.ndarray, n: int
) -> Without:
    """Figures of a set of n, with these eigenvalues and directions, without each of `rows`."""
    dtype = np.float64 if n <= _PRECISE else np.float32
    directions = directions.astype(dtype)
    parts = (
        np.subtract(vectors[rows[at]], mean, dtype=np.float64).astype(dtype) @ directions for at in chunks(len(rows))
    )
    return _from_parts(parts, values, n)


def _from_parts(parts: Iterable[np.ndarray], values: np.ndarray, n: int) -> Without:
    """Figures without each row, from the rows' parts (b, r) along the directions of the scatter's eigenvalues (r,)."""
    total, squares = float(values.sum()), float((values**2).sum())
    if not total > 0:
        nothing = np.zeros(sum(len(part) for part in parts))
        return Without(nothing, nothing)
    scale = total / len(values)
    weighted = float((values * np.log(values / scale)).sum())  # sum l ln(l / c)
    t = np.exp(np.arange(math.log(scale) - _TAIL, math.log(values[0]) + _TAIL, _STEP))
    near = 1 / (values[:, None] + t)  # (r, t)
    larger = n / (n - 1)  # S' = S - n/(n-1) z z^T: the mean moves, too
    ranks, ratios = [], []
    for part in parts:
        z = part.astype(np.float64) ** 2
        less = larger * z.sum(axis=1)
        left = np.maximum(total - less, 0)
        left_squares = np.maximum(squares - 2 * larger * (z @ values) + less**2, 0)
        # 1 - z (S + t)^-1 z, without cancelling where the row alone spans a direction (the first term is 0 then).
        spare = 1 - larger * (z @ (1 / values))
        spare = np.where(spare > 1e-9, spare, 0)[:, None] + larger * t * (z @ (near / values[:, None]))
        resolvent = larger * (z @ near**2) / np.maximum(spare, 1e-300)
        change = _STEP * (t * (t * resolvent - less[:, None] / (scale + t))).sum(axis=1)
        some = left > 1e-12 * total  # else all that is left is one and the same
        left = np.where(some, left, 1)
        entropy = np.log(left / scale) - (weighted + change) / left
        ranks.append(np.where(some, np.exp(entropy), 0))
        ratios.append(np.where(some, left**2 / np.where(some, left_squares, 1), 0))
    return Without(np.concatenate(ranks), np.concatenate(ratios))


def _deviation(without: np.ndarray, n: int) -> float:
    """The jackknife's standard deviation of a figure of n rows, from the figure without each of some of them."""
    return math.sqrt((n - 1) * float(np.var(without)))


def _figure(value: float, deviation: float, most: float) -> Figure:
    away = _NORMAL * deviation
    return Figure(value, max(0.0, value - away), min(most, value + away))


def _mean(found: Sequence[Figures]) -> Figures:
    first = found[0]
    names = ("effective_rank", "participation_ratio", "score")
    return Figures(first.n, first.dimension, *(_mean_figure([getattr(f, name) for f in found]) for name in names))


def _mean_figure(found: Sequence[Figure]) -> Figure:
    """The mean value, with the mean distances to the bounds."""
    value = sum(f.value for f in found) / len(found)
    spread = [(f.value - f.low, f.high - f.value) for f in found if f.low is not None and f.high is not None]
    if not spread:
        return Figure(value)
    below, above = (sum(side) / len(spread) for side in zip(*spread, strict=True))
    return Figure(value, max(0.0, value - below), value + above)


def _padded(values: np.ndarray, d: int) -> np.ndarray:
    """Eigenvalues (d,): those that few rows cannot have are 0."""
    return np.concatenate([values, np.zeros(max(0, d - len(values)))])
