"""A person's changes to a structure, in order; they ask nothing and each can be taken back.

{"kind": "rename", "dimension", "attribute", "to"}     attribute empty: the dimension itself
{"kind": "merge", "dimension", "attributes": [...], "into"}
{"kind": "split", "dimension", "attribute", "parts": {name: files}}     what is in no part stays
{"kind": "move", "dimension", "attribute", "to"}     to another dimension
{"kind": "add", "dimension", "attribute", "files": [...]}     in place of "other", or beside what is there
{"kind": "drop", "dimension", "attribute"}     its pictures become "other"; attribute empty: the whole dimension
{"kind": "assign", "files": [...], "dimension", "attributes": [...]}     none: not said; new names are added
{"kind": "load", "dimensions": [...], "values": {file: {dimension: [...]}}}     a structure that was written out
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import TypeAdapter

from engine.analyses.shares import Accuracy, accuracy
from engine.analyses.structure.changing import EDITS, Edit, clean
from engine.analyses.structure.discovering import said
from engine.analyses.structure.result import Dimension, Proposal, Result, Row
from engine.errors import RunError


@dataclass(frozen=True)
class Edited:
    """The result after the changes; what they say of the assignments; changes that no longer fit."""

    result: Result
    accuracy: Accuracy | None = None
    notes: tuple[str, ...] = ()


def apply(result: Result, edits: Sequence[Edit]) -> Edited:
    """Carry out edits in order; one that does not fit this result is left out with a note.

    The accuracy says how right the model was where a person said what is true: the last word on each picture and
    dimension counts, against the names of that time. What was looked at first, such as the least agreed, is no random
    sample of all.
    """
    now, model, notes = result, result, list[str]()
    final: dict[tuple[str, str], bool] = {}
    for edit in edits:
        try:
            change = EDITS[edit["kind"]]
            now = change(now, edit)
            if edit["kind"] == "assign":
                final |= _judged(model, edit)
            else:  # the same without what a person said of single pictures
                model = change(model, edit)
                final = {(file, _named(edit, name)): right for (file, name), right in final.items()}
        except (RunError, KeyError, TypeError, AttributeError) as problem:
            why = problem.message if isinstance(problem, RunError) else "it is not understood"
            notes.append(f"Change {edit.get('n', '')} was left out: {why}")
    judged = accuracy(sum(final.values()), len(final)) if final else None
    return Edited(now, judged, tuple(notes))


def accept(change: Proposal) -> dict[str, Any]:
    """The edit that a proposal stands for."""
    edit: dict[str, Any] = {"kind": change.kind, "dimension": change.dimension}
    if change.kind == "add":
        return edit | {"attribute": change.names[0], "files": list(change.parts.get(change.names[0], ()))}
    if change.kind == "merge":
        return edit | {"attributes": list(change.names), "into": change.into}
    if change.kind == "split":
        parts = {name: list(files) for name, files in change.parts.items()}
        return edit | {"attribute": change.into, "parts": parts}
    return edit | {"attribute": change.names[0], "to": change.into}


def by_words(result: Result, dimension: str, attribute: str, names: Sequence[str]) -> dict[str, Any]:
    """The edit that splits an attribute by what its descriptions say: each name's words, all of them."""
    wanted = {name: set(said(name).split()) for name in names if said(name)}
    parts: dict[str, list[str]] = {name: [] for name in wanted}
    for row in result.rows:
        if attribute in row.values.get(dimension, ()):
            words = set(said(row.description).split())
            for name in (name for name, some in wanted.items() if some <= words):
                parts[name].append(row.file)
    return {"kind": "split", "dimension": dimension, "attribute": attribute, "parts": parts}


def written(result: Result) -> str:
    """A structure as JSON, as `read` takes it."""
    return json.dumps(asdict(result), indent=1)


def read(text: str) -> dict[str, Any]:
    """The edit that puts a written structure in place of what is there.

    Raises:
        RunError: it is no structure.
    """
    try:
        told = json.loads(text)
        dimensions = TypeAdapter(tuple[Dimension, ...]).validate_python(told["dimensions"])
        rows = TypeAdapter(tuple[Row, ...]).validate_python(told["rows"])
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        del problem
        raise RunError("This is no structure.", "Give the JSON that this page wrote.") from None
    values = {row.file: {name: list(some) for name, some in row.values.items()} for row in rows}
    return {"kind": "load", "dimensions": [asdict(one) for one in dimensions], "values": values}


def _judged(model: Result, edit: Edit) -> dict[tuple[str, str], bool]:
    files, name, true = set(edit["files"]), edit["dimension"], set(edit["attributes"])
    rows = [row for row in model.rows if row.file in files and name in row.values]
    return {(row.file, name): set(row.values[name]) == true for row in rows}


def _named(edit: Edit, name: str) -> str:
    """What a dimension is called after this edit."""
    renamed = edit["kind"] == "rename" and not edit["attribute"] and edit["dimension"] == name
    return clean(edit["to"]) if renamed else name
