"""Findings of a diversity run: score, spectrum, duplicates, core-set, what varies, parts beside one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.analyses.diversity import Axis, Figure, Figures, Result, figures
from engine.analyses.diversity.duplicates import grouped
from engine.analyses.diversity.keeping import Decided, decided
from engine.report.finding import (
    Bar,
    Beside,
    Card,
    Cards,
    Chart,
    Curve,
    Fact,
    Facts,
    Finding,
    Pictures,
    Shown,
    Table,
)
from engine.report.source import Source

_MANY, _GROUPS = 60, 24
_POINTS = 160  # of a curve
_AXES = 5


def score(source: Source) -> Finding:
    """The figures that one asks first, each with its doubt, and the score against the number of pictures."""
    result: Result = source.result
    f, more = result.whole, result.further
    facts = [
        Fact("Score", f"{f.score.value:.3f}", _interval(f.score, 3)),
        Fact("Effective rank", f"{f.effective_rank.value:.1f}", _interval(f.effective_rank, 1)),
        Fact("Participation ratio", f"{f.participation_ratio.value:.1f}", _interval(f.participation_ratio, 1)),
        Fact("Vendi score", f"{more.vendi[0]:.1f}", f"so many different of {f.n:,}"),
    ]
    lines = [
        f"{f.n:,} pictures, {f.dimension:,} numbers each; no more than rank {f.rank:,} is possible"
        + (f". Published words: {result.band}" if result.band else ""),
        "1 where all directions are as strong, 0 where all pictures are one.",
    ]
    chart = Chart(
        "Against the number of pictures", "pictures", "score",
        [_curve("these pictures", result.rarefaction), _curve("independent numbers", result.gaussian, is_control=True)],
        log_x=True,
    )  # fmt: skip
    title = f"Diversity {f.score.value:.3f}"
    return Finding("diversity/score", title, lines, [Facts(facts), chart, *_parts(source)])


def spectrum(source: Source) -> Finding:
    """How the variance is spread over directions."""
    result: Result = source.result
    shares = np.asarray(figures.shares(np.array(result.eigenvalues)))
    rank = result.whole.effective_rank.value
    axes = np.arange(1, len(shares) + 1)
    summed = np.cumsum(shares)
    places = np.unique(np.geomspace(1, len(shares), _POINTS).round().astype(int)) - 1
    plain = np.unique(np.linspace(0, len(shares) - 1, _POINTS).round().astype(int))
    mark = (rank, float(np.interp(rank, axes, summed)), f"effective rank {rank:.1f}")
    first = ", ".join(f"{k}: {share:.0%}" for k, share in list(result.further.first.items())[:5])
    lines = [f"Share of the variance in the first axes: {first}"]
    charts = [
        Chart("Share of each axis", "axis", "share of the variance",
              [Curve("share", axes[places].tolist(), shares[places].tolist())], log_x=True, log_y=True),
        Chart("Sum of the shares", "first axes", "share of the variance",
              [Curve("sum", axes[plain].tolist(), summed[plain].tolist())], is_share=True,
              marks=[mark] if rank > 0 else []),
    ]  # fmt: skip
    title = f"Effective rank {rank:.1f} of {result.whole.rank:,}"
    return Finding("diversity/spectrum", title, lines, charts)


def duplicates(source: Source, threshold: float | None = None) -> Finding:
    """Groups of near copies, what stays first; from the run's threshold on, or another."""
    result: Result = source.result
    told = result.duplicates
    threshold = told.threshold if threshold is None else threshold
    if threshold is None:
        return Finding("diversity/duplicates", "Duplicates", ["Nobody has said from which cosine on two are the same."])
    groups = decided(grouped(told, threshold), source.edits)
    spare = sum(len(group.spare) for group in groups)
    exact = sum(group.is_exact for group in groups)
    title = f"{len(groups):,} group{'s' * (len(groups) != 1)} of near copies"
    lines = [f"{spare:,} of {result.whole.n:,} pictures could go; {exact:,} groups are of the same bytes"]
    lines.append(f"Joined by pairs with a cosine of {threshold:.3f} or more. What would stay comes first.")
    if told.without and threshold == told.threshold:
        f = told.without
        lines.append(f"Without them: score {f.score.value:.3f} of {f.n:,}, with them {result.whole.score.value:.3f}.")
    cards = [_group(source, group) for group in groups[:_GROUPS]]
    return Finding("diversity/duplicates", title, lines, [Cards(cards, 4)] if cards else [])


