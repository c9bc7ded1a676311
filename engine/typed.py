"""Names as people type them, in one line as in a CSV file: `dog, "Rome, at night"`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable


def read_names(text: str) -> tuple[str, ...]:
    """The names of a line; one with a comma in it stands in quotes, and a quote in it is written twice."""
    parts = next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])
    return tuple(name for part in parts if (name := part.strip()))


def written_names(names: Iterable[str]) -> str:
    """Names as `read_names` reads them."""
    return ", ".join(map(_quoted, names))


def _quoted(name: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([name])
    return line.getvalue()
