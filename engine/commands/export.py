"""`python -m engine export RUN --to DIR --as folders`: what a run found, for other programs and people."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine import settings
from engine.commands import parcel
from engine.commands.carrying import say, tell
from engine.errors import SettingsError, StoreError
from engine.report.source import Source
from engine.settings import Settings
from engine.store.export import TABLES
from engine.store.runs import Runs

HELP = "write what a run found into a folder: tables, pictures in folders, a report"
PICTURES = ("folders", "fiftyone", "huggingface")  # the keys of datasets.LAYOUTS


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    kinds = [*TABLES, *PICTURES, "html", "run"]
    parser.add_argument("runs", metavar="RUN", nargs="+", help="its id, or the beginning of it; several for one report")
    parser.add_argument("--to", required=True, metavar="DIR", help="or NAME.vitrine.zip: the whole run as one file")
    parser.add_argument(
        "--as", dest="kind", default="csv", choices=kinds, help="tables, pictures by class, a report, or the run"
    )
    parser.add_argument("--by", default="", metavar="COLUMN", help="the class of a picture; by default its cluster")
    parser.add_argument("--copy", action="store_true", help="copy pictures; by default they are hard links if possible")
    parser.add_argument("--original", action="store_true", help="without a person's changes")
    parser.add_argument("--no-names", action="store_true", help="a report without names of files, gallery and sets")
    parser.add_argument("--no-pictures", action="store_true", help="a report without pictures")
    parser.set_defaults(do=export)


def export(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    from engine.jobs.sharing import result_shown, source_of
    from engine.store.export import export as write_tables

    if said.kind == "run" or parcel.is_file(said.to):
        return parcel.export(said)
    if len(said.runs) > 1 and said.kind != "html":
        raise SettingsError("Only a report holds several runs.", "Name one run, or say --as html.")
    config, edits, to = settings.load(), 0 if said.original else None, Path(said.to)
    runs = [Runs(config.home).get(run) for run in said.runs]
    for run in runs:
        if (n := len(run.edits())) and not said.original:
            say(f"note: run {run.id} with {n} change{'s' * (n != 1)} by hand; --original leaves them out")
    if said.kind in TABLES:  # which need no gallery
        for path in write_tables(runs[0], result_shown(runs[0], config, edits)[0], to, said.kind):
            tell(str(path))
    elif said.kind == "html":
        _report([source_of(run, config, edits) for run in runs], to, said, config)
    else:
        _pictures(source_of(runs[0], config, edits), to, said)
    return 0


def _report(sources: list[Source], to: Path, said: argparse.Namespace, config: Settings) -> None:
    from engine.jobs.sharing import small
    from engine.report.document import report

    text = report(sources, small(config), not said.no_pictures, not said.no_names)
    path = to / f"report-{sources[0].run[:8]}.html"
    try:
        to.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as problem:
        raise StoreError(f"{path} cannot be written: {problem.strerror}.", "Choose another folder.") from None
    tell(f"{path}  {len(text.encode()) / 1e6:.1f} MB")


def _pictures(source: Source, to: Path, said: argparse.Namespace) -> None:
    from engine.gallery.packing import lay_out
    from engine.report.datasets import LAYOUTS

    laid = lay_out(LAYOUTS[said.kind](source, said.by), to, link=not said.copy)
    for unread in laid.left_out:
        say(f"not read: {unread.name}: {unread.reason}")
    tell(f"{to}  {laid.linked:,} linked, {laid.copied:,} copied, {len(laid.left_out):,} left out")
