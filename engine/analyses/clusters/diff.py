"""Two clusters runs side by side: where pictures went, what was renamed, how far both agree with the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from engine.analyses.clusters import edits
from engine.analyses.clusters.agreement import Agreement, agreement
from engine.analyses.clusters.naming import normal
from engine.analyses.clusters.result import Result, Row
from engine.analyses.crossing import Table, cramers_v, table
from engine.analyses.matching import Both, Twins, joined, matches, overlaps

NONE = ""  # of a picture without a cluster: unassigned or unanswered
_DRAWS = 1000  # bootstrap samples
_HIGH = 2 / 3  # Jaccard from which a cluster under another name is the same one; two that are joined share half

Kind = Literal["kept", "renamed", "joined", "split", "scattered", "not in both"]


@dataclass(frozen=True)
class Fate:
    """What became of one cluster of A.

    Args:
        cluster: its name in A.
        size: its pictures that are in both runs.
        kind: kept (Jaccard above 1/2 with one of B of the same name); renamed (from 2/3 on, of another name); joined:
            most of it went into one of B that holds more than that; split: most of it went into several of B that come
            mostly from it; scattered: none of these.
        into: clusters of B with its pictures in them; "" is without a cluster.
        parts: how many of these, from the first on, make the kind.
        jaccard: with the first of these.
    """

    cluster: str
    size: int
    kind: Kind
    into: tuple[tuple[str, int], ...]
    parts: int
    jaccard: float


@dataclass(frozen=True)
class Place:
    """A picture in both runs, and its clusters there."""

    file: str
    twin: str  # its name in B
    a: str
    b: str


@dataclass(frozen=True)
class Gain:
    """How much more of the labelled pictures in both B gets right than A, with a paired 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Diff:
    """What differs.

    Args:
        pictures: in both runs, and in one only.
        places: of the pictures in both, in A's order.
        flow: clusters of A (rows) by clusters of B (columns), those without one last, counts of pictures.
        fates: one a cluster of A.
        new: clusters of B to which no fate leads, with their pictures in both.
        moved: those of them that neither went where most of their cluster went, nor came whence most of their new one
            came; or that one run alone puts nowhere.
        agreement_a: of all that A looked at with the labels.
        agreement_b: the same of B.
        gain: in accuracy, on the labelled pictures in both.
        association: Cramer's V of the flow without those that have no cluster.
    """

    pictures: Both
    places: tuple[Place, ...]
    flow: Table
    fates: tuple[Fate, ...]
    new: tuple[tuple[str, int], ...]
    moved: tuple[Place, ...]
    agreement_a: Agreement | None
    agreement_b: Agreement | None
    gain: Gain | None
    association: float


def edited(result: Result, changes: Sequence[Mapping[str, Any]], seed: int = 0) -> Result:
    """The result with a person's changes, its agreement counted anew."""
    now = edits.apply(result, changes).result
    if not changes:
        return now
    labels, names = [r.label for r in now.rows], [c.name for c in now.clusters]
    return replace(now, agreement=agreement(labels, [r.cluster for r in now.rows], names, seed))


def diff(a: Result, b: Result, twins: Twins = None, seed: int = 0) -> Diff:
    """Set two results side by side.

    Args:
        a: the first.
        b: the second.
        twins: B's names of A's pictures; None where they are the same.
        seed: of the bootstrap.
    """
    of_a, of_b = ({row.file: row for row in result.rows} for result in (a, b))
    pairs, pictures = joined(of_a, of_b, twins)
    rows = [(of_a[one], of_b[other]) for one, other in pairs]
    places = tuple(Place(one.file, other.file, one.cluster, other.cluster) for one, other in rows)
    told = table([[one.a] for one in places], [[one.b] for one in places])
    flow = _in_order(told, [c.name for c in a.clusters], [c.name for c in b.clusters])
    fates = tuple(_fates(flow))
    led = {name for fate in fates for name, _ in fate.into[: fate.parts]}
    sizes = zip(flow.columns, flow.counts.sum(0).astype(int).tolist(), strict=True)
    inner = flow.counts[: _named(flow.rows), : _named(flow.columns)]
    return Diff(
        pictures,
        places,
        flow,
        fates,
        tuple((name, n) for name, n in sizes if name and n and name not in led),
        tuple(_moved(places, flow)),
        a.agreement,
        b.agreement,
        _gain(rows, a.agreement, b.agreement, seed),
        cramers_v(inner) if inner.size else 0.0,
    )


def lines(one: Diff) -> Iterator[str]:
    """What to print, line by line."""
    rows, columns, counts = one.flow.rows, one.flow.columns, one.flow.counts
    cells = int((counts > 0).sum())
    size = f"{_named(rows)} by {_named(columns)} clusters"
    yield f"flow: {size}, {cells} cells hold pictures, Cramér's V {one.association:.3f}"
    wide = max([len(_said(name)) for name in columns] + [6])
    yield "  " + " " * 22 + "".join(f"  {_said(name)[:wide]:>{wide}}" for name in columns)
    for name, row in zip(rows, counts, strict=True):
        yield f"  {_said(name)[:22]:<22}" + "".join(f"  {int(n):>{wide}}" for n in row)
    for fate in one.fates:
        yield f"{fate.cluster}: {sentence(fate)}"
    for name, n in one.new:
        yield f"new: {name} ({n:,})"
    yield f"moved: {len(one.moved):,} of {one.pictures.both:,} pictures"
    for which, agreed in (("A", one.agreement_a), ("B", one.agreement_b)):
        if agreed:
            most = "" if agreed.most is None else f", {agreed.most:.3f} at most with {len(agreed.clusters)} clusters"
            value = f"{agreed.accuracy:.3f} [{agreed.low:.3f}, {agreed.high:.3f}]"
            yield f"agreement of {which} with the labels: {value}{most}  NMI {agreed.nmi:.3f}  ARI {agreed.ari:.3f}"
    if gain := one.gain:
        value = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
        yield f"B less A, on {gain.n:,} labelled pictures in both: {value}"


