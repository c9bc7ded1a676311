"""A person's changes to a result, in order; they ask nothing and can be taken back.

{"kind": "rename", "cluster", "to"}
{"kind": "merge", "clusters": [...], "into"}
{"kind": "split", "cluster", "parts": {name: raw labels}}     or, with "by": "part", names of the tree; the rest stays
{"kind": "add", "name", "labels": [...]}     a missing cluster, of unassigned pictures with these raw labels
{"kind": "move", "files": [...], "to"}     a person's word; "" is unassigned
{"kind": "confirm", "files": [...], "to"}     the same, where it says that the models were right
{"kind": "pin", "name"}, {"kind": "forbid", "name"}     for the next question
{"kind": "carry", ...}     corrections of another run, see carrying

A move or confirmation may say what it was a part of, {"check": "review" | "random"}, see checking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby
from typing import Any

from engine.analyses.clusters.carrying import Carried, carry_out
from engine.analyses.clusters.changing import CHANGES, Edit, said
from engine.analyses.clusters.result import Result
from engine.errors import RunError

_WORDS = ("move", "confirm")  # of a person, about single pictures
_PINS = ("pin", "forbid")


@dataclass(frozen=True)
class Edited:
    """The result after the changes, and what they mean for the next question.

    Args:
        result: as it is now.
        keep: names that were pinned.
        avoid: names that were forbidden.
        notes: changes that no longer fit.
        changes: of clusters, those that took effect.
        carried: what came over from other runs.
    """

    result: Result
    keep: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[Edit, ...] = ()
    carried: tuple[Carried, ...] = ()


def apply(result: Result, edits: Sequence[Edit]) -> Edited:
    """Carry out edits in order; one that does not fit this result is left out with a note."""
    edited = Edited(result)
    for are_words, group in groupby(edits, lambda edit: edit.get("kind") in _WORDS):
        some = list(group)
        edited = _told(edited, some) if are_words else reduce(_changed, some, edited)
    keep, avoid = names_for(edits, (), ())
    return replace(edited, keep=keep, avoid=avoid)


def names_for(
    edits: Sequence[Edit], keep: Sequence[str], avoid: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names to keep and to avoid when asked again: those of before, with what was pinned and forbidden since."""
    for edit in edits:
        more = {"pin": [edit.get("name")], "carry": edit.get("keep")}.get(edit.get("kind", "")) or []
        less = {"forbid": [edit.get("name")], "carry": edit.get("avoid")}.get(edit.get("kind", "")) or []
        keep = [*(n for n in keep if n not in (*more, *less)), *filter(None, more)]
        avoid = [*(n for n in avoid if n not in (*more, *less)), *filter(None, less)]
    return tuple(keep), tuple(avoid)


def check(result: Result, edits: Sequence[Edit], edit: Edit) -> str:
    """Why this change cannot be made after the others; empty where it can."""
    before = apply(result, edits)
    after = apply(result, [*edits, edit])
    return after.notes[-1].partition(": ")[2] if len(after.notes) > len(before.notes) else ""


def _told(edited: Edited, words: Sequence[Edit]) -> Edited:
    """What was said of pictures one after another, carried out at once: a thousand words cost as much as one."""
    names, to = {c.name for c in edited.result.clusters}, dict[str, str]()
    for edit in words:
        if edit.get("to") and edit["to"] not in names:
            edited = _left_out(edited, edit, f"there is no cluster {edit['to']!r}.")
        elif {"files", "to"} <= edit.keys():
            to |= dict.fromkeys(edit["files"], edit["to"])
        else:
            edited = _left_out(edited, edit, "it is not understood")
    return replace(edited, result=said(edited.result, to))


def _changed(edited: Edited, edit: Edit) -> Edited:
    try:
        kind = edit["kind"]
        if kind in _PINS:
            return edited if edit["name"] else _left_out(edited, edit, "it has no name.")
        if kind != "carry":
            changed = CHANGES[kind](edited.result, edit)
            return replace(edited, result=changed, changes=(*edited.changes, edit))
        result, made, carried = carry_out(edited.result, edit)
        others = (one for one in edited.carried if one.run != carried.run)
        return replace(edited, result=result, changes=(*edited.changes, *made), carried=(*others, carried))
    except (RunError, KeyError, TypeError, AttributeError) as problem:
        return _left_out(edited, edit, problem.message if isinstance(problem, RunError) else "it is not understood")


def _left_out(edited: Edited, edit: Mapping[str, Any], why: str) -> Edited:
    return replace(edited, notes=(*edited.notes, f"Change {edit.get('n', '')} was left out: {why}"))
