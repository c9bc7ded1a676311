"""A run's result as files for other programs: result.json and one table a file, as CSV or Parquet."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

from engine.analyses import analysis
from engine.errors import StoreError
from engine.store.runs import Run

TABLES = ("csv", "parquet", "json")


def export(run: Run, result: Any, to: Path, kind: str = "csv") -> list[Path]:  # noqa: ANN401  the analysis' Result
    """Write result.json and the analysis' tables into `to`, made if missing; returns the paths.

    Args:
        run: whose.
        result: with or without a person's changes.
        to: the folder.
        kind: csv, parquet, or json for no tables.

    Raises:
        StoreError: the folder cannot be written.
    """
    return write(run.request.analysis, result, to, run.id, kind)


def write(name_of_analysis: str, result: Any, to: Path, run: str = "", kind: str = "csv") -> list[Path]:  # noqa: ANN401
    """The same of a result that no run keeps.

    Raises:
        StoreError: the folder cannot be written.
    """
    files = {"result.json": json_text(result, run).encode()}
    tables = {} if kind == "json" else analysis(name_of_analysis).tables(result)
    for name, rows in tables.items():
        written = parquet(rows) if kind == "parquet" else csv_text(rows).encode("utf-8", "surrogateescape")
        files[f"{name}.{kind}"] = written
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (to / name).write_bytes(data)
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None
    return [to / name for name in files]


def json_text(result: Any, run: str = "") -> str:  # noqa: ANN401
    """A result as JSON, with its run's name."""
    return json.dumps({**({"run": run} if run else {}), **asdict(result)}, indent=1)


def parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows of the same keys as Parquet; a name that is no text has its odd bytes written out."""
    import pyarrow
    from pyarrow import parquet as writer

    columns = {
        legible(name): [legible(row[name]) if isinstance(row[name], str) else row[name] for row in rows]
        for name in (rows[0] if rows else ())
    }
    out = BytesIO()
    writer.write_table(pyarrow.table(columns), out)
    return out.getvalue()


def legible(text: str) -> str:
    """A text that is text everywhere: halves of surrogates, which stand for odd bytes of names, are written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of the same keys as CSV, with a header."""
    # With another lineterminator, Python would not quote a lone carriage return, and readers would end the row there.
    lines = _Lines()
    writer = csv.DictWriter(lines, fieldnames=list(rows[0]) if rows else [], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return "".join(lines)


class _Lines(list[str]):
    def write(self, line: str) -> None:
        """One row, which ends as text files here do."""
        self.append(line.removesuffix("\r\n") + "\n")
