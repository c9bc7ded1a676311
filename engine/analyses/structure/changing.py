"""How each kind of change makes another structure of one; counts are those of the rows, always."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from engine.analyses.structure.discovering import said
from engine.analyses.structure.result import COLUMNS, OTHER, Dimension, Result, Row
from engine.analyses.structure.telling import recounted
from engine.errors import RunError

Edit = Mapping[str, Any]


def clean(text: Any) -> str:  # noqa: ANN401
    """A name on one line.

    Raises:
        RunError: it says nothing.
    """
    name = " ".join(str(text).split())
    if not said(name) or name == OTHER:
        raise RunError("this is no name.")
    return name


def _rename(result: Result, edit: Edit) -> Result:
    one, new = _dimension(result, edit["dimension"]), clean(edit["to"])
    old = edit["attribute"]
    if not old:
        if new.casefold() in COLUMNS or said(new) in {said(d.name) for d in result.dimensions if d != one}:
            raise RunError(f"there is a dimension or column {new!r} already.")
        names = {one.name: new}
        rows = tuple(
            replace(r, values=_keys(r.values, names), agreement=_keys(r.agreement, names)) for r in result.rows
        )
        dimensions = tuple(replace(d, name=new) if d == one else d for d in result.dimensions)
        proposals = tuple(replace(p, dimension=names.get(p.dimension, p.dimension)) for p in result.proposals)
        return replace(result, rows=rows, dimensions=dimensions, proposals=proposals)
    names = _attributes(one)
    if old not in names:
        raise RunError(f"{one.name} has no {old!r}.")
    if said(new) in {said(name) for name in names if name != old}:
        raise RunError(f"{one.name} has {new!r} already; merge the two instead.")
    return _mapped(result, one, {old: new})


def _merge(result: Result, edit: Edit) -> Result:
    one, into = _dimension(result, edit["dimension"]), clean(edit["into"])
    some = [a for a in _attributes(one) if a in edit["attributes"]]
    if len(some) < 2:
        raise RunError("there are no two of these attributes.")
    if into in _attributes(one) and into not in some:
        raise RunError(f"{one.name} has {into!r} already; merge it, too.")
    return _mapped(result, one, dict.fromkeys(some, into))


def _split(result: Result, edit: Edit) -> Result:
    one, old = _held(result, edit)
    parts = {clean(name): set(files) for name, files in edit["parts"].items()}
    if taken := {said(name) for name in parts} & {said(a) for a in _attributes(one) if a != old}:
        raise RunError(f"{one.name} has {min(taken)!r} already; merge the two instead.")

    def of(row: Row) -> tuple[str, ...]:
        mine = tuple(name for name, files in parts.items() if row.file in files)
        return tuple(part for a in row.values[one.name] for part in ((mine or (old,)) if a == old else (a,)))

    rows = [_with(r, one.name, of(r)) if old in r.values.get(one.name, ()) else r for r in result.rows]
    if not any(set(parts) & set(r.values.get(one.name, ())) for r in rows):
        raise RunError(f"no picture with {old!r} would move.")
    left = [old] if any(old in r.values.get(one.name, ()) for r in rows) else []
    names = [new for a in _attributes(one) for new in ([*(n for n in parts if n != old), *left] if a == old else [a])]
    return _counted(result, _unasked(one, old), names, rows)


def _move(result: Result, edit: Edit) -> Result:
    one, name = _held(result, edit)
    to = _dimension(result, edit["to"])
    if to == one:
        raise RunError(f"{name!r} is of {one.name} already.")
    files = [row.file for row in result.rows if name in row.values.get(one.name, ())]
    rows = [
        _with(r, one.name, tuple(a for a in r.values[one.name] if a != name)) if name in r.values.get(one.name, ())
        else r for r in result.rows
    ]  # fmt: skip
    gone = _counted(result, _unasked(one, name), [a for a in _attributes(one) if a != name], rows)
    known = next((a for a in _attributes(to) if said(a) == said(name)), name)
    return _given(gone, _dimension(gone, to.name), known, files)


def _add(result: Result, edit: Edit) -> Result:
    one, name = _dimension(result, edit["dimension"]), clean(edit["attribute"])
    if said(name) in {said(a) for a in _attributes(one)}:
        raise RunError(f"{one.name} has {name!r} already.")
    return _given(result, one, name, edit["files"])


def _drop(result: Result, edit: Edit) -> Result:
    if not edit["attribute"]:
        one = _dimension(result, edit["dimension"])
        if len(result.dimensions) == 1:
            raise RunError("it is the only dimension.")
        rows = [replace(r, values={n: v for n, v in r.values.items() if n != one.name}) for r in result.rows]
        return replace(result, rows=tuple(rows), dimensions=tuple(d for d in result.dimensions if d != one))
    one, name = _held(result, edit)

    def of(some: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(a for a in some if a != name) or (OTHER,)

    rows = [_with(r, one.name, of(some)) if name in (some := r.values.get(one.name, ())) else r for r in result.rows]
    return _counted(result, _unasked(one, name), [a for a in _attributes(one) if a != name], rows)


def _load(result: Result, edit: Edit) -> Result:
    told = TypeAdapter(tuple[Dimension, ...])
    try:
        dimensions = told.validate_python(edit["dimensions"])
    except ValidationError:
        raise RunError("its dimensions are not understood.") from None
    names = [said(one.name) for one in dimensions]
    if (
        not names
        or len(set(names)) < len(names)
        or not all(names)
        or {d.name.casefold() for d in dimensions} & {*COLUMNS}
    ):
        raise RunError("its dimensions lack names, or two have the same.")
    values = edit["values"]
    if not any(row.file in values for row in result.rows):
        raise RunError("none of its pictures is here.")
    able = {one.name: {OTHER, *_attributes(one)} for one in dimensions}

    def of(row: Row) -> dict[str, tuple[str, ...]]:
        mine = values.get(row.file, {})
        return {name: tuple(a for a in mine[name] if a in some) for name, some in able.items() if name in mine}

    rows = tuple(replace(r, values=of(r), why="" if r.file in values else r.why) for r in result.rows)
    all_values = [row.values for row in rows if not row.why]
    counted = tuple(recounted(one, _attributes(one), all_values) for one in dimensions)
    return replace(result, rows=rows, dimensions=counted)


def _given(result: Result, one: Dimension, name: str, files: Sequence[str]) -> Result:
    """These pictures have an attribute, too; "other" goes."""
    some = set(files)

    def of(row: Row) -> tuple[str, ...]:
        before = tuple(a for a in row.values.get(one.name, ()) if a != OTHER)
        return tuple(dict.fromkeys((*before, name)))

    rows = [_with(r, one.name, of(r)) if r.file in some else r for r in result.rows]
    return _counted(result, one, list(dict.fromkeys((*_attributes(one), name))), rows)


def _assign(result: Result, edit: Edit) -> Result:
    one, files = _dimension(result, edit["dimension"]), set(edit["files"])
    if not files & {row.file for row in result.rows}:
        raise RunError("none of these pictures is here.")
    told = tuple(dict.fromkeys(a if a == OTHER else clean(a) for a in edit["attributes"]))
    rows = [replace(_with(r, one.name, told), why="") if r.file in files else r for r in result.rows]
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
    told = recounted(one, names, [row.values for row in rows if not row.why])
    dimensions = tuple(told if d.name == one.name else d for d in result.dimensions)
    return replace(result, rows=tuple(rows), dimensions=dimensions)


def _keys(of: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in of.items()}


def _with(row: Row, name: str, told: tuple[str, ...]) -> Row:
    return replace(row, values={**row.values, name: told})


def _unasked(one: Dimension, name: str) -> Dimension:
    return replace(one, asked={a: parts for a, parts in one.asked.items() if a != name})


def _held(result: Result, edit: Edit) -> tuple[Dimension, str]:
    """A dimension and an attribute that it has."""
    one, name = _dimension(result, edit["dimension"]), edit["attribute"]
    if name not in _attributes(one):
        raise RunError(f"{one.name} has no {name!r}.")
    return one, name


def _dimension(result: Result, name: str) -> Dimension:
    found = next((one for one in result.dimensions if one.name == name), None)
    if found is None:
        raise RunError(f"there is no dimension {name!r}.")
    return found


def _attributes(one: Dimension) -> list[str]:
    return [a.name for a in one.attributes]


EDITS: dict[str, Callable[[Result, Edit], Result]] = {
    **{"rename": _rename, "merge": _merge, "split": _split, "move": _move},
    **{"add": _add, "drop": _drop, "assign": _assign, "load": _load},
}
