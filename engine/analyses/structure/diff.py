"""Two structure runs side by side: dimensions and attributes that came and went, pictures that are told otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.analyses.crossing import redundancy, table
from engine.analyses.matching import Both, Twins, joined, matches, overlaps, tally
from engine.analyses.structure import edits
from engine.analyses.structure.discovering import said
from engine.analyses.structure.result import Attribute, Dimension, Result, Row

_SAME = 0.8  # normalised mutual information from which two dimensions of other names are one
_SHOWN = 8  # attributes of a dimension, in words

Values = Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class AttributeDiff:
    """One attribute of both runs, or of one: its other is None. Jaccard of its pictures among those in both."""

    a: Attribute | None
    b: Attribute | None
    jaccard: float

    @property
    def what(self) -> str:
        """Kept, renamed, new or gone."""
        return _what(self.a, self.b)


@dataclass(frozen=True)
class Changed:
    """A picture that is told otherwise: its names in A and B, and what each says of it."""

    file: str
    twin: str
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True)
class DimensionDiff:
    """One dimension of both runs, or of one: its other is None.

    Args:
        a: in A.
        b: in B.
        same: normalised mutual information of both, over pictures in both; 0 where there is one.
        attributes: of both, in A's order, the new ones last.
        changed: pictures of which both say something, and not the same but for renamed attributes.
        compared: pictures that both assigned.
    """

    a: Dimension | None
    b: Dimension | None
    same: float
    attributes: tuple[AttributeDiff, ...]
    changed: tuple[Changed, ...]
    compared: int

    @property
    def what(self) -> str:
        """Kept, renamed, new or gone."""
        return _what(self.a, self.b)

    @property
    def name(self) -> str:
        """In A, if it is there; of one that was renamed, both names."""
        names = list(dict.fromkeys(one.name for one in (self.a, self.b) if one))
        return " -> ".join(names) if self.what == "renamed" else names[0]


@dataclass(frozen=True)
class Diff:
    """What differs: pictures in both and in one only, and the dimensions, A's first."""

    pictures: Both
    dimensions: tuple[DimensionDiff, ...]


def edited(result: Result, changes: Sequence[Mapping[str, Any]]) -> Result:
    """The result with a person's changes."""
    return edits.apply(result, changes).result


def diff(a: Result, b: Result, twins: Twins = None) -> Diff:
    """Set two results side by side.

    Args:
        a: the first.
        b: the second.
        twins: B's names of A's pictures; None where they are the same.
    """
    of_a, of_b = ({row.file: row for row in result.rows if not row.why} for result in (a, b))
    pairs, pictures = joined(of_a, of_b, twins)
    rows = [(of_a[one], of_b[other]) for one, other in pairs]
    found = [_one(one, other, rows) for one, other in _paired(a.dimensions, b.dimensions, rows)]
    return Diff(pictures, tuple(found))


def lines(one: Diff) -> Iterator[str]:
    """What to print, line by line."""
    for d in one.dimensions:
        if d.what in ("new", "gone"):
            some = ", ".join(x.name for pair in d.attributes[:_SHOWN] for x in (pair.a, pair.b) if x)
            yield f"{d.name}: {d.what} ({some})"
            continue
        share = f" ({len(d.changed) / d.compared:.1%})" if d.compared else ""
        yield (
            f"{d.name}: {d.what}, {len(d.changed):,} of {d.compared:,} pictures are told otherwise{share}, "
            f"normalised mutual information {d.same:.2f}"
        )
        for attribute in d.attributes:
            if attribute.what != "kept":
                yield f"  {_told(attribute)}"


def tables(one: Diff) -> dict[str, list[dict[str, Any]]]:
    """The same as tables, by the name of their CSV file."""
    attributes = [
        {"dimension_a": d.a.name if d.a else "", "dimension_b": d.b.name if d.b else "", "dimension": d.what,
         "a": x.a.name if x.a else "", "b": x.b.name if x.b else "", "attribute": x.what,
         "share_a": x.a.share if x.a else None, "share_b": x.b.share if x.b else None, "jaccard": x.jaccard}
        for d in one.dimensions
        for x in d.attributes
    ]  # fmt: skip
    changed = [
        {"file": c.file, "twin": c.twin, "dimension": d.name, "a": " | ".join(c.a), "b": " | ".join(c.b)}
        for d in one.dimensions
        for c in d.changed
    ]
    return {"attributes": attributes, "changed": changed}


