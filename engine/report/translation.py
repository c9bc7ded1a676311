"""Findings of a translation: pictures as another label, each above what a model made of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.gallery import Picture
from engine.report.finding import Finding, Pictures, Shown
from engine.report.source import Source
from engine.report.typicality import cut
from engine.translation.making import Result

_PAIRS, _ROW = 12, 6
_PARALLELS, _PATCHES = 6, 6


def pairs(source: Source, to: str) -> Finding:
    """Pictures as another label: each above what a model made of it; what that did to T of both labels.

    Args:
        source: a translation run.
        to: the label they became.
    """
    result: Result = source.result
    every = [row for row in result.rows if row.to == to]
    rows = [row for row in every if row.source in source.gallery.by_name]
    rows = rows[:: max(1, len(rows) // _PAIRS)][:_PAIRS]
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
            Shown(_made(source, row.file), f"{to}, synthetic", f"synthetic: {row.source} as {to}")
            for row in some
        ]  # fmt: skip
        blocks += [Pictures("", was, across=_ROW, rows=1), Pictures("", became, across=_ROW, rows=1)]
    return Finding("translation/pairs", f"{label} as {to}", lines, blocks)


def parallels(source: Source) -> Finding:
    """Elements that run parallel: a place of some pictures as they were, and as each label."""
    result: Result = source.result
    labels = list(dict.fromkeys(row.to for row in result.rows))
    own = result.rows[0].label
    made = {(row.source, row.to): _made(source, row.file) for row in result.rows}
    lines = [
        f"One place of several pictures of {own}, and what became of it as {', '.join(labels)}",
        "Ordered by co-typicality, the median over labels of T; what is not of the first rows is synthetic.",
    ]
    blocks = []
    for k, one in enumerate(result.parallels[:_PARALLELS], 1):
        title = f"Element {k} · co-typicality {one.co_typicality:+.4f} · {one.sources:,} pictures"
        known = [(name, box) for name, box in one.patches if name in source.gallery.by_name][:_PATCHES]
        was = [Shown(source.gallery.by_name[name], "", own, cut(box)) for name, box in known]
        blocks.append(Pictures(title, was, len(was), _PATCHES, 1, own))
        for to, t in one.typicality.items():
            became = [Shown(made[name, to], "", f"synthetic: {to}", cut(box)) for name, box in known]
            blocks.append(Pictures("", became, len(became), _PATCHES, 1, f"{to}, T {t:+.4f}"))
    return Finding("translation/parallels", f"What runs parallel in {' and '.join(labels)}", lines, blocks)


KINDS = {"pairs": pairs, "parallels": parallels}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order: the pictures as each label, and what is parallel in them."""
    for to in dict.fromkeys(row.to for row in source.result.rows):
        yield pairs(source, to)
    if source.result.parallels:
        yield parallels(source)


def _made(source: Source, file: str) -> Picture:
    """A picture that was made."""
    folder = str(source.folder / Path(source.result.folder).name) if source.folder else ""
    return Picture(file, source.result.hashes.get(file, ""), 0, 0, folder)
