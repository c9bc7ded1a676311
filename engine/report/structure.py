"""Findings of a structure run: its dimensions, a cross table, slices on which a model fails, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from engine.analyses.crossing import Table as Counts
from engine.analyses.crossing import correlations, cramers_v, mutual_information, redundancy, table
from engine.analyses.structure import OTHER, Result
from engine.analyses.structure.deficits import Deficits, Target, deficits
from engine.analyses.structure.slices import Slice, slices
from engine.analyses.structure.telling import checks, values_of
from engine.analyses.structure.verdicts import verdicts
from engine.report.finding import Badge, Bar, Card, Cards, Finding, Pictures, Row, Shade, Table
from engine.report.source import Source

LABEL = "label"
_ATTRIBUTES, _FEW, _MANY = 12, 3, 60
_STRONG = 8.0  # adjusted residual that has the full colour
_SAME = 0.95  # Cramér's V of a dimension that is the label itself
_CROSSED = 4  # tables of a report
_CELLS = 40  # of a table of deficits


def tree(source: Source) -> Finding:
    """Every dimension with its attributes, and pictures of each."""
    result: Result = source.result
    by_value: dict[tuple[str, str], list[str]] = {}
    for row in result.rows:
        for key in ((name, a) for name, some in row.values.items() for a in some):
            by_value.setdefault(key, []).append(row.file)
    cards = []
    for one in result.dimensions:
        votes = f"{one.votes} of {one.rounds} samples" if one.rounds else "given"
        rows = [
            Row(a.name, Bar(a.share, f"{a.count:,} · {a.share:.0%}", "accent", a.low, a.high),
                source.shown(by_value.get((one.name, a.name), ()), _FEW))
            for a in one.attributes[:_ATTRIBUTES] if a.count
        ]  # fmt: skip
        left = [f"{word} {n:,}" for word, n in ((OTHER, one.other), ("not said", one.not_said)) if n]
        note = " · ".join([*left, *([] if one.is_sure else ["unsure: other samples might not have it"])])
        cards.append(Card(one.name, votes, rows=rows, note=note))
    n = len(result.dimensions)
    title = f"{n} dimension{'s' * (n != 1)} of {len(result.rows):,} pictures"
    lines = ["On what the pictures vary, and how many show each value; with 95 % intervals"]
    said = "; ".join(f"{d.name}: {', '.join(a.name for a in d.attributes[:8])}" for d in result.dimensions)
    found = [f"{one.shift.capitalize()}: {one.sentence}" for one in verdicts(result)] + checks(result)
    return Finding("structure/tree", title, lines, [Cards(cards, 2)], f"{title}. {said}", found)


def cross(source: Source, one: str, other: str) -> Finding:
    """What goes together: two dimensions, or label and dimension, cell by cell, with the most surprising pictures."""
    result: Result = source.result
    values = values_by(result, one), values_by(result, other)
    told = table(*values)
    title = f"{one} and {other}"
    if not told.counts.size:
        return Finding("structure/cross", title, ["No picture says something of both."])
    residuals = told.residuals
    grid = shaded(told)
    lines = [
        f"Cramér's V {cramers_v(told.counts):.2f}, mutual information {mutual_information(told.counts):.2f} bits "
        f"({redundancy(*values):.0%} of what the simpler one says)"
    ]
    if one == LABEL:
        (found,) = correlations([row.label for row in result.rows], {other: values[1]})
        lines.append(f"Such a V comes by chance with a probability of {found.p:.2g} (labels permuted 1,000 times).")
    blocks = []
    for place in np.argsort(-residuals.ravel(), kind="stable")[:2].tolist():
        i, j = divmod(place, residuals.shape[1])
        if residuals[i, j] > 2:
            files = _both(result, (one, told.rows[i]), (other, told.columns[j]))
            words = f"{told.rows[i]}, {told.columns[j]}: {len(files):,}, by chance {told.expected[i, j]:.0f}"
            blocks.append(Pictures(words, source.shown(files, _MANY), len(files), 10, 1, is_ordered=False))
    if empty := [
        f"{told.rows[i]}, {told.columns[j]}"
        for i, j in np.argwhere((told.counts == 0) & (told.expected >= 5)).tolist()
    ]:  # fmt: skip
        lines.append(f"Empty though chance would give some: {'; '.join(empty[:6])}.")
    return Finding("structure/cross", title, lines, [grid, *blocks])


def failing(source: Source, wrong: Mapping[str, bool] | None = None) -> Finding:
    """Slices on which a model errs, the surest first.

    Args:
        source: the run.
        wrong: by file; by default what is kept with the run.
    """
    wrong = source.wrong if wrong is None else wrong
    result: Result = source.result
    found = slices(
        [row.file for row in result.rows], {d.name: values_of(result, d.name) for d in result.dimensions}, wrong
    )
    sure = [one for one in found if one.q <= 0.05]
    known = [wrong[row.file] for row in result.rows if row.file in wrong]
    rate = sum(known) / max(1, len(known))
    title = f"{len(sure)} slice{'s' * (len(sure) != 1)} on which the model fails more often"
    lines = [
        f"{rate:.1%} of {len(known):,} pictures are wrong; {len(found)} slices tested",
        "Found on one half of the pictures, confirmed on the other, corrected for all (Benjamini & Hochberg).",
    ]
    rows = [(_where(s), _errors(s), f"{s.errors} of {s.n}", f"{s.lift:.1f} ×", f"{s.q:.2g}") for s in sure]
    grid = [Table(("where", "wrong", "pictures", "times all", "corrected p"), rows)] if rows else []
    blocks = [
        Pictures(_where(s), source.shown(s.files, _MANY), len(s.files), 10, 1, is_ordered=False) for s in sure[:3]
    ]
    return Finding("structure/failing", title, lines, [*grid, *blocks])


def one_slice(source: Source, one: Slice) -> Finding:
    """One slice with its pictures."""
    lines = [one.sentence, f"{one.errors} of {one.n} pictures of the half that confirms; corrected p {one.q:.2g}."]
    parts = [Pictures("", source.shown(one.files, _MANY), len(one.files), 8, 3, is_ordered=False)]
    return Finding("structure/slice", f"Where {_where(one)}", lines, parts)


def missing(source: Source, one: str, other: str, told: Deficits | None = None, target: Target = "uniform") -> Finding:
    """What is missing: cells of two dimensions and what each lacks to a target."""
    result: Result = source.result
    counts = table(values_by(result, one), values_by(result, other))
    told = told or deficits(counts, target)
    most = max((cell.wanted for cell in told.cells), default=1.0) or 1.0
    lacking = [cell for cell in told.cells if cell.deficit]
    rows = [
        (f"{c.row}, {c.column}", Bar(c.count / most, f"{c.count:,}", "warm" if c.residual < -2 else "accent"),
         f"{c.deficit:,}", f"{c.weight:.2f}",
         Badge("cannot be", "faint") if c.impossible else Badge("rare", "warm") if c.residual < -2 else "")
        for c in told.cells[:_CELLS]
    ]  # fmt: skip
    title = f"What is missing: {one} and {other}"
    total = sum(cell.deficit for cell in lacking)
    wanted = {
        "uniform": "as many as the fullest cell has",
        "independent": "as if the two had nothing to do with each other",
    }
    lines = [
        f"{total:,} pictures are missing in {len(lacking):,} of {len(told.cells):,} cells, to have "
        f"{wanted.get(target, 'as many as were wanted')}",
        f"Weights that make all cells weigh alike leave {told.effective:,.0f} pictures' worth (Kish).",
    ]
    grid = Table(("cell", "pictures", "missing", "weight", ""), rows)
    return Finding("structure/missing", title, lines, [grid])


KINDS = {"tree": tree, "cross": cross, "failing": failing, "slice": one_slice, "missing": missing}


def sections(source: Source) -> Iterator[Finding]:
    """What a report holds, in order: the tree, the tables that tell most, what they lack."""
    result: Result = source.result
    yield tree(source)
    names = [one.name for one in result.dimensions]
    labels = {row.label for row in result.rows} - {""}
    pairs = [(LABEL, name) for name in names] if len(labels) > 1 else list(combinations(names, 2))
    tables = [(pair, table(values_by(result, pair[0]), values_by(result, pair[1])).counts) for pair in pairs]
    told = [(cramers_v(counts), pair) for pair, counts in tables if counts.size]
    telling = sorted((one for one in told if one[0] < _SAME), key=lambda one: -one[0])[:_CROSSED]
    for _, pair in telling:
        yield cross(source, *pair)
    if telling:
        yield missing(source, *telling[0][1])
    if any(row.file in source.wrong for row in result.rows):
        yield failing(source)


def values_by(result: Result, name: str) -> Sequence[tuple[str, ...]]:
    """What each picture has of a dimension, or as label."""
    if name == LABEL:
        return [(row.label,) if row.label else () for row in result.rows]
    return values_of(result, name)


def _both(result: Result, one: tuple[str, str], other: tuple[str, str]) -> list[str]:
    """Files that have both values."""
    values = zip(values_by(result, one[0]), values_by(result, other[0]), strict=True)
    return [row.file for row, (a, b) in zip(result.rows, values, strict=True) if one[1] in a and other[1] in b]


def shaded(told: Counts) -> Table:
    """Counts with their adjusted residuals as colours."""
    strong = np.clip(told.residuals / _STRONG, -1, 1)
    rows = [
        (row, *(Shade(float(strong[i, j]), f"{int(n):,}" if n else "∅") for j, n in enumerate(told.counts[i])))
        for i, row in enumerate(told.rows)
    ]
    note = "Pictures; colour: more (teal) or fewer (orange) than chance would give."
    return Table(("", *told.columns), rows, note=note)


def _where(one: Slice) -> str:
    return " and ".join(f"{dimension} is {attribute}" for dimension, attribute in one.cell)


def _errors(one: Slice) -> Bar:
    return Bar(one.error, f"{one.error:.0%}", "warm", one.low, one.high)