def _what(a: Dimension | Attribute | None, b: Dimension | Attribute | None) -> str:
    if a is None or b is None:
        return "new" if a is None else "gone"
    return "kept" if said(a.name) == said(b.name) else "renamed"


def _paired(
    a: Sequence[Dimension], b: Sequence[Dimension], rows: Sequence[tuple[Row, Row]]
) -> list[tuple[Dimension | None, Dimension | None]]:
    """Dimensions of one name (and one label), then those that say the same, the most alike first; then the rest."""
    left = {(said(one.name), one.label): one for one in b}
    mine: dict[str, Dimension] = {}
    for one in a:
        if (other := left.pop((said(one.name), one.label), None)) is not None:
            mine[one.name] = other
    alike = sorted(
        (
            (-redundancy(_values(one, rows, 0), _values(other, rows, 1)), i, j)
            for i, one in enumerate(a)
            if one.name not in mine
            for j, other in enumerate(left.values())
        ),
    )
    free = list(left.values())
    for less, i, j in alike:
        if -less >= _SAME and a[i].name not in mine and free[j] not in mine.values():
            mine[a[i].name] = free[j]
    taken = {other.name for other in mine.values()}
    return [*((one, mine.get(one.name)) for one in a), *((None, one) for one in b if one.name not in taken)]


def _one(a: Dimension | None, b: Dimension | None, rows: Sequence[tuple[Row, Row]]) -> DimensionDiff:
    if a is None or b is None:
        gone = [AttributeDiff(one, None, 0.0) for one in a.attributes] if a else []
        new = [AttributeDiff(None, one, 0.0) for one in b.attributes] if b else []
        return DimensionDiff(a, b, 0.0, (*gone, *new), (), 0)
    both = [(one, other) for one, other in rows if a.name in one.values and b.name in other.values]
    mine, theirs = _values(a, both, 0), _values(b, both, 1)
    attributes = _attributes(a, b, mine, theirs)
    renamed = {x.a.name: x.b.name for x in attributes if x.a and x.b}
    changed = tuple(
        Changed(one.file, other.file, x, y)
        for (one, other), x, y in zip(both, mine, theirs, strict=True)
        if {renamed.get(name, name) for name in x} != set(y)
    )
    return DimensionDiff(a, b, redundancy(mine, theirs), attributes, changed, len(both))


def _attributes(a: Dimension, b: Dimension, mine: Values, theirs: Values) -> tuple[AttributeDiff, ...]:
    """Attributes of one name, then those that share most of their pictures; then the rest."""
    counted = table(mine, theirs)
    overlap = overlaps(counted.counts, tally(mine, counted.rows), tally(theirs, counted.columns))
    at, to = ({name: i for i, name in enumerate(names)} for names in (counted.rows, counted.columns))
    same = {counted.rows[i]: counted.columns[j] for i, j in matches(overlap).items()}
    by_said = {said(one.name): one for one in b.attributes}
    partner = {one.name: by_said[said(one.name)] for one in a.attributes if said(one.name) in by_said}
    free = {one.name: one for one in b.attributes if one not in partner.values()}
    for one in a.attributes:
        if one.name not in partner and (other := free.get(same.get(one.name, ""))):
            partner[one.name] = other

    def told(one: Attribute) -> AttributeDiff:
        other = partner.get(one.name)
        shared = other is not None and one.name in at and other.name in to
        return AttributeDiff(one, other, float(overlap[at[one.name], to[other.name]]) if shared and other else 0.0)

    new = [AttributeDiff(None, one, 0.0) for one in b.attributes if one not in partner.values()]
    return (*map(told, a.attributes), *new)


def _values(one: Dimension, rows: Sequence[tuple[Row, Row]], which: int) -> Values:
    """What each picture in both has of a dimension, "other" among it."""
    return [tuple(pair[which].values.get(one.name, ())) for pair in rows]


def _told(one: AttributeDiff) -> str:
    shares = [f"{a.name} {a.share:.1%} [{a.low:.1%}, {a.high:.1%}]" for a in (one.a, one.b) if a]
    return f"{one.what}: {' -> '.join(shares)}"
