"""A run's pictures with what was found, as other programs read them: folders, FiftyOne, Hugging Face datasets.

Pure: what goes where is said here, and written by gallery/packing.py, as files or as a ZIP.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from engine.analyses import analysis
from engine.errors import RunError
from engine.gallery import Picture
from engine.gallery.packing import Layout, names_in, safe_name
from engine.report.source import Source
from engine.store.export import csv_text, legible

UNASSIGNED, UNANSWERED, UNDECIDED = "unassigned", "unanswered", "undecided"
# The table of an analysis whose rows are pictures, and its column that is each one's class; the first other one else.
_TABLES = {"clusters": "clusters", "structure": "structure", "typicality": "typicality"}
_CLASSES = {"clusters": "cluster", "typicality": "label"}


def folders(source: Source, by: str = "") -> Layout:
    """A folder a class, as torchvision's ImageFolder and others read it; what has none in a folder of its own.

    `files.csv` beside them says which picture went where.
    """
    rows, by = _rows(source, by)
    kinds = sorted(dict.fromkeys(_kind(row, by) for row in rows), key=lambda kind: kind[0])
    called = dict(zip(kinds, names_in([safe_name(name) for _, name in kinds]), strict=True))
    pictures, places = _placed(source, rows, lambda row: called[_kind(row, by)])
    return Layout(pictures, {"files.csv": _listed(places, rows)})


def fiftyone(source: Source, by: str = "") -> Layout:
    """A FiftyOneImageClassificationDataset: data/ and labels.json, with the row's other columns as attributes.

    A picture without a class has no label there, so no attributes either; `files.csv` has them all.
    """
    rows, by = _rows(source, by)
    pictures, places = _placed(source, rows, lambda _: "data")
    labels: dict[str, Any] = {}
    for place, row in zip(places, rows, strict=True):
        others = {name: value for name, value in _plain(row).items() if name != by and value not in (None, "")}
        attributes = {_attribute(name): value for name, value in others.items()}
        uuid = str(PurePosixPath(place).relative_to("data").with_suffix(""))
        labels[uuid] = {"label": legible(str(row[by])), "attributes": attributes} if _kind(row, by)[0] else None
    told = json.dumps({"classes": None, "labels": labels}, indent=1)
    return Layout(pictures, {"labels.json": told, "files.csv": _listed(places, rows)})


def huggingface(source: Source, by: str = "") -> Layout:
    """An image folder with metadata.jsonl, as `datasets.load_dataset("imagefolder", data_dir=DIR)` reads it."""
    rows, _ = _rows(source, by)
    pictures, places = _placed(source, rows, lambda _: "images")
    lines = [json.dumps({"file_name": p, **_plain(row)}) for p, row in zip(places, rows, strict=True)]
    return Layout(pictures, {"metadata.jsonl": "".join(line + "\n" for line in lines)})


LAYOUTS: Mapping[str, Callable[[Source, str], Layout]] = {
    "folders": folders,
    "fiftyone": fiftyone,
    "huggingface": huggingface,
}


def columns(source: Source) -> list[str]:
    """Columns that can be the class of a picture, the one that is by default first.

    Raises:
        RunError: the run says nothing of single pictures.
    """
    rows, own = _rows(source, "")
    return [own, *(name for name in rows[0] if name not in (own, "file", "description"))]


def has_pictures(name_of_analysis: str) -> bool:
    """Whether an analysis says something of every picture, so that there is such an export."""
    return name_of_analysis in _TABLES


def _rows(source: Source, by: str) -> tuple[list[dict[str, Any]], str]:
    """Rows of pictures that are here, and the column of their class.

    Raises:
        RunError: there are none, or no such column.
    """
    name = source.request.analysis
    rows = analysis(name).tables(source.result).get(_TABLES.get(name, ""), [])
    rows = [row for row in rows if row["file"] in source.gallery.by_name]
    if not rows:
        raise RunError(f"This {name} run says nothing of single pictures.", "Export it as csv, parquet, json or html.")
    own = _CLASSES.get(name) or next((key for key in rows[0] if key not in ("file", "label")), "file")
    if by and by not in rows[0]:
        raise RunError(f"There is no column {by!r}.", f"Use one of: {', '.join(rows[0])}.")
    return rows, by or own


def _attribute(name: str) -> str:
    """A column as FiftyOne can call it."""
    word = re.sub(r"\W+", "_", name).strip("_") or "column"
    return f"own_{word}" if word in ("label", "confidence", "logits", "tags", "id") else word


def _kind(row: Mapping[str, Any], by: str) -> tuple[bool, str]:
    """Whether a row has a class, and its name. Without one comes first: a class called like it is the one renamed."""
    if row[by] not in (None, ""):
        return True, str(row[by])
    return False, row["how"] if row.get("how") in (UNANSWERED, UNDECIDED) else UNASSIGNED


def _placed(
    source: Source, rows: Sequence[Mapping[str, Any]], folder: Callable[[Mapping[str, Any]], str]
) -> tuple[list[tuple[Picture, str]], list[str]]:
    """Each picture with its place: in a folder, under its own name, with its folders before that where two are alike.

    No two are the same without their ending either, as FiftyOne goes by that.
    """
    pictures = [source.gallery.by_name[row["file"]] for row in rows]
    wanted = [PurePosixPath(p.name) for p in pictures]
    short = [(folder(row), safe_name(path.stem)) for row, path in zip(rows, wanted, strict=True)]
    seen: set[tuple[str, str]] = set()
    alike = {one for one in short if one in seen or seen.add(one)}
    stems = [
        f"{where}/{safe_name('-'.join(path.with_suffix('').parts)) if (where, stem) in alike else stem}"
        for (where, stem), path in zip(short, wanted, strict=True)
    ]
    places = [stem + safe_name(f"x{path.suffix}")[1:] for stem, path in zip(names_in(stems), wanted, strict=True)]
    return list(zip(pictures, places, strict=True)), places


def _listed(places: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Which picture is where, as CSV."""
    return csv_text([{"path": place, **_plain(row)} for place, row in zip(places, rows, strict=True)])


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that is text everywhere: halves of surrogates in names are written out."""
    return {legible(name): legible(value) if isinstance(value, str) else value for name, value in row.items()}
