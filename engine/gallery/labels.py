"""What somebody said before us: labels from folders, from file names, or from a table beside the pictures.

A table is metadata.csv or metadata.jsonl at the gallery's root, or else the first CSV there with a column `file`,
`path` or `file_name` (VisDiff's and Hugging Face's files are such tables), or else the metadata files of the folders
right below, joined (Hugging Face keeps one a split). Its other columns become metadata, whatever the labels are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import GalleryError
from engine.gallery.reading import SUFFIXES

FOLDERS = ("folder", "last", "none")
_FILE_COLUMNS = ("file", "path", "file_name")
_NO_COLUMN = "no column called file, path or file_name"
Metadata = Mapping[str, str]
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Table:
    """Rows of a metadata file by the path they name, and its columns less that one.

    `problem` says in plain words why the file is of no use, and is empty where it is.
    """

    name: str = ""
    columns: tuple[str, ...] = ()
    rows: Mapping[str, Metadata] = field(default_factory=dict)
    problem: str = ""


def read_table(root: Path) -> Table:
    """The metadata file of a folder; an empty table where there is none."""
    for name, read in (("metadata.csv", _csv), ("metadata.jsonl", _jsonl)):
        if (root / name).is_file():
            return _read(root / name, read)
    try:
        others = sorted(p for p in root.iterdir() if p.suffix.lower() == ".csv" and not p.name.startswith("."))
    except OSError:
        others = []
    tables = [table for path in others if (table := _read(path, _csv)).problem != _NO_COLUMN]  # others are not for us
    return next((t for t in tables if not t.problem), tables[0] if tables else _joined(root))


def _joined(root: Path) -> Table:
    """The metadata files of the folders right below as one table; paths in them are relative to their folder."""
    found = {p.parent.name: _read(p, _csv) for p in sorted(root.glob("*/metadata.csv"))}
    found |= {p.parent.name: _read(p, _jsonl) for p in sorted(root.glob("*/metadata.jsonl"))}
    usable = {folder: table for folder, table in found.items() if not table.problem and not folder.startswith(".")}
    columns = dict.fromkeys(column for table in usable.values() for column in table.columns)
    rows = {f"{folder}/{path}": row for folder, table in usable.items() for path, row in table.rows.items()}
    return Table("metadata.csv", tuple(columns), rows) if rows else Table()


def say(policy: str, names: Sequence[str], table: Table) -> tuple[list[str], list[Metadata]]:
    """Labels and metadata of the pictures, in their order.

    Args:
        policy: folder (first level), last (last level), none, a pattern such as {number}_{label}, or a column.
        names: relative names, with / between folders.
        table: what `read_table` found.

    Raises:
        GalleryError: a pattern that fits no name, or a column that is not there.
    """
    metadata = _matched(names, table)
    if policy == "none":
        return [""] * len(names), metadata
    if policy == "folder":
        return [name.split("/", 1)[0] if "/" in name else "" for name in names], metadata
    if policy == "last":
        return [name.rsplit("/", 2)[-2] if "/" in name else "" for name in names], metadata
    if "{label}" in policy:
        return _by_pattern(policy, names, metadata)
    _check_column(policy, table)
    if not any(metadata):
        raise GalleryError(
            f"{table.name} names none of the pictures.",
            "Its file column must hold paths relative to the folder, such as cats/1.jpg.",
        )
    return [said.get(policy, "") for said in metadata], metadata


def _by_pattern(pattern: str, names: Sequence[str], metadata: list[Metadata]) -> tuple[list[str], list[Metadata]]:
    fits = _pattern(pattern)
    found = [fits.fullmatch(_stem(_base(name))) for name in names]
    if not any(found):
        raise GalleryError(
            f"No file name fits the pattern {pattern}.",
            "Write the part that is the label as {label}, other parts as {any_name}, digits as {number}.",
        )
    fields = [match.groupdict() if match else {} for match in found]
    labels = [f.pop("label", "") for f in fields]
    return labels, [{**said, **f} for said, f in zip(metadata, fields, strict=True)]


def _pattern(pattern: str) -> re.Pattern[str]:
    parts = _FIELD.split(_stem(pattern))  # text, name, text, name, ..., text
    regex = ""
    for i, part in enumerate(parts):
        regex += re.escape(part) if i % 2 == 0 else f"(?P<{part}>{r'[0-9]+' if part == 'number' else '.+?'})"
    try:
        return re.compile(regex, re.DOTALL)
    except re.error as problem:
        raise GalleryError(
            f"The pattern {pattern} cannot be used: {problem}.", "Name each part once, such as {number}_{label}."
        ) from problem


def _check_column(column: str, table: Table) -> None:
    if table.problem:
        raise GalleryError(
            f"The labels should come from {table.name}, which cannot be used: {table.problem}.",
            "Mend the file, or take the labels from the folders (--labels folder).",
        )
    if not table.name:
        raise GalleryError(
            f"There is no table to take the labels {column!r} from.",
            "Put a metadata.csv with the columns file and " + repr(column) + " at the top of the folder; "
            "other choices are folder, last, none, or a pattern with {label}.",
        )
    if column not in table.columns:
        raise GalleryError(
            f"{table.name} has no column {column!r}.", f"Its columns are {', '.join(table.columns) or 'none'}."
        )


def _matched(names: Sequence[str], table: Table) -> list[Metadata]:
    """Each picture's row: by its path, else by its base name where that means one row and one picture."""
    nothing: Metadata = {}  # one for all: 100,000 empty dicts take time and memory
    if not table.rows:
        return [nothing] * len(names)
    here = set(names)
    spare = {path: row for path, row in table.rows.items() if path not in here}
    bases = Counter(_base(path) for path in spare)
    by_base = {_base(path): row for path, row in spare.items() if bases[_base(path)] == 1}
    pictures = Counter(_base(name) for name in names if name not in table.rows)
    return [
        table.rows.get(name) or (by_base.get(_base(name), nothing) if pictures[_base(name)] == 1 else nothing)
        for name in names
    ]


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _stem(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem if suffix.lower() in SUFFIXES else name


def _read(path: Path, read: Callable[[str], list[dict[str, str]]]) -> Table:
    try:
        records = read(path.read_text("utf-8-sig"))
    except UnicodeDecodeError:
        return Table(path.name, problem="not UTF-8 text")
    except (csv.Error, ValueError, RecursionError) as problem:
        return Table(path.name, problem=f"malformed ({problem})")
    except OSError as problem:
        return Table(path.name, problem=(problem.strerror or "cannot be read").lower())
    columns = tuple(dict.fromkeys(column for record in records for column in record))
    key = next((c for c in _FILE_COLUMNS if c in columns), None)
    if key is None:
        return Table(path.name, problem=_NO_COLUMN)
    rows = {_path(record[key]): {c: v for c, v in record.items() if c != key} for record in records if record.get(key)}
    return Table(path.name, tuple(c for c in columns if c != key), rows)


def _path(text: str) -> str:
    """A path as people write it, as ours are: / between folders, no ./ before."""
    return re.sub(r"^(\./+)+", "", text.strip().replace("\\", "/"))


def _csv(text: str) -> list[dict[str, str]]:
    separator = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    if not {c.strip() for c in reader.fieldnames or ()}.intersection(_FILE_COLUMNS):
        return []  # no need to read on
    return [{c.strip(): v or "" for c, v in row.items() if isinstance(c, str)} for row in reader]


def _jsonl(text: str) -> list[dict[str, str]]:
    records = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        record = json.loads(line)
        if not isinstance(record, dict):
            raise ValueError(f"line {number} is no JSON object")
        records.append({key: _text(value) for key, value in record.items()})
    return records


def _text(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # \ud800 alone is no text
