"""Descriptions from a table in place of pictures: a CSV with file and description, perhaps label and more columns."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.analyses.structure.result import Row
from engine.errors import GalleryError


def read_descriptions(path: Path) -> list[Row]:
    """One row a line; lines without a description are kept, and said.

    Raises:
        GalleryError: it cannot be read, lacks a column, or is empty.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error) as problem:
        raise GalleryError(f"{path} cannot be read: {problem}.", "Give a CSV with file and description.") from None
    if not rows or not {"file", "description"} <= set(rows[0]):
        raise GalleryError(f"{path} has no rows with file and description.", "Give a CSV with these columns.")
    return [
        Row(
            row["file"] or "", row.get("label") or "", (row["description"] or "").strip(),
            why="" if (row["description"] or "").strip() else "no description",
        )
        for row in rows
    ]  # fmt: skip
