"""What goes together, and how evenly: tables of labels and attributes, and figures of them. Pure.

A picture with several attributes of a dimension counts in each; one that does not say, in none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

_DRAWS = 1000


@dataclass(frozen=True)
class Table:
    """Counts (rows, columns) with their names."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: np.ndarray

    @property
    def expected(self) -> np.ndarray:
        """Counts if rows and columns had nothing to do with one another."""
        total = self.counts.sum()
        return self.counts.sum(1, keepdims=True) * self.counts.sum(0) / total if total else self.counts * 0.0

    @property
    def residuals(self) -> np.ndarray:
        """Adjusted standardised residuals: about normal where nothing goes together (Haberman 1973)."""
        total = self.counts.sum()
        if not total:
            return self.counts * 0.0
        row, column = self.counts.sum(1, keepdims=True) / total, self.counts.sum(0) / total
        spread = np.sqrt(self.expected * (1 - row) * (1 - column))
        return np.divide(self.counts - self.expected, spread, out=np.zeros_like(spread), where=spread > 0)


def table(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> Table:
    """Counts of values that stand together; each picture has some of both, perhaps none."""
    rows = sorted({value for some in one for value in some})
    columns = sorted({value for some in other for value in some})
    at, to = {v: i for i, v in enumerate(rows)}, {v: i for i, v in enumerate(columns)}
    counts = np.zeros((len(rows), len(columns)))
    for (some, others), n in Counter(zip(map(tuple, one), map(tuple, other), strict=True)).items():
        for value in some:
            for partner in others:
                counts[at[value], to[partner]] += n
    return Table(tuple(rows), tuple(columns), counts)


@dataclass(frozen=True)
class Subpopulation:
    """Pictures that have an attribute of each of some dimensions, and how many chance alone would give."""

    cell: tuple[tuple[str, str], ...]
    count: int
    expected: float


def subpopulations(values: Mapping[str, Sequence[Sequence[str]]], empty: bool = False) -> list[Subpopulation]:
    """Cells of one, two or three dimensions (or more), the largest first.

    Args:
        values: (n,) attributes of each picture, by dimension.
        empty: cells without a picture, too.
    """
    names = list(values)
    speaking = [some for some in zip(*values.values(), strict=True) if all(some)]
    counts = Counter(cell for some in speaking for cell in product(*some))
    alone = [Counter(a for some in speaking for a in some[k]) for k in range(len(names))]
    cells = list(product(*map(sorted, alone))) if empty else list(counts)
    n = len(speaking)
    told = [
        Subpopulation(
            tuple(zip(names, cell, strict=True)),
            counts[cell],
            n * math.prod(alone[k][a] / n for k, a in enumerate(cell)),
        )
        for cell in cells
    ]
    return sorted(told, key=lambda one: (-one.count, -one.expected, one.cell))


def cramers_v(counts: np.ndarray) -> float:
    """Cramer's V of counts (r, c), 0 to 1; 0 where a side has one value."""
    counts = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    if min(counts.shape, default=0) < 2:
        return 0.0
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    squares = float(((counts - expected) ** 2 / expected).sum())
    return math.sqrt(squares / (counts.sum() * (min(counts.shape) - 1)))


def mutual_information(counts: np.ndarray) -> float:
    """In bits, of counts (r, c)."""
    total = counts.sum()
    if not total:
        return 0.0
    joint = counts / total
    apart = joint.sum(1, keepdims=True) * joint.sum(0)
    some = joint > 0
    return float((joint[some] * np.log2(joint[some] / apart[some])).sum())


def entropy(counts: Sequence[float] | np.ndarray) -> float:
    """In bits."""
    values = np.asarray(counts, float)
    shares = values[values > 0] / values.sum() if values.sum() else values[:0]
    return float(-(shares * np.log2(shares)).sum()) + 0.0


@dataclass(frozen=True)
class Balance:
    """How evenly values are spread.

    Args:
        evenness: entropy over its most, 0 to 1, with a 95 % bootstrap interval.
        low: of the interval.
        high: of the interval.
        effective: so many equally frequent values would have this entropy.
        ratio: the most frequent value's count over the rarest one's.
    """

    evenness: float
    low: float
    high: float
    effective: float
    ratio: float


def balance(counts: Sequence[int], seed: int = 0) -> Balance:
    """Of the counts of values, none of them 0."""
    values = np.array([c for c in counts if c > 0], float)
    if len(values) < 2:
        return Balance(0.0, 0.0, 0.0, float(len(values)), 1.0)
    most = math.log2(len(values))
    drawn = np.random.default_rng(seed).multinomial(int(values.sum()), values / values.sum(), _DRAWS)
    found = sorted(entropy(one) / most for one in drawn)
    low, high = found[int(0.025 * _DRAWS)], found[int(0.975 * _DRAWS)]
    return Balance(entropy(values) / most, low, high, 2 ** entropy(values), float(values.max() / values.min()))


@dataclass(frozen=True)
class Correlation:
    """How far a label and a dimension's attributes go together; q is p corrected for all that were looked at."""

    dimension: str
    v: float
    bits: float
    p: float
    q: float


def correlations(
    labels: Sequence[str], values: Mapping[str, Sequence[Sequence[str]]], seed: int = 0, draws: int = _DRAWS
) -> list[Correlation]:
    """Of the label with each dimension, the strongest first; p by permuting labels (Good 2005), q by BH.

    Args:
        labels: (n,) of pictures; empty ones are left out.
        values: (n,) attributes of each picture, by dimension.
        seed: of the permutations.
        draws: how many.
    """
    found = []
    for name, said in values.items():
        known = [i for i, label in enumerate(labels) if label and said[i]]
        mine, theirs = [[labels[i]] for i in known], [said[i] for i in known]
        told = table(mine, theirs)
        v = cramers_v(told.counts)
        p = _permuted(mine, theirs, v, seed, draws) if min(told.counts.shape, default=0) > 1 else 1.0
        found.append((name, v, mutual_information(told.counts), p))
    q = corrected([p for *_, p in found])
    told = [Correlation(name, v, bits, p, its) for (name, v, bits, p), its in zip(found, q, strict=True)]
    return sorted(told, key=lambda c: (-c.v, c.dimension))


def redundancy(one: Sequence[Sequence[str]], other: Sequence[Sequence[str]]) -> float:
    """Normalised mutual information of two dimensions, 0 to 1: above .8 they say the same."""
    counts = table(one, other).counts
    if not counts.size:
        return 0.0
    least = min(entropy(counts.sum(0)), entropy(counts.sum(1)))
    return mutual_information(counts) / least if least > 0 else 0.0


def group_weights(counts: np.ndarray) -> np.ndarray:
    """N / (groups · n of the group): all groups weigh the same; 0 for an empty one."""
    groups = int((counts > 0).sum())
    return np.divide(counts.sum(), groups * counts, out=np.zeros_like(counts, float), where=counts > 0)


def effective_size(weights: np.ndarray, counts: np.ndarray) -> float:
    """So many pictures of equal weight would be as good (Kish): (sum w)² / sum w²."""
    total, squares = float((weights * counts).sum()), float((weights**2 * counts).sum())
    return total**2 / squares if squares else 0.0


def _permuted(mine: list[list[str]], theirs: list[Sequence[str]], v: float, seed: int, draws: int) -> float:
    """Share of permutations of the labels with a V as high, the true one among them."""
    from scipy.stats import random_table

    together = Counter(map(tuple, theirs))  # pictures with the same attributes may change places
    kinds = sorted({value for some in together for value in some})
    has = np.array([[kind in some for kind in kinds] for some in together], float)  # (sorts, kinds)
    sizes = list(Counter(label for (label,) in mine).values())
    drawn = random_table(sizes, list(together.values())).rvs(draws, random_state=np.random.default_rng(seed))
    reached = sum(cramers_v(counts @ has) >= v - 1e-12 for counts in drawn)
    return (1 + reached) / (draws + 1)


def corrected(p: Sequence[float]) -> list[float]:
    """Q of each p: the false-discovery rate at which it is found (Benjamini & Hochberg 1995)."""
    from scipy.stats import false_discovery_control

    return false_discovery_control(p).tolist() if len(p) else []
