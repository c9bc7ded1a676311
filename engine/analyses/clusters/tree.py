"""The tree of names: the natural ones are its finest level, every coarser level is a cut whose names hold finer ones.

A level is told as {natural name: its name there}. Levels of several runs are one tree as far as they nest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.analyses.clusters.result import Result

Level = Mapping[str, str]


def level(result: Result) -> Level:
    """The result's own clusters; a natural name that was joined into none stands for itself."""
    into = {part: cluster.name for cluster in result.clusters for part in cluster.parts}
    return {name: into.get(name, name) for name in result.natural}


def nests(one: Result, other: Result) -> bool:
    """Whether both are cuts of one tree, each cluster of the finer lying whole in one of the coarser."""
    a, b = level(one), level(other)
    return a.keys() == b.keys() and (_is_finer(a, b) or _is_finer(b, a))


def levels(result: Result, others: Sequence[Result]) -> list[Level]:
    """The natural names, the result's own level, those on the way to it and those of others; each nests in the next.

    Args:
        result: whose tree.
        others: further cuts of it; one that does not nest with all before it is left out.
    """
    natural = {name: name for name in result.natural}
    found: list[Level] = [natural]
    at = natural
    for joins in result.joins:
        at = {name: joins.get(now, now) for name, now in at.items()}
        found.append(at)
    for other in others:
        one = level(other)
        if one.keys() == natural.keys() and all(_is_finer(one, a) or _is_finer(a, one) for a in found):
            found.append(one)
    by_size = {len(set(one.values())): one for one in reversed(found)}  # of two alike the first stays
    return [by_size[n] for n in sorted(by_size, reverse=True)]


def joined(finer: Level, coarser: Level) -> dict[str, list[str]]:
    """Names of the coarser level with the finer names in each, in the finer's order."""
    return {into: list(dict.fromkeys(finer[n] for n in coarser if coarser[n] == into)) for into in coarser.values()}


def sizes(result: Result) -> Counter[str]:
    """Pictures by natural name."""
    return Counter(row.part or row.cluster for row in result.rows if row.cluster)


def _is_finer(a: Level, b: Level) -> bool:
    return len(set(zip((a[n] for n in a), (b[n] for n in a), strict=True))) == len(set(a.values()))
