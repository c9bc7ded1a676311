"""From scored statements to findings: folded on the half that found them, tested on the other, corrected for all tried.

Arrays are always turned so that the side a statement is truer of comes first; exchanging A and B then changes no bit of
what is computed, only what it is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.analyses.differences import statistics
from engine.analyses.differences.proposing import METADATA, TYPED, Proposal
from engine.analyses.differences.result import LEAST_EFFECT, Direction, Finding, Prevalence, Tried, Verdict
from engine.analyses.differences.scoring import VERIFY
from engine.analyses.differences.sides import Sides, Units
from engine.analyses.differences.statistics import Told
from engine.analyses.differences.wording import Ladder, ladder, says_the_same
from engine.analyses.shares import wilson

_ALIKE = 0.85  # correlation, within the sides, of scores that say the same
_TESTED = 12  # headlines of each direction that are tested
_SURE = 0.05  # false-discovery rate, and p of a part's own effect


@dataclass(frozen=True)
class Scored:
    """A statement with its scores (pictures,) and who gave them."""

    statement: str
    proposals: tuple[Proposal, ...]
    scores: np.ndarray
    by: str

    @property
    def proposers(self) -> frozenset[str]:
        """Who proposed it."""
        return frozenset(one.proposer for one in self.proposals)

    @property
    def is_typed(self) -> bool:
        """Whether a person asked for it: then it is told whatever comes out."""
        return TYPED in self.proposers


@dataclass(frozen=True)
class Headline:
    """A statement that stands for its fold, and which side it is truer of on the finding half."""

    of: Scored
    direction: Direction
    strength: float  # its pull (statistics.py) in that direction, on the finding half
    gap: float  # between the sides' mean scores there, in standard deviations
    fold: tuple[Scored, ...] = ()

    @property
    def ladder(self) -> Ladder:
        """Its parts; a column's value, what a person typed, and what was asked as a whole have none."""
        whole = self.of.statement
        if self.of.is_typed or self.of.by in (METADATA, VERIFY):
            return Ladder(whole, whole, ())
        return ladder(whole)


@dataclass(frozen=True)
class Test:
    """One statement on the testing half, in its direction."""

    statement: str
    scores: np.ndarray
    told: Told


@dataclass(frozen=True)
class Judge:
    """How two sides are compared: as two samples, or pair by pair.

    Args:
        sides: the units.
        pairs: (pictures,) what each is paired by; None for two samples.
    """

    sides: Sides
    pairs: np.ndarray | None = None

    def confirm(self, scores: np.ndarray, direction: Direction) -> Told:
        """On the testing half.

        p is that of two tests, for both being done: whether scores are higher, and whether more of them reach the
        threshold that the finding half gave, which sees what only a few pictures of a side show.
        """
        told = self._told(scores, self.sides.confirm, direction)
        floor = threshold(scores, self.sides, direction)
        if self.pairs is not None or floor is None:
            return told
        first, second = (side.values(scores) for side in _turned(self.sides.confirm, direction))
        often = statistics.more_often(first, second, floor)
        same = often == told.p  # scores of two values: there is but one test
        return told if same else replace(told, p=min(1.0, 2 * min(told.p, often)))

    def whole(self, scores: np.ndarray, direction: Direction) -> Told:
        """On all pictures."""
        return self._told(scores, self.sides.both, direction)

    def pull(self, scores: np.ndarray, direction: Direction, whole: bool = False) -> float:
        """How strongly it is truer of that side, -1 to 1: on the finding half, or on all pictures."""
        units = self.sides.both if whole else self.sides.discover
        if self.pairs is not None:
            return 2 * self._told(scores, units, direction).auroc - 1
        return statistics.pull(*(side.values(scores) for side in _turned(units, direction)))

    def gap(self, scores: np.ndarray, direction: Direction) -> float:
        """Between the sides' mean scores on the finding half, in standard deviations within them (Cohen's d)."""
        a, b = (side.values(scores) for side in self.sides.discover)
        if len(a) < 2 or len(b) < 2:
            return 0.0
        within = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        away = float(a.mean() - b.mean()) if direction == "a" else float(b.mean() - a.mean())
        return away / float(within) if within > 0 else 0.0

    def _told(self, scores: np.ndarray, units: tuple[Units, Units], direction: Direction) -> Told:
        first, second = _turned(units, direction)
        if self.pairs is None:
            return statistics.told(first.values(scores), second.values(scores))
        return statistics.paired(self._differences(scores, first, second))

    def _differences(self, scores: np.ndarray, first: Units, second: Units) -> np.ndarray:
        """(pairs,) mean score on the first side less that on the second, of what stands on both."""
        assert self.pairs is not None
        means = []
        for side in (first, second):
            some = side.places[np.isfinite(scores[side.places])]
            names, at = np.unique(self.pairs[some], return_inverse=True)
            means.append(dict(zip(names.tolist(), np.bincount(at, scores[some]) / np.bincount(at), strict=True)))
        return np.array([means[0][name] - means[1][name] for name in sorted(set(means[0]) & set(means[1]))])


