"""Several readings of the same pictures: what goes together, and what one says that another does not. Pure.

A reading is a run's clusters, a dimension of a structure or the label: each picture has one value, several, or none.
How far two go together is Cramér's V with a permutation test (Good 2005); what A says beyond B is the share of A's
entropy that is left once B is known, H(A|B) / H(A). Few pictures in many cells seem to tell of one another even where
nothing goes together, so the mutual information that permutations reach on average is taken off first (as in the
adjusted mutual information of Vinh, Epps & Bailey 2010).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from engine.analyses.crossing import Table, corrected, cramers_v, entropy, mutual_information, table

Values = Sequence[tuple[str, ...]]

_DRAWS, _FEWER = 1000, 200  # permutations, and of large tables
_LARGE = 10_000  # cells of a table of combinations
_PART, _LEAST = 0.15, 5  # share and pictures from which a value is a part that a group is split into
_PARTS = 4  # that are named
_GROUP = 10  # pictures of a group worth a sentence


@dataclass(frozen=True)
class Reading:
    """What it is called, and what it says of each picture of a gallery, in order; None: not looked at."""

    name: str
    values: tuple[tuple[str, ...] | None, ...]


@dataclass(frozen=True)
class Alone:
    """How much of what A says B does not.

    Args:
        bits: A's entropy.
        share: of these bits that are left once B is known, less what chance makes of so few pictures; 0 to 1.
        low: of its 95 % interval (bootstrap over pictures).
        high: of its interval.
        raw: the same share without the correction.
        splits: groups of B that A divides, with the parts, those first where most is said.
    """

    bits: float
    share: float
    low: float
    high: float
    raw: float
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Split:
    """A value of B whose pictures have several values of A: these with their shares, the largest first."""

    group: str
    pictures: int
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Pair:
    """Two readings of the pictures of which both say something.

    Args:
        a: name of the first.
        b: name of the second.
        pictures: of which both say something.
        counts: values of A by values of B.
        v: Cramer's V.
        p: share of permutations with a mutual information as high.
        q: p corrected for all pairs that were looked at (Benjamini & Hochberg 1995).
        a_alone: what A says that B does not.
        b_alone: the other way round.
    """

    a: str
    b: str
    pictures: int
    counts: Table
    v: float
    p: float
    q: float
    a_alone: Alone
    b_alone: Alone


def pairs(readings: Sequence[Reading], seed: int = 0, draws: int = _DRAWS) -> list[Pair]:
    """Every two of these, in their order."""
    found = [pair(one, other, seed, draws) for one, other in combinations(readings, 2)]
    return [replace(one, q=q) for one, q in zip(found, corrected([one.p for one in found]), strict=True)]


def pair(one: Reading, other: Reading, seed: int = 0, draws: int = _DRAWS) -> Pair:
    """How far two readings go together, and what each says that the other does not.

    Args:
        one: A.
        other: B, of the same pictures in the same order.
        seed: of permutations and bootstrap.
        draws: how many permutations.
    """
    both = [(x, y) for x, y in zip(one.values, other.values, strict=True) if x and y]
    mine, theirs = [x for x, _ in both], [y for _, y in both]
    counts = table(mine, theirs)
    rng = np.random.default_rng(seed)
    true = mutual_information(counts.counts)
    by_chance = [mutual_information(drawn) for drawn in _permuted(mine, theirs, counts, rng, draws)]
    reached = sum(bits >= true - 1e-12 for bits in by_chance)
    p = (1 + reached) / (len(by_chance) + 1) if by_chance else 1.0
    usual = float(np.mean(by_chance)) if by_chance else 0.0
    resampled = list(_resampled(mine, theirs, counts, rng, len(by_chance)))
    turned = Table(counts.columns, counts.rows, counts.counts.T)
    return Pair(
        one.name,
        other.name,
        len(both),
        counts,
        cramers_v(counts.counts),
        p,
        p,
        _alone(counts, usual, resampled),
        _alone(turned, usual, [drawn.T for drawn in resampled]),
    )


def sentences(a: str, alone: Alone, most: int = 3) -> Iterator[str]:
    """What A says that B does not, in words."""
    for split in alone.splits[:most]:
        parts = [f"{name} {share:.0%}" for name, share in split.parts]
        more = [f"{len(parts) - _PARTS} more"] if len(parts) > _PARTS else []
        yield f"{a} splits “{split.group}” ({split.pictures:,}) into {', '.join([*parts[:_PARTS], *more])}."


def summary(a: str, b: str, alone: Alone) -> str:
    """The same as one figure in words."""
    if alone.bits == 0:
        return f"{a} says the same of every picture."
    if alone.share < 0.01:
        return f"All that {a} says, {b} says already."
    if alone.share > 0.95:
        return f"{b} says next to nothing of {a}: {alone.share:.0%} of it is left."
    return f"{alone.share:.0%} of what {a} says is not in {b}."


def lines(told: Sequence[Pair]) -> Iterator[str]:
    """What to print of every two, line by line: counts with their adjusted residuals, what each says alone."""
    for one in told:
        if not one.counts.counts.size:
            yield f"{one.a} × {one.b}: no picture says something of both"
            continue
        p = f"p {one.p:.2g}" + (f", {one.q:.2g} corrected for {len(told)} pairs" if len(told) > 1 else "")
        yield f"{one.a} × {one.b}: {one.pictures:,} pictures say something of both, Cramér's V {one.v:.3f}, {p}"
        cells = [
            [f"{int(n):,} ({far:+.1f})" for n, far in zip(counts, residuals, strict=True)]
            for counts, residuals in zip(one.counts.counts, one.counts.residuals, strict=True)
        ]
        wide = max(len(cell) for row in [*cells, list(one.counts.columns)] for cell in row)
        for name, row in [("", one.counts.columns), *zip(one.counts.rows, cells, strict=True)]:
            yield f"  {name[:22]:<22}" + "".join(f"  {cell:>{wide}}" for cell in row)
        for a, b, alone in ((one.a, one.b, one.a_alone), (one.b, one.a, one.b_alone)):
            interval = f"{alone.share:.3f} [{alone.low:.3f}, {alone.high:.3f}]"
            yield f"{summary(a, b, alone)} {interval} of {alone.bits:.2f} bits"
            yield from (f"  {words}" for words in sentences(a, alone))


def tables(told: Sequence[Pair]) -> dict[str, list[dict[str, Any]]]:
    """The same as tables, by the name of their CSV file."""
    found: dict[str, list[dict[str, Any]]] = {"pairs": [], "cells": [], "splits": []}
    for one in told:
        names = {"a": one.a, "b": one.b}
        both = [(one.a, one.b, one.a_alone), (one.b, one.a, one.b_alone)]
        row: dict[str, Any] = {**names, "pictures": one.pictures, "v": one.v, "p": one.p, "q": one.q}
        for which, (_, _, alone) in zip("ab", both, strict=True):
            said = {"bits": alone.bits, "alone": alone.share, "low": alone.low, "high": alone.high, "raw": alone.raw}
            row |= {f"{which}_{word}": value for word, value in said.items()}
        found["pairs"].append(row)
        expected, residuals = one.counts.expected, one.counts.residuals
        found["cells"] += [
            {**names, "in_a": some, "in_b": other, "pictures": int(one.counts.counts[i, j]),
             "expected": float(expected[i, j]), "residual": float(residuals[i, j])}
            for i, some in enumerate(one.counts.rows) for j, other in enumerate(one.counts.columns)
        ]  # fmt: skip
        found["splits"] += [
            {"says": a, "beyond": b, "group": split.group, "pictures": split.pictures,
             "parts": " | ".join(f"{name} {share:.3f}" for name, share in split.parts)}
            for a, b, alone in both for split in alone.splits
        ]  # fmt: skip
    return found


def stage(values: Values, most: int) -> tuple[list[str], list[str]]:
    """One name a picture, several joined by +; beyond the `most` most frequent, "others". And the names in order."""
    joined = [" + ".join(some) for some in values]
    counts = Counter(name for name in joined if name)
    kept = [name for name, _ in counts.most_common(most)]
    if len(counts) > most:
        kept = [*kept[: most - 1], f"{len(counts) - most + 1} others"]
    there = set(kept)
    names = [name if not name or name in there else kept[-1] for name in joined]
    return names, [*kept, *([""] if "" in names else [])]


def _alone(counts: Table, by_chance: float, resampled: Sequence[np.ndarray]) -> Alone:
    """What the rows say that the columns do not."""
    bits, share, raw = _left(counts.counts, by_chance)
    drawn = np.array([_left(some, by_chance)[1] for some in resampled] or [share])
    low, high = 2 * share - np.percentile(drawn, [97.5, 2.5])  # basic bootstrap: resamples repeat pictures
    bounds = np.clip([min(low, share), max(high, share)], 0.0, 1.0)
    return Alone(bits, share, float(bounds[0]), float(bounds[1]), raw, tuple(_splits(counts)))


def _left(counts: np.ndarray, by_chance: float) -> tuple[float, float, float]:
    """The rows' entropy; the share of it that the columns leave, less chance and plain."""
    bits, shared = entropy(counts.sum(1)), mutual_information(counts)
    if bits <= 0:
        return 0.0, 0.0, 0.0
    room = bits - by_chance
    share = 1 - (shared - by_chance) / room if room > 1e-9 else 0.0
    return bits, float(np.clip(share, 0, 1)), float(np.clip(1 - shared / bits, 0, 1))


