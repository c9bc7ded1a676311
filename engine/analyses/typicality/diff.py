"""Two typicality runs side by side: how far they rank pictures alike, who moved most, which elements recur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.analyses.matching import Both, Twins, joined
from engine.analyses.typicality.result import Element, Patch, Result, Row

_OVERLAP = 0.5  # area in both over area in either, from which two patches of a picture are the same
_ALIKE = 1 / 3  # share of patches in both among all of both, from which two elements are the same
_SHOWN = 10


@dataclass(frozen=True)
class RankDiff:
    """One picture of both: its rank (1 the most typical) among the label's pictures in both, and its typicality."""

    file: str
    twin: str
    label: str
    rank_a: int
    rank_b: int
    a: Row
    b: Row

    @property
    def is_apart(self) -> bool:
        """Whether the two 95 % intervals do not touch."""
        return self.a.high < self.b.low or self.b.high < self.a.low


@dataclass(frozen=True)
class LabelDiff:
    """One label in both: Spearman's rho of the pictures in both (None of too few) with Fisher's 95 % interval."""

    label: str
    pictures: Both
    rho: float | None
    low: float
    high: float
    ranks: tuple[RankDiff, ...]  # the farthest apart first


@dataclass(frozen=True)
class ElementDiff:
    """An element of both runs, or of one: its other is None; the share of their patches that are the same."""

    a: Element | None
    b: Element | None
    share: float

    @property
    def label(self) -> str:
        """Whose element it is."""
        return self.a.label if self.a else self.b.label if self.b else ""

    @property
    def what(self) -> str:
        """Same, new or gone."""
        return "same" if self.a and self.b else "gone" if self.a else "new"


