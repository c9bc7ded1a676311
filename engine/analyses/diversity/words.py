"""A result in words, for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analyses.diversity.doubt import Figure, Figures
from engine.analyses.diversity.duplicates import across
from engine.analyses.diversity.result import Result


def lines(result: Result) -> Iterator[str]:
    """What to print, line by line; notes and unread files are not among them."""
    f, d = result.whole, result.duplicates
    yield f"{f.n:,} pictures, {f.dimension:,} numbers each, by {result.model}"
    yield f"score                {_said(f.score, 3)}" + (f"  {result.band}" if result.band else "")
    yield f"effective rank       {_said(f.effective_rank, 2)}  of {f.rank:,} at most"
    yield f"participation ratio  {_said(f.participation_ratio, 2)}"
    one, two, most = result.further.vendi
    yield f"Vendi score          {one:.2f} (order 2: {two:.2f}, infinity: {most:.2f})"
    shares = ", ".join(f"{k}: {share:.1%}" for k, share in result.further.first.items())
    yield f"share of first axes  {shares}"
    yield f"at equal size        {', '.join(f'{s.n:,}: {s.score.value:.3f}' for s in result.rarefaction)}"
    for part in result.parts:
        yield f"  {part.name:<28} {_part(part.own, part.equal)}"
    for i, axis in enumerate(result.axes, 1):
        told = f"  {axis.column} ({axis.explained:.0%}): {' to '.join(axis.values)}" if axis.column else ""
        yield f"axis {i}  {axis.share:.1%}{told}"
    if d.threshold is not None:
        extra = sum(len(group.files) - 1 for group in d.groups)
        exact = sum(group.is_exact for group in d.groups)
        yield f"duplicates           {len(d.groups):,} groups, {exact:,} of them exact; {extra:,} pictures could go"
        if d.without:
            yield f"without them         score {_said(d.without.score, 3)} of {d.without.n:,}"
        for (a, b), count in across(d, d.threshold).items():
            yield f"  pairs {'within ' + a if a == b else f'across {a} and {b}'}: {count:,}"
    if c := result.coreset:
        drawn = c.random[-1]
        yield (
            f"core-set of {len(c.files):,}      by {c.method}: mean cosine with the nearest chosen "
            f"{c.curve[-1].coverage:.3f}, at random {drawn.coverage:.3f} [{drawn.low:.3f}, {drawn.high:.3f}]"
        )


def _said(figure: Figure, digits: int) -> str:
    interval = "" if figure.low is None else f" [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"
    return f"{figure.value:.{digits}f}{interval}"


def _part(own: Figures, equal: Figures | None) -> str:
    if equal is None:
        return f"{own.n:>7,} pictures, too few to compare"
    return f"{own.n:>7,} pictures, score {_said(equal.score, 3)} of {equal.n:,} each"