def _splits(counts: Table) -> Iterator[Split]:
    """Columns whose pictures have several rows, those first where most is said."""
    of = counts.counts.sum(0)
    said = [n * entropy(counts.counts[:, j]) for j, n in enumerate(of)]
    for j in np.argsort(-np.array(said), kind="stable").tolist() if said else []:
        column, n = counts.counts[:, j], of[j]
        order = np.argsort(-column, kind="stable").tolist()
        parts = [(counts.rows[i], float(column[i] / n)) for i in order if column[i] >= max(_LEAST, _PART * n)]
        if n >= _GROUP and len(parts) > 1:
            yield Split(counts.columns[j], int(n), tuple(parts))


def _permuted(
    mine: Values, theirs: Values, counts: Table, rng: np.random.Generator, draws: int
) -> Iterator[np.ndarray]:
    """Tables (r, c) of pictures whose values of B changed places; none where a side says one thing only."""
    if min(counts.counts.shape, default=0) < 2:
        return
    from scipy.stats import random_table

    some, other = Counter(mine), Counter(theirs)  # pictures with the same values may change places
    has, had = _has(some, counts.rows), _has(other, counts.columns)
    few = _FEWER if len(some) * len(other) > _LARGE else draws
    drawn = random_table(list(some.values()), list(other.values()))
    for one in drawn.rvs(min(few, draws), random_state=rng):
        yield has.T @ one @ had


def _resampled(
    mine: Values, theirs: Values, counts: Table, rng: np.random.Generator, draws: int
) -> Iterator[np.ndarray]:
    """Tables (r, c) of bootstrap samples of the pictures."""
    sorts = Counter(zip(mine, theirs, strict=True))
    n = sum(sorts.values())
    if not n or not draws:
        return
    has = _has([x for x, _ in sorts], counts.rows)
    had = _has([y for _, y in sorts], counts.columns)
    for weights in rng.multinomial(n, np.array(list(sorts.values())) / n, size=draws):
        yield (has * weights[:, None]).T @ had


def _has(sorts: Sequence[tuple[str, ...]] | Counter[tuple[str, ...]], names: Sequence[str]) -> np.ndarray:
    """(sorts, names) 1 where a combination holds a name."""
    return np.array([[name in some for name in names] for some in sorts], float)
