"""Pairs of sets as a table: a CSV with a column `file` or `path`, and one that says in which set each picture is."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from engine.errors import GalleryError

_FILES, _SETS = ("file", "path", "file_name"), ("set", "group_name", "group")


@dataclass(frozen=True)
class Pairs:
    """The folder that holds all pictures, and their names below it by set, in the table's order."""

    root: Path
    sets: dict[str, tuple[str, ...]]


def read_pairs(path: Path) -> Pairs:
    """Read such a table; relative names are below the table's own folder.

    Raises:
        GalleryError: it cannot be read, or lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = list(csv.DictReader(file))
    except (OSError, csv.Error) as problem:
        raise GalleryError(f"{path} cannot be read: {problem}.", "Give a CSV with the columns file and set.") from None
    names = list(rows[0]) if rows else []
    files = next((name for name in _FILES if name in names), None)
    set_ = next((name for name in _SETS if name in names), None)
    if files is None or set_ is None:
        raise GalleryError(
            f"{path} has no column {'file or path' if files is None else 'set, group_name or group'}.",
            "Give a CSV with the columns file and set.",
        )
    base = path.resolve().parent
    found: dict[str, list[Path]] = {}
    for row in rows:
        if (name := (row[files] or "").strip()) and (kind := (row[set_] or "").strip()):
            found.setdefault(kind, []).append(Path(os.path.normpath(base / name)))
    if not found:
        raise GalleryError(f"{path} names no picture.", "Give a row for each picture.")
    root = Path(os.path.commonpath([file.parent for some in found.values() for file in some]))
    if root == Path(root.anchor):  # nobody means to look through everything that there is
        raise GalleryError(f"The pictures of {path} lie in no common folder.", "Put them into one.")
    named = {kind: tuple(dict.fromkeys(str(f.relative_to(root)) for f in some)) for kind, some in found.items()}
    return Pairs(root, named)
