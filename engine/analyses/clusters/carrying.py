"""What a person corrected in one run, carried over to another: as one entry of that run's log, so results stay pure.

An entry holds everything by value: changes of clusters, and for every picture that a person spoke of the last word, by
name and by the tree's finest names of that cluster. Carried out, what fits the new result is made, and what does not is
said: another criterion may have no such cluster.

    {"kind": "carry", "run": id, "changes": [...], "said": {cluster: [files]}, "parts": {cluster: [natural names]},
     "keep": [...], "avoid": [...]}
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.analyses.clusters.changing import CHANGES, Edit, said
from engine.analyses.clusters.naming import normal
from engine.analyses.clusters.result import Result
from engine.errors import RunError
from engine.gallery import Gallery


@dataclass(frozen=True)
class Carried:
    """What came over from a run: pictures, changes of clusters; how many of both could not, and the reasons."""

    run: str
    pictures: int
    changes: int
    lost: int = 0
    reasons: tuple[str, ...] = ()


def entry(
    run: str,
    result: Result,
    changes: Sequence[Edit],
    names: tuple[Sequence[str], Sequence[str]],
    galleries: tuple[Gallery, Gallery],
) -> dict[str, Any]:
    """The entry for another run's log.

    Args:
        run: where the corrections were made.
        result: of that run, with all its changes.
        changes: of clusters, those that took effect, in order.
        names: pinned, and forbidden.
        galleries: of that run and of the other: pictures are found again by content.
    """
    before, after = galleries
    told = {row.file: row.cluster for row in result.rows if row.how == "person" and row.file in before.by_name}
    same = {before.by_name[file].hash: list[str]() for file in told}
    for picture in after.pictures if before.fingerprint != after.fingerprint else ():
        if picture.hash in same:
            same[picture.hash].append(picture.name)
    words: defaultdict[str, list[str]] = defaultdict(list)
    for file, cluster in told.items():
        found = same[before.by_name[file].hash] or [file]
        words[cluster] += [file] if file in found else found
    return {
        "kind": "carry",
        "run": run,
        "changes": [{k: v for k, v in one.items() if k not in ("n", "at")} for one in changes],
        "said": dict(words),
        "parts": {c.name: list(c.parts) for c in result.clusters if c.name in words},
        "keep": list(names[0]),
        "avoid": list(names[1]),
    }


def carry_out(result: Result, edit: Edit) -> tuple[Result, list[Edit], Carried]:
    """The result with what fits it, the changes of clusters that took effect, and what came of it."""
    made: list[Edit] = []
    reasons: list[str] = []
    for change in edit["changes"]:
        if _is_so(result, change):
            continue
        try:
            result = CHANGES[change["kind"]](result, change)
            made.append(change)
        except RunError as problem:
            reasons.append(f"{_told(change)}: {problem.message}")
    to: dict[str, str] = {}
    missing = Counter[str]()
    here = {row.file: row.cluster for row in result.rows}
    for name, files in edit["said"].items():
        place, finer = _place(result, name, edit["parts"].get(name, ()))
        for file in files:
            if file not in here:
                missing["not among the pictures of this run"] += 1
            elif place is not None:
                to[file] = place
            elif not finer:
                missing[f"said to be {name!r}: there is no such cluster here"] += 1
            elif here[file] not in finer:
                missing[f"said to be {name!r}: that is {' or '.join(finer)} here"] += 1
    lost = len(reasons) + missing.total()
    reasons += [f"{n} picture{'s' * (n != 1)} {why}" for why, n in missing.items()]
    return said(result, to), made, Carried(edit["run"], len(to), len(made), lost, tuple(reasons))


def _is_so(result: Result, change: Edit) -> bool:
    """Whether a change of clusters has nothing to do: the model found these names itself, or was asked to keep them."""
    there = {normal(c.name) for c in result.clusters}
    gone, come = _names(change)
    return all(normal(n) in there for n in come) and not any(normal(n) in there for n in gone)


def _names(change: Edit) -> tuple[set[str], set[str]]:
    """Names that a change lets go, and names that are there after it."""
    if change["kind"] == "rename":
        gone, come = {change["cluster"]}, {change["to"]}
    elif change["kind"] == "merge":
        gone, come = set(change["clusters"]), {change["into"]}
    elif change["kind"] == "split":
        gone, come = set(), set(change["parts"])
    else:
        gone, come = set(), {change["name"]}
    return gone - come, come


def _told(change: Edit) -> str:
    gone, come = _names(change)
    before = [change["cluster"]] if change["kind"] == "split" else sorted(gone)
    return f"{change['kind']} {', '.join(before)} → {', '.join(sorted(come))}".replace("  ", " ")


def _place(result: Result, name: str, parts: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The cluster of that name, or the one that holds all its finest names; else those that hold some and no others."""
    if not name:
        return "", ()
    for cluster in result.clusters:
        if normal(cluster.name) == normal(name):
            return cluster.name, ()
    mine = set(parts)
    for cluster in result.clusters:
        if mine and mine <= set(cluster.parts):
            return cluster.name, ()
    return None, tuple(c.name for c in result.clusters if c.parts and set(c.parts) <= mine)
