"""What to keep in mind about a comparison: chance, another mix of labels, pictures in both sets, small sets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.analyses.differences import statistics
from engine.analyses.differences.result import Finding
from engine.analyses.differences.sides import Units
from engine.analyses.differences.sources import Open, Sources

_SMALL = 30  # pictures of a side below which little can be told
_MIXED = 0.1  # Cramer's V of label and side from which the mix of labels differs
_KINDS = 2  # labels that both sides have, at least, for a comparison within labels


def chance(units: tuple[Units, Units], scores: Sequence[np.ndarray], seed: int) -> float:
    """How far from .5 the best of these scores would come by chance; sides are drawn as large as they are."""
    first = np.sort(np.concatenate([units[0].first(), units[1].first()]))
    rows = np.array([row[first] for row in scores if np.isfinite(row[first]).all()]).reshape(-1, len(first))
    return statistics.best_by_chance(rows, min(len(units[0]), len(units[1])), seed)


def within(sources: Sources, one: Open, finding: Finding, scores: np.ndarray) -> Finding:
    """With the AUROC within labels, where the sides have the labels in other shares."""
    labels = np.array([p.label for p in sources.gallery.pictures], object)
    units = one.sides.confirm
    first = [side.first() for side in units]
    if one.judge.pairs is not None or not _differ(labels[first[0]], labels[first[1]]):
        return finding
    known = [side[np.isfinite(scores[side])] for side in first]
    within = statistics.stratified(
        scores[known[0]].astype(float), scores[known[1]].astype(float), labels[known[0]], labels[known[1]]
    )
    return replace(finding, within=within)


def _differ(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two sides have the same labels in clearly other shares."""
    kinds = sorted(set(a.tolist()) | set(b.tolist()))
    table = np.array([[np.sum(side == kind) for kind in kinds] for side in (a, b)], float)
    if (table.min(axis=0) > 0).sum() < _KINDS:
        return False
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    squares, n = float(((table - expected) ** 2 / expected).sum()), table.sum()
    corrected = max(0.0, squares / n - (len(kinds) - 1) / (n - 1))  # Cramer's V for two rows, less what chance gives
    return math.sqrt(corrected) > _MIXED


def warnings(one: Open, findings: Sequence[Finding]) -> list[str]:
    """In sentences, for who reads the findings."""
    s, said = one.sides, list[str]()
    a, b = (side.name for side in one.names)
    if s.in_both:
        said.append(f"{len(s.in_both)} files show a picture that stands in both sets: they are left out.")
    if s.copied and one.judge.pairs is None:  # partners may well be alike
        said.append(f"{len(s.copied)} pictures are near copies across the sets: the sets are not independent.")
    if s.spare:
        said.append(f"{s.spare} near copies count as one with their picture.")
    for name, units in ((a, s.both[0]), (b, s.both[1])):
        if len(units) < _SMALL:
            said.append(f"{name} has only {len(units)} different pictures: only large differences can be found.")
    if any(f.within is not None for f in findings):
        said.append("The sets hold the labels in other shares: a difference may be one of labels (see within labels).")
    if one.judge.pairs is not None:
        names = [set(one.judge.pairs[side.places].tolist()) for side in s.both]
        alone = len(names[0] ^ names[1])
        said.append(f"{len(names[0] & names[1])} pairs; {alone} pictures or groups without a partner are not tested.")
    return said
