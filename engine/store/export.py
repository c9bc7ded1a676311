"""A run's result as files for other programs: result.json and one CSV a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.analyses import analysis
from engine.errors import StoreError
from engine.store.runs import Run


def export(run: Run, result: Any, to: Path) -> list[Path]:  # noqa: ANN401  the analysis' Result
    """Write result.json and the analysis' tables into `to`, made if missing; returns the paths.

    Raises:
        StoreError: the folder cannot be written.
    """
    return write(run.request.analysis, result, to, run.id)


def write(name_of_analysis: str, result: Any, to: Path, run: str = "") -> list[Path]:  # noqa: ANN401
    """The same of a result that no run keeps.

    Raises:
        StoreError: the folder cannot be written.
    """
    said = {"run": run} if run else {}
    files = {"result.json": json.dumps({**said, **asdict(result)}, indent=1)}
    for name, rows in analysis(name_of_analysis).tables(result).items():
        files[f"{name}.csv"] = csv_text(rows)
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (to / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None
    return [to / name for name in files]


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
