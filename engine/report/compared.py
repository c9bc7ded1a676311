"""What is shared of things side by side: two clusters runs, criteria of one gallery, pictures as another label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.analyses.clusters.agreement import Agreement
from engine.analyses.clusters.diff import Diff, sentence
from engine.analyses.criteria import Pair, summary
from engine.charts.flow import Stage as Drawn
from engine.gallery import Picture
from engine.report.finding import Badge, Bar, Finding, Flow, Pictures, Shown, Stage, Table, Tone
from engine.report.source import Source
from engine.report.structure import shaded

_MOVED = 60
_PAIRS, _ROW = 12, 6
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


def translation(source: Source, to: str, folder: Path) -> Finding:
    """Pictures as another label: each above what a model made of it; what that did to T of both labels.

    Args:
        source: a translation run.
        to: the label they became.
        folder: where the made pictures lie.
    """
    rows = [row for row in source.result.rows if row.to == to and row.source in source.gallery.by_name]
    rows = rows[:: max(1, len(rows) // _PAIRS)][:_PAIRS]
    every = [row for row in source.result.rows if row.to == to]
    rose = sum(row.t_to_after > row.t_to_before for row in every)
    before, after = (
        sum(getattr(row, name) for row in every) / max(1, len(every)) for name in ("t_to_before", "t_to_after")
    )
    label = rows[0].label if rows else ""
    lines = [
        f"{len(every):,} pictures; T({to}) {before:+.4f} before, {after:+.4f} after, rose in {rose:,}",
        "The lower ones are synthetic: made by a model, which also measured T.",
    ]
    blocks = []
    for k in range(0, len(rows), _ROW):
        some = rows[k : k + _ROW]
        was = [Shown(source.gallery.by_name[row.source], label) for row in some]
        became = [
            Shown(Picture(row.file, source.result.hashes.get(row.file, ""), 0, 0, str(folder)), f"{to}, synthetic",
                  f"synthetic: {row.source} as {to}")
            for row in some
        ]  # fmt: skip
        blocks += [Pictures("", was, across=_ROW, rows=1), Pictures("", became, across=_ROW, rows=1)]
    return Finding("compare/translation", f"{label} as {to}", lines, blocks)


KINDS = {"clusters": clusters, "criteria": criteria, "translation": translation}


def _told(agreed: Agreement) -> str:
    return f"{agreed.accuracy:.3f} [{agreed.low:.3f}, {agreed.high:.3f}]"
