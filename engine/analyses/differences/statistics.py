"""How surely a score tells two sets apart. Pure numpy; every function takes values of A and of B, (n,) and (m,).

AUROC is P(a > b) + P(a = b) / 2 (Mann & Whitney 1947; Hanley & McNeil 1982): exchanging A and B gives 1 minus it, bit
for bit, so all that follows mirrors exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.analyses.shares import Z, wilson

_POWER = 0.8416212  # z of a power of 80 %
_DRAWS = 200  # permutations
_TOP = (0.05, 0.1, 0.2)  # parts of all scores, the highest


@dataclass(frozen=True)
class Told:
    """AUROC of A over B, its 95 % interval, and the one-sided p of "truer of A" (1 minus it of "truer of B")."""

    auroc: float
    low: float
    high: float
    p: float


def told(a: np.ndarray, b: np.ndarray) -> Told:
    """AUROC with interval (Newcombe 2006, method 5) and p of the Mann-Whitney test, corrected for ties.

    Of two values, such as yes and no, p is Fisher's exact one: the normal curve would make it too small.
    """
    n, m = len(a), len(b)
    if not n or not m:
        return Told(0.5, 0.0, 1.0, 0.5)
    half_steps = _half_steps(a, b).sum()
    auroc = float(half_steps) / (2 * n * m)
    return Told(auroc, *_interval(auroc, n, m), _p(half_steps, a, b))


def auroc(a: np.ndarray, b: np.ndarray) -> float:
    """P(a > b) + P(a = b) / 2; .5 where a side is empty."""
    return float(_half_steps(a, b).sum()) / (2 * len(a) * len(b)) if len(a) and len(b) else 0.5


def pull(a: np.ndarray, b: np.ndarray) -> float:
    """How strongly a score is truer of A, from -1 to 1: the largest of four z, against that of sets quite apart.

    Mann and Whitney's z sees a shift of all; a score that is high for a few of A alone is seen by how many of the
    highest scores (5, 10 and 20 %) are A's. 0 where a side is empty.
    """
    n, m = len(a), len(b)
    if not n or not m:
        return 0.0
    apart = 0.5 / math.sqrt((n + m + 1) / (12 * n * m))
    found = [(auroc(a, b) - 0.5) * 2 * apart]
    pooled = np.concatenate([a, b])
    for part in _TOP:
        floor = np.quantile(pooled, 1 - part)
        mine, other = int((a >= floor).sum()), int((b >= floor).sum())
        share = (mine + other) / (n + m)
        if 0 < share <= 2 * part:  # of many equal scores the highest are no few
            found.append((mine / n - other / m) / math.sqrt(share * (1 - share) * (1 / n + 1 / m)))
    return max(-1.0, max(found) / apart)


def more_often(a: np.ndarray, b: np.ndarray, floor: float) -> float:
    """One-sided p of A's scores reaching a floor more often than B's (Fisher's exact test)."""
    from scipy.stats import hypergeom

    mine, other = int((a >= floor).sum()), int((b >= floor).sum())
    return float(hypergeom.sf(mine - 1, len(a) + len(b), mine + other, len(a)))


def stratified(a: np.ndarray, b: np.ndarray, of_a: np.ndarray, of_b: np.ndarray) -> float | None:
    """AUROC within strata, each weighing as many pairs as it has; None where no stratum has both sides (van Elteren).

    Args:
        a: (n,) scores.
        b: (m,) scores.
        of_a: (n,) stratum of each.
        of_b: (m,) stratum of each.
    """
    wins = pairs = 0.0
    for stratum in np.intersect1d(of_a, of_b):
        some, other = a[of_a == stratum], b[of_b == stratum]
        weight = len(some) * len(other) / (len(some) + len(other))
        wins, pairs = wins + weight * auroc(some, other), pairs + weight
    return wins / pairs if pairs else None


def paired(differences: np.ndarray) -> Told:
    """Of paired values a - b: the share above 0 (equal ones count half), its interval, p of the signed-rank test.

    Wilcoxon 1945, zeros left out, ties corrected, exact where all differ by as much; the interval is Wilson's.
    """
    n = len(differences)
    if not n:
        return Told(0.5, 0.0, 1.0, 0.5)
    share = float((np.sign(differences) + 1).sum()) / (2 * n)
    low, high = wilson(share * n, n)
    some = differences[differences != 0]
    k = len(some)
    ranks, ties = _ranks(np.abs(some))
    away = float((np.sign(some) * ranks).sum()) / 2
    if not away:
        return Told(share, low, high, 0.5)
    if ties == k**3 - k:  # all differ by as much: a sign test
        from scipy.stats import binom

        signs = int((some > 0).sum())
        tail = float(binom.sf(max(signs, k - signs) - 1, k, 0.5))
    else:
        tail = _above(abs(away), math.sqrt(k * (k + 1) * (2 * k + 1) / 24 - ties / 48))
    return Told(share, low, high, _turned(max(tail, 0.5**k), away))


def corrected(p: Sequence[float]) -> list[float]:
    """Q of each p: the false-discovery rate at which it is found (Benjamini & Hochberg 1995)."""
    order = sorted(range(len(p)), key=lambda i: -p[i])
    q, least = [1.0] * len(p), 1.0
    for rank, i in enumerate(order):
        least = min(least, p[i] * len(p) / (len(p) - rank))
        q[i] = least
    return q


def best_by_chance(scores: np.ndarray, n: int, seed: int) -> float:
    """The AUROC, away from .5, that the best of these statements reaches on average where sides are drawn at random.

    Args:
        scores: (h, units) of the statements that were tried.
        n: units of A; the others are B's.
        seed: of 200 permutations.
    """
    h, units = scores.shape
    if not h or not 0 < n < units:
        return 0.5
    ranks = np.stack([_ranks(row)[0] for row in scores])
    rng = np.random.default_rng(seed)
    drawn = np.zeros((units, _DRAWS))
    for i in range(_DRAWS):
        drawn[rng.permutation(units)[:n], i] = 1
    found = (ranks @ drawn - n * (n + 1) / 2) / (n * (units - n))
    return float(0.5 + np.abs(found - 0.5).max(axis=0).mean())


def least_detectable(n: int, m: int, tried: int) -> float:
    """The AUROC found four times of five by sets of n and m when so many statements are tried (at most 1)."""
    if not n or not m:
        return 1.0
    from scipy.stats import norm

    spread = math.sqrt((n + m + 1) / (12 * n * m))
    return min(1.0, 0.5 + (float(norm.isf(0.05 / max(1, tried))) + _POWER) * spread)


def threshold(more: np.ndarray, less: np.ndarray) -> float:
    """The score from which a statement is taken to hold: where the two samples' shares above it differ most surely.

    Most surely by z, which finds the few that alone show something; the largest difference (Youden's) may be where most
    of both lie.
    """
    n, m = len(more), len(less)
    more, less = np.sort(more), np.sort(less)
    steps = np.unique(np.concatenate([more, less]))
    of_more, of_less = (k - np.searchsorted(side, steps) for k, side in ((n, more), (m, less)))
    share = (of_more + of_less) / (n + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (of_more / n - of_less / m) / np.sqrt(share * (1 - share))
    k = int(np.argmax(np.nan_to_num(z, nan=0.0)))
    return float(steps[k] + steps[k - 1]) / 2 if k else float(steps[0])


def _half_steps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(n,) of each a twice the number of b below it, plus those equal to it: whole numbers, so that sums are exact."""
    order = np.sort(b)
    return np.searchsorted(order, a, "left").astype(np.int64) + np.searchsorted(order, a, "right")


def _interval(auroc: float, n: int, m: int) -> tuple[float, float]:
    """The AUROCs that lie 1.96 of their own standard errors (Hanley & McNeil's) from this one (Newcombe, method 5)."""
    if not auroc < 1:
        return _solved(1.0, n, m, 0.0), 1.0
    return _solved(auroc, n, m, 0.0), _solved(auroc, n, m, 1.0)


def _solved(auroc: float, n: int, m: int, end: float) -> float:
    """By bisection between `auroc` and `end`."""
    near, far, more = auroc, end, (n + m) / 2 - 1
    for _ in range(60):
        middle = (near + far) / 2
        wide = (1 - middle) / (2 - middle) + middle / (1 + middle)
        error = math.sqrt(max(0.0, middle * (1 - middle) * (1 + more * wide) / (n * m)))
        near, far = (near, middle) if abs(middle - auroc) > Z * error else (middle, far)
    return near


def _p(half_steps: int, a: np.ndarray, b: np.ndarray) -> float:
    n, m = len(a), len(b)
    away = (float(half_steps) - n * m) / 2
    if not away:
        return 0.5
    total, pooled = n + m, np.concatenate([a, b])
    if pooled.min() < (most := pooled.max()) and np.isin(pooled, (pooled.min(), most)).all():  # two values
        tail = more_often(*((a, b) if away > 0 else (b, a)), most)
    else:
        _, ties = _ranks(pooled)
        tail = _above(abs(away), math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1)))))
    least = math.exp(math.lgamma(n + 1) + math.lgamma(m + 1) - math.lgamma(total + 1))  # of one arrangement of all
    return _turned(max(tail, least), away)


def _above(away: float, spread: float) -> float:
    """P of a normal variable above `away`, brought half a step nearer to 0 (correction for continuity)."""
    return 0.5 * math.erfc(max(0.0, away - 0.5) / spread / math.sqrt(2))


def _turned(tail: float, away: float) -> float:
    """The p of "truer of A" from that of the side which is ahead: the two add up to 1, so exchanging sides mirrors."""
    return tail if away > 0 else 1 - tail


def _ranks(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Ranks from 1, equal values sharing theirs, and the sum of t³ - t over their groups of t."""
    _, at, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[at] if len(values) else np.zeros(0)
    t = counts.astype(float)
    return ranks, float((t**3 - t).sum())
