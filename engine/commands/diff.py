"""`diff`: two finished runs of a kind side by side."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from engine import settings
from engine.commands.carrying import say
from engine.errors import StoreError

HELP = "what differs between two finished runs of a kind: what moved, what was renamed, what it cost"


def add(parser: argparse.ArgumentParser) -> None:
    """Its words."""
    parser.add_argument("a", metavar="RUN_A")
    parser.add_argument("b", metavar="RUN_B")
    parser.add_argument("--without-changes", action="store_true", help="as the runs ended, without a person's changes")
    parser.add_argument("--out", default="", metavar="DIR", help="write a CSV a table into this folder")
    parser.add_argument("--json", action="store_true", help="print the tables as JSON")
    parser.set_defaults(do=_diff)


def _diff(said: argparse.Namespace) -> int:
    from engine.jobs.diffing import lines, side_by_side
    from engine.store.runs import Runs

    home = settings.load().home
    runs = Runs(home)
    told = side_by_side(runs.get(said.a), runs.get(said.b), home, not said.without_changes)
    tables: dict[str, list[dict[str, Any]]] = told.module.tables(told.diff)
    if said.json:
        print(json.dumps({"a": told.a.id, "b": told.b.id, **tables}))
    else:
        for line in lines(told):
            print(line)
    if said.out:
        write_tables(tables, Path(said.out))
    return 0


def write_tables(tables: dict[str, list[dict[str, Any]]], to: Path) -> None:
    """Write a CSV a table into a folder.

    Raises:
        StoreError: it cannot be written.
    """
    from engine.store.export import csv_text

    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, rows in tables.items():
            (to / f"{name}.csv").write_text(csv_text(rows), encoding="utf-8", errors="surrogateescape")
            say(f"wrote {to / f'{name}.csv'}")
    except OSError as problem:
        raise StoreError(f"{to} cannot be written: {problem.strerror or problem}.", "Choose another folder.") from None
