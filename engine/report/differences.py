"""Findings of a differences run: all of a comparison, and one statement with the pictures that show it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.analyses.differences import Comparison, Result
from engine.analyses.differences import Finding as Difference
from engine.report.finding import Badge, Bar, Beside, Cell, Finding, Pictures, Table, Tone
from engine.report.source import Source

_MANY = 60  # pictures of a side
_REPORTED = 8  # findings that have a section of their own
_TONES: dict[str, Tone] = {"confirmed": "accent", "hint": "warm"}


def overview(source: Source, one: Comparison) -> Finding:
    """All findings of a comparison, the surest first, and the pictures of the first."""
    shown = [f for f in one.findings if f.scores]
    confirmed = sum(f.verdict == "confirmed" for f in one.findings)
    title = f"{_side(one.a)} against {_side(one.b)}"
    lines = [
        f"{confirmed} statement{'s' * (confirmed != 1)} confirmed of {len(one.findings) + len(one.tried):,} tried, "
        f"{one.of_a:,} against {len(one.files) - one.of_a:,} pictures",
        f"Proposed on one half, tested on the other, corrected for all that was tried. Best AUROC by chance "
        f"{one.chance:.2f}; one of {one.detectable:.2f} would be found four times of five.",
    ]
    if not confirmed:
        lines.insert(0, "No reliable difference." + (" What is listed may be chance." if shown else ""))
    rows = [_row(one, f) for f in shown]
    columns = ("", "truer of", "AUROC, 95 %", f"seen in {_side(one.a)}", f"seen in {_side(one.b)}", "")
    parts = [Table(columns, rows)] if rows else []
    pictures = [_sides(source, one, f, 16, f"most “{f.statement}” in ", rows=2) for f in shown[:1]]
    said = "; ".join(f"{f.statement}, truer of {_whose(one, f)}, AUROC {turned(f, f.auroc):.2f}" for f in shown[:12])
    return Finding("differences/overview", title, lines, [*parts, *pictures], f"{title}. {' '.join(lines)} {said}")


def statement(source: Source, one: Comparison, finding: Difference) -> Finding:
    """One statement: how far it tells the two sides apart, and the pictures of each that show it most."""
    low, high = interval(finding)
    told = "No reliable difference" if low <= 0.5 <= high else f"Truer of {_whose(one, finding)}"
    lines = [
        f"{told}: AUROC {turned(finding, finding.auroc):.2f} [{low:.2f}, {high:.2f}]",
        f"{finding.verdict.capitalize()}; corrected p {finding.q:.2g}, scored by {source.short(finding.scored)}"
        if "typed" not in finding.proposers
        else "Explored on all pictures by who chose the words: no test.",
    ]
    if finding.within is not None:
        lines.append(f"Within labels: {turned(finding, finding.within):.2f}")
    bars = [
        (_side(name), bar) for name, bar in zip((one.a, one.b), _bars(finding), strict=True) if isinstance(bar, Bar)
    ]
    how = "asked of a vision model" if finding.is_verified else "those whose score reaches the threshold"
    table = [Table(("", ""), bars, "Seen in", f"Share of each side's pictures with 95 %, {how}.")] if bars else []
    sides = _sides(source, one, finding, _MANY, "most in ", rows=4)
    hints = [f"The same, as others said it: {'; '.join(finding.fold[:8])}"] if finding.fold else []
    return Finding("differences/statement", finding.statement, lines, [*table, sides], hints=hints)


KINDS = {"overview": overview, "statement": statement}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order: of several comparisons the overviews, of one its findings, too."""
    result: Result = source.result
    for one in result.comparisons:
        yield overview(source, one)
        for finding in [f for f in one.findings if f.scores][: _REPORTED if len(result.comparisons) == 1 else 2]:
            yield statement(source, one, finding)


def turned(f: Difference, value: float) -> float:
    """An AUROC in the finding's direction."""
    return value if f.direction == "a" else 1 - value


def interval(f: Difference) -> tuple[float, float]:
    """The bounds of its AUROC in the finding's direction."""
    return (f.low, f.high) if f.direction == "a" else (1 - f.high, 1 - f.low)


def _side(name: str) -> str:
    """What a side is called among people: of a column's value, the value."""
    column, _, value = name.partition("=")
    return value if value and column.isidentifier() else name


def _whose(one: Comparison, f: Difference) -> str:
    return _side(one.a if f.direction == "a" else one.b)


def _row(one: Comparison, f: Difference) -> tuple[Cell, ...]:
    low, high = interval(f)
    said = f"{turned(f, f.auroc):.2f}  {low:.2f}–{high:.2f}"
    return f.statement, _whose(one, f), said, *_bars(f), Badge(f.verdict, _TONES.get(f.verdict, "faint"))


def _bars(f: Difference) -> tuple[Cell, Cell]:
    tones: tuple[Tone, Tone] = ("accent", "warm")
    told = [
        Bar(p.share, f"{p.share:.0%}", tone, p.low, p.high) if p else "–"
        for p, tone in zip((f.prevalence_a, f.prevalence_b), tones, strict=True)
    ]
    return told[0], told[1]


def _sides(source: Source, one: Comparison, f: Difference, most: int, words: str, rows: int) -> Beside:
    """Pictures of A and of B that show a statement most."""
    scores = np.array([np.nan if s is None else s for s in f.scores], float)
    blocks = []
    for name, files, its in (
        (one.a, one.files[: one.of_a], scores[: one.of_a]),
        (one.b, one.files[one.of_a :], scores[one.of_a :]),
    ):
        order = [i for i in np.argsort(-its, kind="stable").tolist() if np.isfinite(its[i])][:most]
        shown = source.shown([files[i] for i in order])
        blocks.append(Pictures(f"{words}{_side(name)}", shown, int(np.isfinite(its).sum()), 10, rows))
    return Beside(blocks[0], blocks[1])
