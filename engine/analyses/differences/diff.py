"""Two differences runs side by side: statements that are new, gone, or told otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from engine.analyses.differences.result import Comparison, Finding, Result
from engine.analyses.differences.wording import says_the_same
from engine.analyses.matching import Both, Twins, joined

_RANK = {"confirmed": 0, "not verified": 1, "hint": 1, "no reliable difference": 2}


@dataclass(frozen=True)
class StatementDiff:
    """A statement of both runs, or of one: its other is None."""

    a: Finding | None
    b: Finding | None

    @property
    def statement(self) -> str:
        """In A's words, if A has it."""
        there = self.a or self.b
        assert there
        return there.statement

    @property
    def what(self) -> str:
        """New, gone, other direction, other verdict, other AUROC (intervals apart), or same."""
        a, b = self.a, self.b
        if a is None or b is None:
            return "new" if a is None else "gone"
        if a.direction != b.direction:
            return "other direction"
        if a.verdict != b.verdict:
            return "other verdict"
        return "other AUROC" if a.high < b.low or b.high < a.low else "same"


@dataclass(frozen=True)
class ComparisonDiff:
    """Two comparisons of the same sides: pictures in both of A's side and of B's, and the statements."""

    a: Comparison
    b: Comparison
    pictures: tuple[Both, Both]
    statements: tuple[StatementDiff, ...]


@dataclass(frozen=True)
class Diff:
    """What differs: comparisons of the same sides; sides that only one run compares.

    Args:
        comparisons: by A's order.
        only_a: names of the sides that only A compares.
        only_b: the same of B.
        scored: who scored the statements in A and B.
    """

    comparisons: tuple[ComparisonDiff, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    scored: tuple[str, str]


def diff(a: Result, b: Result, twins: Twins = None) -> Diff:
    """Set two results side by side; a single comparison each is compared whatever the sides are called.

    Args:
        a: the first.
        b: the second.
        twins: B's names of A's pictures; None where they are the same.
    """
    theirs = {(c.a, c.b): c for c in b.comparisons}
    pairs = [(c, theirs[c.a, c.b]) for c in a.comparisons if (c.a, c.b) in theirs]
    if not pairs and len(a.comparisons) == len(b.comparisons) == 1:
        pairs = [(a.comparisons[0], b.comparisons[0])]
    done = {id(c) for pair in pairs for c in pair}
    return Diff(
        tuple(_one(one, other, twins) for one, other in pairs),
        tuple(f"{c.a} against {c.b}" for c in a.comparisons if id(c) not in done),
        tuple(f"{c.a} against {c.b}" for c in b.comparisons if id(c) not in done),
        (a.scored, b.scored),
    )


def lines(one: Diff) -> Iterator[str]:
    """What to print, line by line."""
    if one.scored[0] != one.scored[1]:
        yield f"scored by {one.scored[0]} in A, by {one.scored[1]} in B: AUROCs of other scorers are other figures"
    for c in one.comparisons:
        yield f"{c.a.a} against {c.a.b}" + (
            "" if (c.a.a, c.a.b) == (c.b.a, c.b.b) else f"; in B {c.b.a} against {c.b.b}"
        )
        for side, both in zip(("first", "second"), c.pictures, strict=True):
            yield f"  {side} side: {both.both:,} pictures in both, {both.only_a:,} only in A, {both.only_b:,} only in B"
        for s in c.statements:
            if s.what != "same":
                yield f"  {s.what}: {s.statement}: {_told(s.a)} -> {_told(s.b)}"
        yield f"  the same in both: {sum(s.what == 'same' for s in c.statements):,} statements"
    for which, names in (("A", one.only_a), ("B", one.only_b)):
        if names:
            yield f"only in {which}: {', '.join(names)}"


def tables(one: Diff) -> dict[str, list[dict[str, Any]]]:
    """The same as a table, by the name of its CSV file."""
    rows = [
        {"sides": f"{c.a.a} against {c.a.b}", "statement": s.statement, "what": s.what}
        | {f"{name}_{which}": getattr(f, name) if f else None
           for which, f in (("a", s.a), ("b", s.b)) for name in ("direction", "verdict", "auroc", "low", "high", "q")}
        for c in one.comparisons
        for s in c.statements
    ]  # fmt: skip
    return {"statements": rows}


def _one(a: Comparison, b: Comparison, twins: Twins) -> ComparisonDiff:
    sides = [
        joined(dict.fromkeys(mine, True), dict.fromkeys(theirs, True), twins)[1]
        for mine, theirs in ((a.files[: a.of_a], b.files[: b.of_a]), (a.files[a.of_a :], b.files[b.of_a :]))
    ]
    left = list(b.findings)
    told = []
    for mine in a.findings:
        other = _same(mine, left)
        told.append(StatementDiff(mine, other))
        if other:
            left.remove(other)
    told += [StatementDiff(None, other) for other in left]
    told.sort(key=lambda s: (s.what == "same", min(_RANK[f.verdict] for f in (s.a, s.b) if f)))
    return ComparisonDiff(a, b, (sides[0], sides[1]), tuple(told))


def _same(mine: Finding, others: Sequence[Finding]) -> Finding | None:
    """The one in the same words, else one of whose wordings says the same."""
    exact = next((f for f in others if f.statement == mine.statement), None)
    words = (mine.statement, *mine.fold)
    return exact or next(
        (f for f in others if any(says_the_same(x, y) for x in words for y in (f.statement, *f.fold))), None
    )


def _told(one: Finding | None) -> str:
    return f"{one.verdict}, AUROC {one.auroc:.3f} [{one.low:.3f}, {one.high:.3f}]" if one else "not there"