def tables(one: Diff) -> dict[str, list[dict[str, Any]]]:
    """The same as tables, by the name of their CSV file."""
    residuals = one.flow.residuals
    cells = [
        {"a": name, "b": other, "pictures": int(one.flow.counts[i, j]), "residual": residuals[i, j]}
        for i, name in enumerate(one.flow.rows)
        for j, other in enumerate(one.flow.columns)
    ]
    fates = [{"cluster": f.cluster, "pictures": f.size, "what": f.kind, "jaccard": f.jaccard,
              "into": " | ".join(f"{_said(name)} {n}" for name, n in f.into)} for f in one.fates]  # fmt: skip
    return {"flow": cells, "changes": fates, "moved": [vars(picture) for picture in one.moved]}


def sentence(fate: Fate) -> str:
    """What became of a cluster, in words."""
    n, into = fate.size, fate.into
    parts = ", ".join(f"{_said(name)} {count:,}" for name, count in into[: max(2, fate.parts)])
    if fate.kind == "not in both":
        return "none of its pictures is in both"
    if fate.kind == "kept":
        return f"kept, {into[0][1]:,} of {n:,} stay (Jaccard {fate.jaccard:.2f})"
    if fate.kind == "renamed":
        return f"renamed {into[0][0]}, {into[0][1]:,} of {n:,} stay (Jaccard {fate.jaccard:.2f})"
    if fate.kind == "joined":
        return f"joined into {into[0][0]}, {into[0][1]:,} of {n:,}"
    return f"{fate.kind}: {parts}, of {n:,}"


def _fates(flow: Table) -> Iterator[Fate]:
    of_a, of_b, last = flow.counts.sum(1), flow.counts.sum(0), _named(flow.columns)
    overlap = overlaps(flow.counts, of_a, of_b)
    same = matches(overlap[:, :last])
    is_named_so = lambda j, name: normal(flow.columns[j]) == normal(name)  # noqa: E731
    for i, name in enumerate(flow.rows[: _named(flow.rows)]):
        counts = flow.counts[i]
        comes = [j for j in range(last) if counts[j] > of_b[j] / 2]
        goes = [j for j in range(last) if counts[j] > of_a[i] / 2]
        kind: Kind = "scattered"
        first: list[int] = []
        if not of_a[i]:
            kind = "not in both"
        elif i in same and (is_named_so(same[i], name) or overlap[i, same[i]] >= _HIGH):
            kind, first = "kept" if is_named_so(same[i], name) else "renamed", [same[i]]
        elif goes:
            kind, first = "joined", goes
        elif len(comes) > 1 and counts[comes].sum() > of_a[i] / 2:
            kind, first = "split", sorted(comes, key=lambda j: -counts[j])
        rest = [j for j in np.argsort(-counts, kind="stable").tolist() if counts[j] and j not in first]
        into = tuple((flow.columns[j], int(counts[j])) for j in [*first, *rest])
        jaccard = float(overlap[i, (first or rest)[0]]) if first or rest else 0.0
        yield Fate(name, int(of_a[i]), kind, into, len(first), jaccard)


def _moved(places: Sequence[Place], flow: Table) -> Iterator[Place]:
    at, to = ({name: i for i, name in enumerate(names)} for names in (flow.rows, flow.columns))
    most = (flow.counts > flow.counts.sum(1, keepdims=True) / 2) | (flow.counts > flow.counts.sum(0) / 2)
    for one in places:
        has_left = bool(one.a and one.b and not most[at[one.a], to[one.b]])
        if has_left or bool(one.a) != bool(one.b):
            yield one


def _gain(rows: Sequence[tuple[Row, Row]], a: Agreement | None, b: Agreement | None, seed: int) -> Gain | None:
    if a is None or b is None:
        return None
    stands = [dict(zip(one.clusters, one.match, strict=True)) for one in (a, b)]
    right = [
        [row.label == stands[k].get(row.cluster, NONE) for k, row in enumerate(pair)]
        for pair in rows
        if pair[0].label and pair[0].label == pair[1].label
    ]
    n = len(right)
    if not n:
        return None
    better, worse = sum(y and not x for x, y in right), sum(x and not y for x, y in right)
    drawn = np.random.default_rng(seed).multinomial(n, [better / n, worse / n, (n - better - worse) / n], _DRAWS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, [2.5, 97.5])
    return Gain((better - worse) / n, float(low), float(high), n)


def _in_order(told: Table, rows: Sequence[str], columns: Sequence[str]) -> Table:
    """The table in the order of both results' clusters, with those that have no picture in both; none comes last."""
    order = [[*names, *([NONE] if NONE in had else [])] for names, had in ((rows, told.rows), (columns, told.columns))]
    counts = np.zeros((len(order[0]), len(order[1])))
    at, to = ({name: i for i, name in enumerate(names)} for names in order)
    for i, name in enumerate(told.rows):
        for j, other in enumerate(told.columns):
            counts[at[name], to[other]] = told.counts[i, j]
    return Table(tuple(order[0]), tuple(order[1]), counts)


def _named(names: Sequence[str]) -> int:
    """How many of these are clusters."""
    return len(names) - (NONE in names)


def _said(name: str) -> str:
    return name or "unassigned"