def headlines(scored: Sequence[Scored], judge: Judge) -> tuple[list[Headline], list[Tried]]:
    """One headline a fold, best first, and what is not tested: it told nothing, or others told more."""
    found = [_directed(one, judge) for one in scored]
    # What is as strong to two digits is told by those who agree on it, then by how far apart the scores lie.
    found.sort(key=lambda one: (-round(one.strength, 2), -len(one.of.proposers), -one.gap, one.of.statement))
    folds: list[Headline] = []
    residuals = _Residuals(judge.sides.discover)
    for one in found:
        same = next((k for k, head in enumerate(folds) if _same(head, one, residuals)), None)
        if same is None:
            folds.append(one)
        else:
            folds[same] = replace(folds[same], fold=(*folds[same].fold, one.of))
    kept, rest, count = [], [], {"a": 0, "b": 0}
    for one in folds:
        count[one.direction] += 1
        if one.of.is_typed or (count[one.direction] <= _TESTED and one.strength > 0):
            kept.append(one)
        else:
            why = "others told more" if one.strength > 0 else "the scores do not bear it out"
            rest.append(Tried(one.of.statement, one.of.proposals[0].proposer, f"{why} on the half that finds"))
    return kept, rest


def tests(head: Headline, parts: Mapping[str, np.ndarray], judge: Judge) -> list[Test]:
    """A headline and its parts on the testing half; what a person typed, on all pictures, in either direction."""
    if head.of.is_typed:
        told = judge.whole(head.of.scores, head.direction)
        return [Test(head.of.statement, head.of.scores, replace(told, p=min(1.0, 2 * min(told.p, 1 - told.p))))]
    named = {head.of.statement: head.of.scores}
    named |= {part: parts[part] for part in head.ladder.parts if part not in named}
    return [Test(text, scores, judge.confirm(scores, head.direction)) for text, scores in named.items()]


def finding(head: Headline, tested: Sequence[Test], q: Sequence[float], judge: Judge) -> Finding:
    """What is left of a headline once parts without an effect of their own are dropped, and its verdict."""
    of, direction = head.of, head.direction
    place = {one.statement: k for k, one in enumerate(tested)}
    rungs = head.ladder
    parts = {one.statement: q[k] for k, one in enumerate(tested)} if rungs.modifiers else {}
    dropped = frozenset(part for part, its in parts.items() if its > _SURE and part != rungs.whole)
    said = rungs.without(dropped) or rungs.whole
    k = place.get(said, 0)
    one = tested[k]
    auroc, low, high = one.told.auroc, one.told.low, one.told.high
    p, floor = one.told.p, threshold(one.scores, judge.sides, direction)
    first, second = judge.sides.both if of.is_typed else judge.sides.confirm
    others = dict.fromkeys([*(of.statement,) * (one.statement != of.statement), *(f.statement for f in head.fold)])
    return Finding(
        statement=one.statement,
        direction=direction,
        auroc=_mirrored(auroc, direction),
        low=_mirrored(low if direction == "a" else high, direction),
        high=_mirrored(high if direction == "a" else low, direction),
        p=p,
        q=q[k],
        verdict=verdict(auroc, p, q[k]),
        proposers=tuple(sorted({p.proposer for s in (of, *head.fold) for p in s.proposals})),
        fold=tuple(others),
        scored=of.by,
        prevalence_a=_prevalence(one.scores, first, floor),
        prevalence_b=_prevalence(one.scores, second, floor),
        threshold=floor,
    )


def _mirrored(auroc: float, direction: Direction) -> float:
    """As P(A > B), in steps of 2^-40: 1 minus it is then exact."""
    steps = round(auroc * 2**40)
    return (steps if direction == "a" else 2**40 - steps) / 2**40


def verdict(auroc: float, p: float, q: float) -> Verdict:
    """What an AUROC in its direction, its p and its corrected p come to."""
    if q <= _SURE and auroc >= 0.5 + LEAST_EFFECT:
        return "confirmed"
    return "hint" if p <= _SURE and auroc > 0.5 else "no reliable difference"


