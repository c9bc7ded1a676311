"""A person's changes to a result: rename, merge, move, pin, forbid. They ask nothing and can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.analyses.clusters.naming import normal
from engine.analyses.clusters.result import Cluster, Result, Row
from engine.errors import RunError


@dataclass(frozen=True)
class Edited:
    """The result after the changes, and what they mean for the next question."""

    result: Result
    keep: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # changes that no longer fit


def apply(result: Result, edits: Sequence[Mapping[str, Any]]) -> Edited:
    """Carry out edits in order; one that does not fit this result is left out with a note.

    Edits: {"kind": "rename", "cluster", "to"}, {"kind": "merge", "clusters": [...], "into"},
    {"kind": "move", "files": [...], "to"} (to "" makes unassigned),
    {"kind": "pin", "name"}, {"kind": "forbid", "name"}.
    """
    edited = Edited(result)
    for edit in edits:
        try:
            edited = _EDITS[edit["kind"]](edited, edit)
        except (RunError, KeyError) as problem:
            why = problem.message if isinstance(problem, RunError) else "it is not understood"
            edited = replace(edited, notes=(*edited.notes, f"Change {edit.get('n', '')} was left out: {why}"))
    return edited


def check(result: Result, edits: Sequence[Mapping[str, Any]], edit: Mapping[str, Any]) -> str:
    """Why this change cannot be made after the others; empty where it can."""
    before = apply(result, edits)
    after = apply(result, [*edits, edit])
    return after.notes[-1].partition(": ")[2] if len(after.notes) > len(before.notes) else ""


def _rename(edited: Edited, edit: Mapping[str, Any]) -> Edited:
    old, new = edit["cluster"], " ".join(str(edit["to"]).split())
    names = [c.name for c in edited.result.clusters]
    if old not in names:
        raise RunError(f"there is no cluster {old!r}.")
    if not normal(new):
        raise RunError("the new name is empty.")
    if new.startswith("~"):
        raise RunError("a name cannot begin with a tilde.")
    if normal(new) in [normal(n) for n in names if n != old]:
        raise RunError(f"there is a cluster {new!r} already; merge the two instead.")
    return replace(edited, result=_named(edited.result, {old: new}))


def _merge(edited: Edited, edit: Mapping[str, Any]) -> Edited:
    names = [c.name for c in edited.result.clusters]
    parts, into = list(edit["clusters"]), " ".join(str(edit["into"]).split())
    if len(set(parts)) < 2 or not set(parts) <= set(names):
        raise RunError("it takes two clusters or more that are there.")
    if not normal(into) or into.startswith("~") or normal(into) in [normal(n) for n in names if n not in parts]:
        raise RunError(f"the name {into!r} cannot be used.")
    return replace(edited, result=_named(edited.result, dict.fromkeys(parts, into)))


def _move(edited: Edited, edit: Mapping[str, Any]) -> Edited:
    files, to = set(edit["files"]), edit["to"]
    if to and to not in [c.name for c in edited.result.clusters]:
        raise RunError(f"there is no cluster {to!r}.")
    rows = tuple(
        replace(r, cluster=to, how="person", second="", why="") if r.file in files else r for r in edited.result.rows
    )
    review = tuple(r for r in edited.result.review if r.file not in files)
    return replace(edited, result=_counted(replace(edited.result, rows=rows, review=review)))


def _pin(edited: Edited, edit: Mapping[str, Any]) -> Edited:
    return replace(edited, keep=_with(edited.keep, edit["name"]), avoid=_without(edited.avoid, edit["name"]))


def _forbid(edited: Edited, edit: Mapping[str, Any]) -> Edited:
    return replace(edited, avoid=_with(edited.avoid, edit["name"]), keep=_without(edited.keep, edit["name"]))


_EDITS = {"rename": _rename, "merge": _merge, "move": _move, "pin": _pin, "forbid": _forbid}


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return (*_without(names, name), name)


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(n for n in names if n != name)


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
    cluster, second = new.get(row.cluster, row.cluster), new.get(row.second, row.second)
    return replace(row, cluster=cluster, second="" if second == cluster else second)


def _counted(result: Result) -> Result:
    """Sizes and raw labels anew, from the rows."""
    members: dict[str, list[Row]] = {c.name: [] for c in result.clusters}
    for row in result.rows:
        if row.cluster:
            members[row.cluster].append(row)
    return replace(
        result,
        clusters=tuple(replace(c, size=len(members[c.name]), labels=_tally(members[c.name])) for c in result.clusters),
    )


def _tally(rows: Sequence[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        if label := normal(row.raw_label):
            counts[label] = counts.get(label, 0) + 1
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
