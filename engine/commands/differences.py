"""`python -m engine differences FOLDER --a X --b Y | PAIRS.csv`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.commands.carrying import asked_line, run_analysis, run_line, say, tell
from engine.errors import SettingsError
from engine.gallery import Gallery
from engine.gallery.sets import PictureSet
from engine.settings import Settings
from engine.store.runs import Run, Status

HELP = "what one set shows more than another"
_NAMED = 5  # of what may be many


def add(parser: argparse.ArgumentParser) -> None:
    """What can be said."""
    parser.add_argument("--a", default="", metavar="X", help="a saved set's name, COLUMN=VALUE, or one of PAIRS.csv")
    parser.add_argument("--b", default="", metavar="Y", help="the same, or rest: all that is not in A")
    parser.add_argument("--by", default="", metavar="COLUMN", help="each value of a column against all others instead")
    parser.add_argument("--goal", default="", help="what you care about, such as: lighting, not objects")
    parser.add_argument("--statement", action="append", default=[], metavar="T", help="test this, too; may be repeated")
    parser.add_argument("--paired", action="store_true", help="compare pictures of one name in A and B")
    parser.add_argument("--pair", default="", metavar="COLUMN", help="the same, of one value of this column")
    parser.add_argument("--rounds", type=int, default=3, help="samples shown to the chat model, in each direction")
    parser.add_argument("--describe", type=int, default=100, metavar="N", help="pictures of each side to describe")
    parser.add_argument("--verify", type=int, metavar="N", help="ask about N pictures of each side whether it is true")


def ask(said: argparse.Namespace) -> int:
    """Carry it out; returns the exit code."""
    named: Mapping[str, tuple[str, ...]] = {}
    if said.by and (said.a or said.b):
        raise SettingsError("There are two comparisons.", "Give --a and --b, or --by COLUMN.")
    if Path(said.folder).suffix.lower() == ".csv":
        from engine.analyses.differences.pairs import read_pairs

        table = read_pairs(Path(said.folder))
        said.folder, named = str(table.root), table.sets
        if not said.by and not said.a and not said.b and len(named) == 2:
            said.a, said.b = sorted(named)
    if not said.by and not said.a:
        between = f" Its sets are: {', '.join(sorted(named)[:_NAMED])}." if named else ""
        raise SettingsError("There is nothing to compare.", f"Give --a and --b, or --by COLUMN.{between}")
    return run_analysis("differences", lambda *given: _asked(said, named, *given), said, _show)


def _asked(
    said: argparse.Namespace,
    named: Mapping[str, tuple[str, ...]],
    gallery: Gallery,
    config: Settings,
    part: PictureSet | None,
) -> tuple[Any, PictureSet | None]:
    from engine.analyses.differences import Params, check
    from engine.jobs.comparing import missing, together, two_sides

    more = {
        "goal": said.goal.strip(),
        "statements": tuple(text for t in said.statement if (text := t.strip())),
        "rounds": said.rounds,
        "describe": said.describe,
        "verify": said.verify,
        "paired": said.paired or bool(said.pair),
        "pair": said.pair,
    }
    if said.by:
        params = Params(by=said.by, **more)
        check(gallery, params)
        return params, part
    for name in (said.a, said.b):
        if gone := missing(gallery, named.get(name, ())):
            few = f"{', '.join(gone[:_NAMED])}{', ...' if len(gone) > _NAMED else ''}"
            say(f"note: {len(gone)} of {len(named[name])} pictures of {name} are not in {said.folder}: {few}")
    a, b = two_sides(gallery, said.a, said.b, config.home, named, part)
    params = Params(a=a, b=b, **more)
    check(gallery, params)
    return params, together(gallery, a, b)


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
    tell("\n".join(lines(result)))
    print(asked_line(status, said))
    print(run_line(run, status))