def once(findings: Sequence[tuple[Finding, np.ndarray]], judge: Judge) -> list[tuple[Finding, np.ndarray]]:
    """Findings with their scores, best first; those that came to say the same once they were cut are one.

    The order is that of the pull on all pictures, to two digits; then of proposers that agree, and of the gap.
    """
    order = ("confirmed", "hint", "no reliable difference", "not verified")

    def rank(one: tuple[Finding, np.ndarray]) -> tuple[int, float, int, float, str]:
        finding, scores = one
        pull = judge.pull(scores, finding.direction, whole=True)
        gap = judge.gap(scores, finding.direction)
        agreed = len(finding.proposers)
        return order.index(finding.verdict), -round(pull, 2), -agreed, -gap, finding.statement

    ranked = sorted(findings, key=rank)
    residuals, kept = _Residuals(judge.sides.both), list[tuple[Finding, np.ndarray]]()
    for one, scores in ranked:
        same = next((k for k, (head, its) in enumerate(kept) if _joined(head, its, one, scores, residuals)), None)
        if same is None or TYPED in one.proposers:
            kept.append((one, scores))
            continue
        head, its = kept[same]
        said = dict.fromkeys((*head.fold, one.statement, *one.fold))
        said.pop(head.statement, None)
        proposers = tuple(sorted({*head.proposers, *one.proposers}))
        kept[same] = replace(head, fold=tuple(said), proposers=proposers), its
    return kept


def _joined(head: Finding, its: np.ndarray, one: Finding, scores: np.ndarray, residuals: _Residuals) -> bool:
    if head.direction != one.direction or METADATA in {*head.proposers, *one.proposers}:
        return False
    return says_the_same(head.statement, one.statement) or residuals.correlation(its, scores) >= _ALIKE


def _directed(one: Scored, judge: Judge) -> Headline:
    """Which side it is truer of: as proposed; as the scores have it where proposers disagree, or a person typed it."""
    proposed: set[Direction] = {p.direction for p in one.proposals}
    direction: Direction = one.proposals[0].direction
    if one.is_typed:  # nobody proposed a direction, and all pictures tell it
        direction = "a" if judge.whole(one.scores, "a").auroc >= 0.5 else "b"
    elif len(proposed) > 1:
        direction = "a" if judge.pull(one.scores, "a") >= judge.pull(one.scores, "b") else "b"
    return Headline(one, direction, judge.pull(one.scores, direction), judge.gap(one.scores, direction))


def _same(head: Headline, one: Headline, residuals: _Residuals) -> bool:
    if head.direction != one.direction or one.of.is_typed or head.of.is_typed or head.of.by != one.of.by:
        return False
    if METADATA in (head.of.by, one.of.by):
        return False
    alike = says_the_same(head.of.statement, one.of.statement)
    return alike or residuals.correlation(head.of.scores, one.of.scores) >= _ALIKE


class _Residuals:
    """Scores less their side's mean: two statements that only share the sides' difference do not go together."""

    def __init__(self, units: tuple[Units, Units]) -> None:
        self._units, self._kept = units, dict[int, np.ndarray]()

    def correlation(self, one: np.ndarray, other: np.ndarray) -> float:
        """Of two statements' scores."""
        a, b = self._of(one), self._of(other)
        known = np.isfinite(a) & np.isfinite(b)
        a, b = a[known], b[known]
        scale = float(np.sqrt((a @ a) * (b @ b)))
        return float(a @ b) / scale if scale > 0 else 0.0

    def _of(self, scores: np.ndarray) -> np.ndarray:
        if id(scores) not in self._kept:
            self._kept[id(scores)] = np.concatenate(list(self._centred(scores)))
        return self._kept[id(scores)]

    def _centred(self, scores: np.ndarray) -> Iterator[np.ndarray]:
        for side in self._units:
            some = scores[side.first()].astype(float)
            yield some - (np.nanmean(some) if np.isfinite(some).any() else 0.0)


def threshold(scores: np.ndarray, sides: Sides, direction: Direction) -> float | None:
    """The score from which a statement is taken to hold, from the finding half alone."""
    first, second = (side.values(scores) for side in _turned(sides.discover, direction))
    return statistics.threshold(first, second) if len(first) and len(second) else None


def _turned(units: tuple[Units, Units], direction: Direction) -> tuple[Units, Units]:
    """The side that a statement is truer of first."""
    return units if direction == "a" else (units[1], units[0])


def _prevalence(scores: np.ndarray, units: Units, floor: float | None) -> Prevalence | None:
    values = units.values(scores)
    if floor is None or not len(values):
        return None
    yes = int((values >= floor).sum())
    return Prevalence(yes / len(values), *wilson(yes, len(values)), len(values))
