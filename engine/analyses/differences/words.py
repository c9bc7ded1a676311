"""A result in words, for the command line."""

from __future__ import annotations

from collections.abc import Iterator

from engine.analyses.differences.result import Comparison, Finding, Result

_TRIED = 8  # that are named


def lines(result: Result) -> Iterator[str]:
    """What to print, line by line; notes and unread files are not among them."""
    for one in result.comparisons:
        yield from _comparison(one)
    yield f"scored by {result.scored}"


def _comparison(one: Comparison) -> Iterator[str]:
    a, b = one.of_a, len(one.files) - one.of_a
    yield f"A {one.a} ({a:,} pictures) against B {one.b} ({b:,}); tested on {one.tested[0]:,} and {one.tested[1]:,}"
    for warning in one.warnings:
        yield f"  ! {warning}"
    shown = [f for f in one.findings if f.scores]
    yield from (f"  {_finding(f)}" for f in shown)
    if not any(f.verdict == "confirmed" for f in one.findings):
        yield "  no reliable difference"
    yield (
        f"  tried: {len(one.findings) + len(one.tried)} · best AUROC by chance {one.chance:.2f}"
        f" · found four times of five from {one.detectable:.2f} on"
    )
    others = [*(f.statement for f in one.findings if not f.scores), *(t.statement for t in one.tried if t.statement)]
    if others:
        yield f"  no findings: {', '.join(others[:_TRIED])}{', ...' if len(others) > _TRIED else ''}"


def _finding(f: Finding) -> str:
    shares = "".join(
        f"  {side} {p.share:.0%}" for side, p in (("A", f.prevalence_a), ("B", f.prevalence_b)) if p is not None
    )
    within = f"  within labels {f.within:.2f}" if f.within is not None else ""
    return (
        f"{f.statement:<32} {f.direction.upper()}  AUROC {f.auroc:.3f} [{f.low:.3f}, {f.high:.3f}]  q {f.q:.2g}"
        f"{shares}{within}  {f.verdict} ({', '.join(f.proposers)})"
    )
