"""How each kind of change makes another result of one; sizes, labels and what is missing are those of the rows, always.

What a person says of single pictures is kept apart from what the models said: `Row.was` goes along with every change of
the clusters, so how often the models were right can be told under the names of now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.analyses.clusters.naming import normal
from engine.analyses.clusters.placing import missing_clusters
from engine.analyses.clusters.result import Cluster, Result, Row
from engine.errors import RunError

Edit = Mapping[str, Any]


def said(result: Result, to: Mapping[str, str]) -> Result:
    """Pictures (by file) where a person says that they belong, "" for nowhere; they need no look any more."""
    rows = tuple(_said(row, to[row.file]) if row.file in to else row for row in result.rows)
    return recounted(replace(result, rows=rows, review=tuple(r for r in result.review if r.file not in to)))


def _said(row: Row, to: str) -> Row:
    was = row.was if row.how == "person" else row.cluster
    return replace(row, cluster=to, how="person", why="", was=was, second="" if row.second == to else row.second)


def _rename(result: Result, edit: Edit) -> Result:
    old, new = edit["cluster"], clean(edit["to"])
    names = _names(result)
    if old not in names:
        raise RunError(f"there is no cluster {old!r}.")
    if normal(new) in [normal(n) for n in names if n != old]:
        raise RunError(f"there is a cluster {new!r} already; merge the two instead.")
    return _named(result, {old: new})


def _merge(result: Result, edit: Edit) -> Result:
    names = _names(result)
    parts, into = list(edit["clusters"]), clean(edit["into"])
    if len(set(parts)) < 2 or not set(parts) <= set(names):
        raise RunError("it takes two clusters or more that are there.")
    if normal(into) in [normal(n) for n in names if n not in parts]:
        raise RunError(f"the name {into!r} cannot be used.")
    return _named(result, dict.fromkeys(parts, into))


def _split(result: Result, edit: Edit) -> Result:
    old: str = edit["cluster"]
    names = _names(result)
    parts = {clean(name): tuple(members) for name, members in edit["parts"].items()}
    if old not in names:
        raise RunError(f"there is no cluster {old!r}.")
    if taken := {normal(name) for name in parts} & {normal(n) for n in names if n != old}:
        raise RunError(f"there is a cluster {min(taken)!r} already.")
    by_level = edit.get("by") == "part"  # the tree's finer clusters, or else raw labels
    place: dict[str, str] = {member: name for name, members in parts.items() for member in members}

    def into(row: Row, name: str) -> str:
        return place.get(row.part if by_level else normal(row.raw_label), old) if name == old else name

    rows = [replace(row, cluster=into(row, row.cluster), was=into(row, row.was)) for row in result.rows]
    there = {row.cluster for row in rows}
    new = [
        Cluster(name, parts=parts.get(name, ()) if by_level else ())
        for name in dict.fromkeys([*parts, old])
        if name in there
    ]
    if len(new) < 2:
        raise RunError("all of its pictures would stay together.")
    if old not in there:  # a second choice that is no cluster any more
        rows = [replace(row, second="") if row.second == old else row for row in rows]
    kept = tuple(c for was in result.clusters for c in (new if was.name == old else [was]))
    return recounted(replace(result, rows=tuple(rows), clusters=kept))


def _add(result: Result, edit: Edit) -> Result:
    name, labels = clean(edit["name"]), set(edit["labels"])
    if normal(name) in map(normal, _names(result)):
        raise RunError(f"there is a cluster {name!r} already.")
    mine = {r.file for r in result.rows if r.how == "unassigned" and normal(r.raw_label) in labels}
    if not mine:
        raise RunError("no unassigned picture says so.")
    rows = tuple(replace(r, cluster=name, how="label", why="") if r.file in mine else r for r in result.rows)
    review = tuple(r for r in result.review if r.file not in mine)
    return recounted(replace(result, rows=rows, review=review, clusters=(*result.clusters, Cluster(name))))


CHANGES: Mapping[str, Callable[[Result, Edit], Result]] = {
    "rename": _rename,
    "merge": _merge,
    "split": _split,
    "add": _add,
}


def clean(text: Any) -> str:  # noqa: ANN401
    """A name on one line.

    Raises:
        RunError: it says nothing, or begins as the pages' own views do.
    """
    name = " ".join(str(text).split())
    if not normal(name):
        raise RunError("the name is empty.")
    if name.startswith("~"):
        raise RunError("a name cannot begin with a tilde.")
    return name


def _names(result: Result) -> list[str]:
    return [c.name for c in result.clusters]


def _named(result: Result, new: Mapping[str, str]) -> Result:
    """The result under other names; clusters that get the same name become one."""
    rows = tuple(_renamed(row, new) for row in result.rows)
    agreed = {was.file for was, row in zip(result.rows, rows, strict=True) if was.second and not row.second}
    joined: dict[str, Cluster] = {}
    for cluster in result.clusters:
        name = new.get(cluster.name, cluster.name)
        before = joined.get(name, Cluster(name))
        labels = {**before.labels}
        for label, count in cluster.labels.items():
            labels[label] = labels.get(label, 0) + count
        joined[name] = Cluster(name, before.size + cluster.size, labels, (*before.parts, *cluster.parts))
    review = tuple(r for r in result.review if r.file not in agreed)
    return replace(result, rows=rows, clusters=tuple(joined.values()), review=review)


def _renamed(row: Row, new: Mapping[str, str]) -> Row:
    """The row under other names; two opinions that are one cluster now are no disagreement."""
    cluster, second, was = (new.get(name, name) for name in (row.cluster, row.second, row.was))
    return replace(row, cluster=cluster, second="" if second == cluster else second, was=was)


def recounted(result: Result) -> Result:
    """Sizes, raw labels and what may be missing anew, from the rows."""
    members: dict[str, list[Row]] = {c.name: [] for c in result.clusters}
    for row in result.rows:
        if row.cluster:
            members[row.cluster].append(row)
    clusters = (replace(c, size=len(members[c.name]), labels=_tally(members[c.name])) for c in result.clusters)
    return replace(result, clusters=tuple(clusters), missing=missing_clusters(result.rows))


def _tally(rows: Sequence[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if label := normal(row.raw_label):
            counts[label] = counts.get(label, 0) + 1
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
