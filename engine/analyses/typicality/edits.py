"""A person's changes to elements, in order; they evaluate nothing, and each can be taken back.

{"kind": "name", "label", "elements": [one], "to"}
{"kind": "merge", "label", "elements": [two or more]}     under the lowest of their numbers
{"kind": "split", "label", "elements": [one]}     in two, by what is seen in its patches; the smaller gets a new number
{"kind": "hide" or "show", "label", "elements": [...]}

An element is known by its patches, {"number", "patches": [[file, left, top, width, height], ...]}, not by its number:
with other patches, or another number of elements, a change is made of the element that shows most of these places, if
it shows more than half of them, and left out with a note where none does. Figures are never copied from one element to
another: whoever changes groups has them told anew.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.analyses.typicality.elements import covers
from engine.analyses.typicality.groups import LEAST, Group, Sorted, halves, together
from engine.analyses.typicality.result import Element
from engine.errors import RunError

Edit = Mapping[str, Any]
_WITNESSES = 48  # patches that an element is known by
_LONGEST = 80  # letters of a name


@dataclass(frozen=True)
class Edited:
    """Groups by label after the changes, and the changes that do not fit them."""

    sorts: tuple[Sorted, ...]
    notes: tuple[str, ...] = ()


def edit_of(kind: str, elements: Sequence[Element], to: str = "") -> dict[str, Any]:
    """The change of some elements of one label."""
    known = [{"number": e.number, "patches": [[p.file, *p.box] for p in e.patches[:_WITNESSES]]} for e in elements]
    return {"kind": kind, "label": elements[0].label, "elements": known} | ({"to": to} if kind == "name" else {})


def apply(sorts: Sequence[Sorted], edits: Sequence[Edit], seed: int) -> Edited:
    """Carry out edits in order; one that does not fit is left out with a note, one of a label not here without.

    Args:
        sorts: groups as they were found, by label.
        edits: from a run's log.
        seed: of splits.
    """
    now, notes = {one.of.label: one for one in sorts}, list[str]()
    for edit in edits:
        try:
            if (one := now.get(edit["label"])) is not None:
                groups = [_group(one, known) for known in edit["elements"]]
                now[one.of.label] = _in_order(_EDITS[edit["kind"]](one, groups, edit, seed))
        except (RunError, LookupError, TypeError, ValueError) as problem:
            why = problem.message if isinstance(problem, RunError) else "it is not understood."
            notes.append(f"Change {edit.get('n', '')} was left out: {why}")
    return Edited(tuple(now.values()), tuple(notes))


def _group(one: Sorted, known: Mapping[str, Any]) -> Group:
    """The group that shows most of an element's patches.

    Raises:
        RunError: none shows more than half of them.
    """
    there = defaultdict(list)
    for group in one.groups:
        for i in group.places.tolist():
            there[one.of.patches[i].file].append((group.number, one.of.patches[i].box))
    votes = Counter[int]()
    for file, *box in known["patches"]:
        left, top, width, height = box
        votes.update({number for number, other in there[file] if covers(other, (left, top, width, height))})
    number, most = max(votes.items(), key=lambda vote: (vote[1], -vote[0]), default=(0, 0))
    if 2 * most <= len(known["patches"]):
        raise RunError(
            f"with these patches there is no element of {one.of.label} like the one that was {known['number']}."
        )
    return next(group for group in one.groups if group.number == number)


def _name(one: Sorted, groups: list[Group], edit: Edit, seed: int) -> Sorted:
    del seed
    (group,) = groups
    return _with(one, groups, [replace(group, name=" ".join(str(edit["to"]).split())[:_LONGEST])])


def _merge(one: Sorted, groups: list[Group], edit: Edit, seed: int) -> Sorted:
    del edit, seed
    distinct = tuple({group.number: group for group in groups}.values())
    if len(distinct) < 2:
        raise RunError(f"with these patches they are one element already, {groups[0].number}.")
    names = dict.fromkeys(group.name for group in distinct if group.name)
    parts = sorted(distinct, key=lambda group: group.number)
    made = " + ".join(group.by_hand if "+" in group.by_hand else str(group.number) for group in parts)
    merged = replace(together(one.of, distinct), by_hand=made, name=" + ".join(names)[:_LONGEST], is_hidden=False)
    return _with(one, distinct, [merged])


def _split(one: Sorted, groups: list[Group], edit: Edit, seed: int) -> Sorted:
    del edit
    (group,) = groups
    if len(group.places) < 2 * LEAST:
        raise RunError(f"element {group.number} has too few patches to be split.")
    parts = halves(one.of, group, seed)
    if min(len(one.of.files(part.places)) for part in parts) < LEAST:
        raise RunError(f"element {group.number} does not fall into two that {LEAST} pictures or more show.")
    made = f"part of {group.number}"
    larger = replace(parts[0], number=group.number, name=group.name, by_hand=made, is_hidden=group.is_hidden)
    smaller = replace(parts[1], number=one.highest + 1, by_hand=made, is_hidden=group.is_hidden)
    return replace(_with(one, groups, [larger, smaller]), highest=one.highest + 1)


def _hide(one: Sorted, groups: list[Group], edit: Edit, seed: int) -> Sorted:
    del edit, seed
    return _with(one, groups, [replace(group, is_hidden=True) for group in groups])


def _show(one: Sorted, groups: list[Group], edit: Edit, seed: int) -> Sorted:
    del edit, seed
    return _with(one, groups, [replace(group, is_hidden=False) for group in groups])


def _with(one: Sorted, gone: Sequence[Group], new: Sequence[Group]) -> Sorted:
    numbers = {group.number for group in gone}
    return replace(one, groups=(*(group for group in one.groups if group.number not in numbers), *new))


def _in_order(one: Sorted) -> Sorted:
    """The strongest group first."""
    return replace(one, groups=tuple(sorted(one.groups, key=lambda group: -one.of.strength(group.places))))


_EDITS: dict[str, Callable[[Sorted, list[Group], Edit, int], Sorted]] = {
    "name": _name,
    "merge": _merge,
    "split": _split,
    "hide": _hide,
    "show": _show,
}