@dataclass(frozen=True)
class Diff:
    """What differs, label by label; labels that only one run asks about; the elements."""

    labels: tuple[LabelDiff, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    elements: tuple[ElementDiff, ...]
    accuracy: tuple[float | None, float | None]
    draws: tuple[int, int]


def diff(a: Result, b: Result, twins: Twins = None) -> Diff:
    """Set two results side by side.

    Args:
        a: the first.
        b: the second.
        twins: B's names of A's pictures; None where they are the same.
    """
    mine, theirs = ({row.label: 0 for row in result.rows} for result in (a, b))
    shared = [label for label in mine if label in theirs]
    return Diff(
        tuple(_label(label, a, b, twins) for label in shared),
        tuple(label for label in mine if label not in theirs),
        tuple(label for label in theirs if label not in mine),
        tuple(
            _elements([e for e in a.elements if e.label in shared], [e for e in b.elements if e.label in shared], twins)
        ),
        (a.accuracy, b.accuracy),
        (a.draws, b.draws),
    )


def lines(one: Diff) -> Iterator[str]:
    """What to print, line by line."""
    yield f"draws: {one.draws[0]} in A, {one.draws[1]} in B"
    for told in one.labels:
        there = told.pictures
        pictures = f"{there.both:,} pictures in both, {there.only_a:,} only in A, {there.only_b:,} only in B"
        rho = "too few to rank" if told.rho is None else f"Spearman {told.rho:+.3f} [{told.low:+.3f}, {told.high:+.3f}]"
        apart = sum(r.is_apart for r in told.ranks)
        yield f"{told.label}: {rho}; {pictures}; {apart:,} with intervals apart"
        for r in told.ranks[:_SHOWN]:
            if r.rank_a != r.rank_b:
                yield f"  {r.rank_a:>5} -> {r.rank_b:<5} {r.a.typicality:+.4f} -> {r.b.typicality:+.4f}  {r.file}"
    for e in one.elements:
        yield f"element {_told(e.a)} -> {_told(e.b)}: {e.what}" + (
            f", {e.share:.0%} of patches" if e.what == "same" else ""
        )
    for which, names in (("A", one.only_a), ("B", one.only_b)):
        if names:
            yield f"only in {which}: {', '.join(names)}"


def tables(one: Diff) -> dict[str, list[dict[str, Any]]]:
    """The same as tables, by the name of their CSV file."""
    ranks = [
        {"file": r.file, "twin": r.twin, "label": r.label, "rank_a": r.rank_a, "rank_b": r.rank_b,
         "typicality_a": r.a.typicality, "typicality_b": r.b.typicality, "apart": r.is_apart}
        for told in one.labels
        for r in told.ranks
    ]  # fmt: skip
    elements = [
        {"label": e.label, "what": e.what, "share": e.share}
        | {f"{name}_{which}": getattr(one, name) if one else None
           for which, one in (("a", e.a), ("b", e.b)) for name in ("number", "median", "pictures")}
        for e in one.elements
    ]  # fmt: skip
    return {"ranks": ranks, "elements": elements}


def _label(label: str, a: Result, b: Result, twins: Twins) -> LabelDiff:
    of_a, of_b = ({r.file: r for r in result.rows if r.label == label and not r.why} for result in (a, b))
    pairs, pictures = joined(of_a, of_b, twins)
    rows = [(of_a[one], of_b[other]) for one, other in pairs]
    if not rows:
        return LabelDiff(label, pictures, None, 0.0, 0.0, ())
    ranks = [_ranks([row[k].typicality for row in rows]) for k in (0, 1)]
    told = [RankDiff(x.file, y.file, label, int(i), int(j), x, y) for (x, y), i, j in zip(rows, *ranks, strict=True)]
    told.sort(key=lambda r: (-abs(r.rank_a - r.rank_b), r.file))
    return LabelDiff(label, pictures, *_spearman(rows), tuple(told))


def _ranks(values: Sequence[float]) -> np.ndarray:
    """1 for the largest; equal ones in the order given."""
    order = np.argsort(-np.asarray(values), kind="stable")
    ranks = np.empty(len(order), int)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _spearman(rows: Sequence[tuple[Row, Row]]) -> tuple[float | None, float, float]:
    """Rho with Fisher's interval; of ranks, the variance of z is (1 + rho² / 2) / (n - 3) (Bonett & Wright 2000)."""
    n = len(rows)
    values = [[row[k].typicality for row in rows] for k in (0, 1)]
    if n < 4 or min(len(set(some)) for some in values) < 2:
        return None, 0.0, 0.0
    from scipy.stats import rankdata

    rho = float(np.corrcoef(*(rankdata(some) for some in values))[0, 1])
    if abs(rho) > 1 - 1e-12:
        return rho, rho, rho
    half = 1.959964 * ((1 + rho * rho / 2) / (n - 3)) ** 0.5
    return rho, float(np.tanh(np.arctanh(rho) - half)), float(np.tanh(np.arctanh(rho) + half))


def _elements(a: Sequence[Element], b: Sequence[Element], twins: Twins) -> Iterator[ElementDiff]:
    """Those of one label that share a third of their patches, the most alike first; then the rest, A's first."""
    alike = sorted(
        (-share, i, j)
        for i, one in enumerate(a)
        for j, other in enumerate(b)
        if one.label == other.label and (share := _share(one, other, twins)) >= _ALIKE
    )
    mine: dict[int, tuple[int, float]] = {}
    for less, i, j in alike:
        if i not in mine and j not in [at for at, _ in mine.values()]:
            mine[i] = j, -less
    taken = {j for j, _ in mine.values()}
    for i, one in enumerate(a):
        j, share = mine.get(i, (-1, 0.0))
        yield ElementDiff(one, b[j] if j >= 0 else None, share)
    for j, other in enumerate(b):
        if j not in taken:
            yield ElementDiff(None, other, 0.0)


def _share(a: Element, b: Element, twins: Twins) -> float:
    """Patches of the one that are patches of the other, too, over all of both."""
    by_file: dict[str, list[Patch]] = {}
    for patch in b.patches:
        by_file.setdefault(patch.file, []).append(patch)
    same = 0
    for patch in a.patches:
        there = by_file.get(patch.file if twins is None else twins.get(patch.file, ""), [])
        hit = next((other for other in there if _overlap(patch.box, other.box) >= _OVERLAP), None)
        if hit:
            there.remove(hit)
            same += 1
    return same / (len(a.patches) + len(b.patches) - same) if same else 0.0


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Area in both over area in either of boxes (left, top, width, height)."""
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    tall = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    inside = max(0.0, wide) * max(0.0, tall)
    return inside / (one[2] * one[3] + other[2] * other[3] - inside) if inside else 0.0


def _told(one: Element | None) -> str:
    return f"{one.label} {one.number} (median T {one.median:.4f}, {one.pictures} pictures)" if one else "not there"
