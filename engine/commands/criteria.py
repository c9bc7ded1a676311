"""`criteria`: several finished runs of one gallery held together."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from engine import settings
from engine.commands.carrying import tell
from engine.commands.diff import write_tables

HELP = "what several criteria of one gallery say together, and what one says that another does not"


def add(parser: argparse.ArgumentParser) -> None:
    """Its words."""
    what = "a clusters run, DIMENSION of a structure run as RUN:DIMENSION, or `label`"
    parser.add_argument("first", metavar="RUN", help=what)
    parser.add_argument("more", metavar="RUN", nargs="+")
    parser.add_argument("--out", default="", metavar="DIR", help="write a CSV a table into this folder")
    parser.add_argument("--json", action="store_true", help="print the tables as JSON")
    parser.set_defaults(do=_hold_together)


def _hold_together(said: argparse.Namespace) -> int:
    from engine.analyses.criteria import lines, tables
    from engine.jobs.criteria import gallery_and_names, together

    home = settings.load().home
    gallery, named = gallery_and_names([said.first, *said.more], home)
    told = together(named, gallery, home)
    if said.json:
        print(json.dumps({"readings": named, **tables(told.pairs)}))
    else:
        for one, name in named.items():
            tell(f"{name}: {one}")
        for line in lines(told.pairs):
            tell(line)
    if said.out:
        write_tables(tables(told.pairs), Path(said.out))
    return 0
