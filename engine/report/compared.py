"""What is shared of things side by side: two clusters runs, criteria of one gallery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.analyses.clusters.agreement import Agreement
from engine.analyses.clusters.diff import Diff, sentence
from engine.analyses.criteria import Pair, summary
from engine.charts.flow import Stage as Drawn
from engine.report.finding import Badge, Bar, Finding, Flow, Pictures, Stage, Table, Tone
from engine.report.source import Source
from engine.report.structure import shaded

_MOVED = 60
_TONES: dict[str, Tone] = {"kept": "accent", "renamed": "accent", "joined": "warm", "split": "warm"}


def clusters(source: Source, one: Diff, names: tuple[str, str], before: str) -> Finding:
    """Two clusters runs: the flow, what became of each cluster, the pictures that moved.

    Args:
        source: B.
        one: what differs.
        names: what A and B are called.
        before: A's run.
    """
    counts = one.flow.counts
    ends = ((one.flow.rows, counts.sum(1)), (one.flow.columns, counts.sum(0)))
    stages = [
        Stage(name, [said or "without a cluster" for said in some], sizes.tolist())
        for name, (some, sizes) in zip(names, ends, strict=True)
    ]
    flow = Flow("", stages, [counts.tolist()])
    most = max((fate.size for fate in one.fates), default=1) or 1
    rows = [(f.cluster, Bar(f.size / most, f"{f.size:,}"), Badge(f.kind, _TONES.get(f.kind, "faint")), sentence(f))
            for f in one.fates]  # fmt: skip
    captions = {place.twin: f"{place.a or '–'} → {place.b or '–'}" for place in one.moved}
    moved = source.shown([place.twin for place in one.moved][:_MOVED], captions=captions)
    lines = [
        f"{len(one.moved):,} of {one.pictures.both:,} pictures moved; Cramér's V {one.association:.2f}",
        f"{names[0]}, run\u00a0{before[:8]}; {names[1]}, run\u00a0{source.run[:8]}.",
    ]
    if one.agreement_a and one.agreement_b:
        said = [f"{_told(one.agreement_a)}, then {_told(one.agreement_b)}"]
        if gain := one.gain:
            said.append(f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] on the same pictures")
        lines.append(f"Agreement with the labels {'; '.join(said)}.")
    parts = [flow, Table(("cluster", "pictures", "", "what became of it"), rows)]
    if moved:
        parts.append(Pictures("Pictures that moved", moved, len(one.moved), 8, 2))
    return Finding("compare/clusters", "What moved between two runs", lines, parts)


def criteria(source: Source, one: Pair, stages: Sequence[Drawn], tables: Sequence[np.ndarray]) -> Finding:
    """Readings of one gallery: their flow, and of two of them what goes together and what each says alone.

    Args:
        source: of one of the readings.
        one: the two.
        stages: of all readings that are held together; none: no flow.
        tables: counts between those that follow each other.
    """
    del source
    lines = [
        f"Cramér's V {one.v:.2f}, corrected p {one.q:.2g}, of {one.pictures:,} pictures that say something of both",
        summary(one.a, one.b, one.a_alone),
        summary(one.b, one.a, one.b_alone),
    ]
    drawn = [Stage(s.title, [name or "none" for name in s.names], s.sizes) for s in stages]
    flow = [Flow("", drawn, [counts.tolist() for counts in tables])] if len(tables) else []
    return Finding("compare/criteria", f"{one.a} and {one.b}", lines, [*flow, shaded(one.counts)])


KINDS = {"clusters": clusters, "criteria": criteria}


def _told(agreed: Agreement) -> str:
    return f"{agreed.accuracy:.3f} [{agreed.low:.3f}, {agreed.high:.3f}]"
