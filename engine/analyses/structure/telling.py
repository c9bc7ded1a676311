"""Figures of a structure: dimensions with their attributes' shares, checks of the whole, values for tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from engine.analyses.crossing import entropy, redundancy
from engine.analyses.shares import share
from engine.analyses.structure.discovering import Found, said
from engine.analyses.structure.result import OTHER, Attribute, Dimension, Result

_SAME = 0.8  # normalised mutual information of two dimensions that say the same


def dimension(one: Found, values: Sequence[Mapping[str, tuple[str, ...]]]) -> Dimension:
    """A dimension with its counts over pictures that were assigned."""
    asked = {shown: tuple(a for a, other in one.shown.items() if other == shown) for shown in one.shown.values()}
    told = Dimension(one.title, (), one.votes, one.rounds, one.stability, 0, 0, one.unseen, asked, one.label)
    return recounted(told, list(dict.fromkeys(one.shown.get(a, a) for a in one.attributes)), values)


def recounted(one: Dimension, names: Sequence[str], values: Sequence[Mapping[str, tuple[str, ...]]]) -> Dimension:
    """A dimension with these attributes, counted anew."""
    some = [v[one.name] for v in values if one.name in v]
    counts = Counter(attribute for v in some for attribute in v)
    speaking = sum(bool(v) for v in some)
    told = [Attribute(name, counts[name], *share(counts[name], speaking)) for name in names if name != OTHER]
    told.sort(key=lambda a: (-a.count, a.name))
    return replace(one, attributes=tuple(told), other=counts[OTHER], not_said=len(some) - speaking)


def values_of(result: Result, name: str) -> list[tuple[str, ...]]:
    """Attributes of every picture, in the rows' order, without "other"."""
    return [tuple(a for a in row.values.get(name, ()) if a != OTHER) for row in result.rows]


def mixes(result: Result) -> dict[tuple[str, str], float]:
    """Of each dimension and attribute, how evenly labels are spread over its pictures: 0 one label, 1 all alike."""
    labels = {row.label for row in result.rows} - {""}
    if len(labels) < 2:
        return {}
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in result.rows:
        for key in ((name, a) for name, some in row.values.items() for a in some if row.label):
            found.setdefault(key, Counter())[row.label] += 1
    most = math.log2(len(labels))
    return {key: entropy(list(counts.values())) / most for key, counts in found.items()}


def agreements(result: Result) -> dict[tuple[str, str], float]:
    """Of each dimension and attribute, the mean agreement over draws of those of its pictures that were drawn again."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in result.rows:
        for name, agreed in row.agreement.items():
            for a in row.values.get(name, ()):
                found.setdefault((name, a), []).append(agreed)
    return {key: sum(some) / len(some) for key, some in found.items()}


def to_review(result: Result) -> list[tuple[str, str, float]]:
    """Files with the dimension that is least sure and its agreement: least agreement first, then what fits no value."""
    found = []
    for k, row in enumerate(result.rows):
        sure = min(((agreed, name) for name, agreed in row.agreement.items()), default=(1.0, ""))
        others = [name for name, some in row.values.items() if some == (OTHER,)]
        if sure[0] < 1.0:
            found.append((sure[0], k, row.file, sure[1]))
        elif others:
            found.append((1.0, k, row.file, others[0]))
    return [(file, name, agreed) for agreed, _, file, name in sorted(found)]


def checks(result: Result) -> list[str]:
    """What is wrong with a structure, in sentences."""
    found = [words for one in result.dimensions for words in _checked(one, result)]
    for a, b in combinations(result.dimensions, 2):
        if (same := redundancy(values_of(result, a.name), values_of(result, b.name))) > _SAME:
            found.append(f"{a.name} and {b.name} say nearly the same (normalised mutual information {same:.2f}).")
    return found


def _checked(one: Dimension, result: Result) -> Iterator[str]:
    n = sum(one.name in row.values for row in result.rows)
    several = sum(len(row.values.get(one.name, ())) > 1 for row in result.rows)
    for count, most, words in (
        (one.not_said, 0.5, "of the descriptions say nothing of it"),
        (one.other, 0.1, "say something that is not in its list"),
        (several, 0.2, "have several attributes, so they do not exclude one another"),
    ):
        if n and count > most * n:
            yield f"{one.name}: {count / n:.0%} {words}."
    for count, words in ((0, "no picture is"), (1, "one picture alone is")):
        if names := [a.name for a in one.attributes if a.count == count]:
            yield f"{one.name}: {words} {', '.join(names[:8])}."
    for a, b in combinations([a.name for a in one.attributes], 2):
        words = set(said(a).split()), set(said(b).split())
        if words[0] < words[1] or words[1] < words[0]:
            yield f"{one.name}: {a} and {b} may be the general and the special."
    if not one.is_sure:
        yield f"{one.name} is unsure: other samples would have kept it {one.stability:.0%} of the time."