def coreset(source: Source) -> Finding:
    """Few pictures that stand for all, and how well they do beside as many at random."""
    told = source.result.coreset
    if told is None:
        return Finding("diversity/coreset", "No core-set was asked for")
    end, drawn = told.curve[-1], told.random[-1]
    title = f"{len(told.files):,} pictures that stand for {source.result.whole.n:,}"
    lines = [
        f"Mean cosine of all pictures with the nearest chosen: {end.coverage:.3f}; "
        f"as many at random: {drawn.coverage:.3f} [{drawn.low or 0:.3f}, {drawn.high or 0:.3f}]",
        f"Chosen by {told.method}, in this order: the beginning is a core-set itself.",
    ]
    chance = Curve(
        f"at random, mean of {told.draws}", [p.m for p in told.random], [p.coverage for p in told.random], "faint",
        [p.low or p.coverage for p in told.random], [p.high or p.coverage for p in told.random], is_dashed=True,
    )  # fmt: skip
    chosen = Curve(told.method, [p.m for p in told.curve], [p.coverage for p in told.curve])
    chart = Chart("How well they stand for all", "pictures chosen", "mean cosine with the nearest", [chance, chosen])
    shown = source.shown(told.files[:_MANY], captions={file: f"{i}" for i, file in enumerate(told.files, 1)})
    return Finding("diversity/coreset", title, lines, [Pictures("", shown, len(told.files), 8, 3), chart])


def axes(source: Source) -> Finding:
    """The strongest directions, with the pictures at both ends."""
    found = source.result.axes
    lines = ["The strongest directions of the vectors, and the pictures farthest out on each side"]
    blocks = [_ends(source, axis, i) for i, axis in enumerate(found[:_AXES], 1)]
    named = [axis.column for axis in found[:_AXES] if axis.column]
    title = f"What varies: {', '.join(dict.fromkeys(named))}" if named else "What varies"
    return Finding("diversity/axes", title, lines, blocks)


KINDS = {"score": score, "spectrum": spectrum, "duplicates": duplicates, "coreset": coreset, "axes": axes}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order."""
    result: Result = source.result
    yield score(source)
    yield spectrum(source)
    if result.axes:
        yield axes(source)
    if result.duplicates.threshold is not None:
        yield duplicates(source)
    if result.coreset:
        yield coreset(source)


def _parts(source: Source) -> list[Table]:
    """Parts at equal size, the most diverse first."""
    told = [part for part in source.result.parts if part.equal]
    most = max((part.equal.score.high or part.equal.score.value for part in told if part.equal), default=1.0)
    rows = []
    for part in told:
        assert part.equal
        s = part.equal.score
        low, high = (None if v is None else v / most for v in (s.low, s.high))
        rows.append((part.name, Bar(s.value / most, f"{s.value:.3f}", "accent", low, high), f"{part.own.n:,}"))
    if not rows:
        return []
    by = source.request.params.get("by") or "set"
    at = next(part.equal.n for part in told if part.equal)
    return [Table(("", "score", "pictures"), rows, f"By {by}, {at:,} pictures of each", "With 95 % intervals.")]


def _curve(name: str, told: Sequence[Figures], is_control: bool = False) -> Curve:
    x, y = [f.n for f in told], [f.score.value for f in told]
    if is_control:
        return Curve(name, x, y, "faint", is_dashed=True)
    low = [f.score.value if f.score.low is None else f.score.low for f in told]
    high = [f.score.value if f.score.high is None else f.score.high for f in told]
    return Curve(name, x, y, "accent", low, high)


def _group(source: Source, group: Decided) -> Card:
    files = [*group.kept, *group.spare]
    kept = len(group.kept)
    shown = [Shown(one.picture, "", "stays" if i < kept else "could go") for i, one in enumerate(source.shown(files))]
    return Card(f"{len(files)} pictures", "same bytes" if group.is_exact else "near", shown=shown)


def _ends(source: Source, axis: Axis, i: int) -> Beside:
    low, high = (value or "?" for value in axis.values)
    share = f"axis {i}, {axis.share:.1%}"
    names = (f"{share} · {axis.column}: {low}", f"{axis.column}: {high}") if axis.column else (share, "the other end")
    note = f"{axis.column} tells {axis.explained:.0%} of it" if axis.column else "no column tells it"
    left = Pictures(names[0], source.shown(axis.low), 0, 10, 1, note)
    return Beside(left, Pictures(names[1], source.shown(axis.high), 0, 10, 1, "the other end"))


def _interval(figure: Figure, digits: int) -> str:
    return "" if figure.low is None else f"95 %: {figure.low:.{digits}f} to {figure.high:.{digits}f}"
