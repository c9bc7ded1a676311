"""A person's changes to a structure: rename, merge, assign. They ask nothing and can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.analyses.structure.discovering import said
from engine.analyses.structure.result import COLUMNS, OTHER, Dimension, Result, Row
from engine.analyses.structure.telling import recounted, share
from engine.errors import RunError


@dataclass(frozen=True)
class Accuracy:
    """Of assignments that a person looked at, how many were right, with Wilson's 95 % interval."""

    right: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Edited:
    """The result after the changes; what they say of the assignments; changes that no longer fit."""

    result: Result
    accuracy: Accuracy | None = None
    notes: tuple[str, ...] = ()


def apply(result: Result, edits: Sequence[Mapping[str, Any]]) -> Edited:
    """Carry out edits in order; one that does not fit this result is left out with a note.

    Edits: {"kind": "rename", "dimension", "attribute", "to"} ("attribute" empty: the dimension itself),
    {"kind": "merge", "dimension", "attributes": [...], "into"},
    {"kind": "assign", "files": [...], "dimension", "attributes": [...]} (none: not said; new names are added).
    """
    now, notes = result, list[str]()
    for edit in edits:
        try:
            now = _EDITS[edit["kind"]](now, edit)
        except (RunError, KeyError, TypeError) as problem:
            why = problem.message if isinstance(problem, RunError) else "it is not understood"
            notes.append(f"Change {edit.get('n', '')} was left out: {why}")
    return Edited(now, accuracy(result, edits), tuple(notes))


def accuracy(result: Result, edits: Sequence[Mapping[str, Any]]) -> Accuracy | None:
    """How right the model was where a person said what is true: the last word on each picture and dimension counts.

    What was looked at first, such as the least agreed, is no random sample of all.
    """
    rows = {row.file: row for row in result.rows}
    names, final = {one.name: one.name for one in result.dimensions}, dict[tuple[str, str], bool]()
    for edit in edits:
        if edit.get("kind") == "rename" and not edit.get("attribute"):
            names[str(edit.get("to"))] = names.get(str(edit.get("dimension")), "")
        if edit.get("kind") == "assign":
            name = names.get(str(edit.get("dimension")), "")
            for file in edit.get("files", ()):
                if file in rows and name in rows[file].values:
                    final[file, name] = set(rows[file].values[name]) == set(edit.get("attributes", ()))
    if not final:
        return None
    _, low, high = share(sum(final.values()), len(final))
    return Accuracy(sum(final.values()), len(final), low, high)


def _rename(result: Result, edit: Mapping[str, Any]) -> Result:
    one, new = _dimension(result, edit["dimension"]), _name(edit["to"])
    old = edit["attribute"]
    if not old:
        if new.casefold() in COLUMNS or said(new) in {said(d.name) for d in result.dimensions if d != one}:
            raise RunError(f"there is a dimension or column {new!r} already.")
        rows = [replace(r, values={new if n == one.name else n: v for n, v in r.values.items()}) for r in result.rows]
        dimensions = tuple(replace(d, name=new) if d == one else d for d in result.dimensions)
        return replace(result, rows=tuple(rows), dimensions=dimensions)
    names = _attributes(one)
    if old not in names:
        raise RunError(f"{one.name} has no {old!r}.")
    if said(new) in {said(name) for name in names if name != old}:
        raise RunError(f"{one.name} has {new!r} already; merge the two instead.")
    return _mapped(result, one, {old: new})


def _merge(result: Result, edit: Mapping[str, Any]) -> Result:
    one, into = _dimension(result, edit["dimension"]), _name(edit["into"])
    some = [a for a in _attributes(one) if a in edit["attributes"]]
    if len(some) < 2:
        raise RunError("there are no two of these attributes.")
    if into in _attributes(one) and into not in some:
        raise RunError(f"{one.name} has {into!r} already; merge it, too.")
    return _mapped(result, one, dict.fromkeys(some, into))


def _assign(result: Result, edit: Mapping[str, Any]) -> Result:
    one, files = _dimension(result, edit["dimension"]), set(edit["files"])
    if not files & {row.file for row in result.rows}:
        raise RunError("none of these pictures is here.")
    told = tuple(dict.fromkeys(a if a == OTHER else _name(a) for a in edit["attributes"]))
    rows = [replace(r, values={**r.values, one.name: told}, why="") if r.file in files else r for r in result.rows]
    new = [a for a in told if a != OTHER and a not in _attributes(one)]
    return _counted(result, one, [*_attributes(one), *new], rows)


def _mapped(result: Result, one: Dimension, names: Mapping[str, str]) -> Result:
    def values(row: Row) -> dict[str, tuple[str, ...]]:
        some = row.values.get(one.name)
        return {} if some is None else {one.name: tuple(dict.fromkeys(names.get(a, a) for a in some))}

    rows = [replace(row, values={**row.values, **values(row)}) for row in result.rows]
    asked: dict[str, tuple[str, ...]] = {}
    for a in _attributes(one):
        asked[names.get(a, a)] = asked.get(names.get(a, a), ()) + one.asked.get(a, (a,))
    asked = {shown: parts for shown, parts in asked.items() if parts != (shown,)}
    return _counted(
        result, replace(one, asked=asked), list(dict.fromkeys(names.get(a, a) for a in _attributes(one))), rows
    )


def _counted(result: Result, one: Dimension, names: Sequence[str], rows: Sequence[Row]) -> Result:
    told = recounted(one, names, [row.values for row in rows])
    dimensions = tuple(told if d.name == one.name else d for d in result.dimensions)
    return replace(result, rows=tuple(rows), dimensions=dimensions)


def _dimension(result: Result, name: str) -> Dimension:
    found = next((one for one in result.dimensions if one.name == name), None)
    if found is None:
        raise RunError(f"there is no dimension {name!r}.")
    return found


def _attributes(one: Dimension) -> list[str]:
    return [a.name for a in one.attributes]


def _name(text: Any) -> str:  # noqa: ANN401
    name = " ".join(str(text).split())
    if not said(name) or name == OTHER:
        raise RunError("this is no name.")
    return name


_EDITS = {"rename": _rename, "merge": _merge, "assign": _assign}
