"""`python -m engine differences FOLDER --a X --b Y | PAIRS.csv`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.commands.carrying import asked_line, run_analysis, run_line, say
from engine.errors import SettingsError
from engine.gallery import Gallery, sets
from engine.gallery.sets import PictureSet
from engine.settings import Settings
from engine.store.runs import Run, Status

HELP = "what one set shows more than another"
_REST = "rest"


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--a", default="", metavar="X", help="a saved set's name, COLUMN=VALUE, or one of PAIRS.csv")
    parser.add_argument("--b", default="", metavar="Y", help="the same, or rest: all that is not in A")
    parser.add_argument("--by", default="", metavar="COLUMN", help="each value of a column against all others instead")
    parser.add_argument("--goal", default="", help="what you care about, such as: lighting, not objects")
    parser.add_argument("--statement", action="append", default=[], metavar="T", help="test this, too; may be repeated")
    parser.add_argument("--paired", action="store_true", help="compare pictures of one name in A and B")
    parser.add_argument("--pair", default="", metavar="COLUMN", help="with --paired: the column that says which belong")
    parser.add_argument("--rounds", type=int, default=3, help="samples shown to the chat model, in each direction")
    parser.add_argument("--describe", type=int, default=100, metavar="N", help="pictures of each side to describe")
    parser.add_argument("--verify", type=int, metavar="N", help="ask about N pictures of each side whether it is true")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    named: Mapping[str, tuple[str, ...]] = {}
    if Path(said.folder).suffix.lower() == ".csv":
        from engine.analyses.differences.pairs import read_pairs

        table = read_pairs(Path(said.folder))
        said.folder, named = str(table.root), table.sets
        if not said.by and not said.a and len(named) == 2:
            said.a, said.b = sorted(named)
    if not said.by and not said.a:
        between = f" Its sets are: {', '.join(sorted(named))}." if named else ""
        raise SettingsError("There is nothing to compare.", f"Give --a and --b, or --by COLUMN.{between}")
    return run_analysis("differences", lambda *given: _asked(said, named, *given), said, _show)


def _asked(
    said: argparse.Namespace,
    named: Mapping[str, tuple[str, ...]],
    gallery: Gallery,
    config: Settings,
    part: PictureSet | None,
) -> tuple[Any, PictureSet | None]:
    from engine.analyses.differences import Params, Side

    more = {
        "goal": said.goal.strip(),
        "statements": tuple(text for t in said.statement if (text := t.strip())),
        "rounds": said.rounds,
        "describe": said.describe,
        "verify": said.verify,
    }
    if said.by:
        return Params(by=said.by, **more), part
    within = set(part.members) if part else {p.name for p in gallery.pictures}

    def members(text: str) -> tuple[str, ...]:
        found = named[text] if text in named else sets.find(gallery, text, config.home).members
        return tuple(name for name in sets.in_order(gallery, found) if name in within)

    a = Side(said.a, members(said.a))
    if said.b and said.b != _REST:
        b = Side(said.b, members(said.b))
    else:
        mine = set(a.files)
        b = Side(f"all but {said.a}", tuple(p.name for p in gallery.pictures if p.name in within - mine))
    params = Params(a=a, b=b, paired=said.paired, pair=said.pair, **more)
    both = sets.in_order(gallery, {*a.files, *b.files})
    return params, PictureSet("", f"{a.name} against {b.name}", gallery.root, both)


def _show(run: Run, status: Status, result: Any, gallery: Gallery, said: argparse.Namespace) -> None:  # noqa: ANN401
    from engine.analyses.differences.words import lines

    del gallery
    for note in (*status.notes, *result.notes):
        say(f"note: {note}")
    for unread in result.unread:
        say(f"not read: {unread.name}: {unread.reason}")
    if said.json:
        print(json.dumps({"run": run.id, "status": asdict(status), "result": asdict(result)}))
        return
    print("\n".join(lines(result)))
    print(asked_line(status, said))
    print(run_line(run, status))
